//! Runs of a simulation: when they are due, and when they are asked for.

use ponte::{engine::jobs::kind, ledger};
use serde_json::Value;

use super::Rig;

impl Rig {
    /// Stops the engine softly; fails the test where it does not stop in time.
    pub async fn stop(&self) {
        self.lifecycle.stop();
        assert!(self.lifecycle.stopped().await, "the engine did not stop in time");
    }

    /// Polls and reconciliations are made when they are due, from now on.
    pub fn start_schedule(&self) {
        self.engine.start_schedule(&self.lifecycle);
    }

    /// Whether the service still runs.
    pub fn is_up(&self) -> bool {
        !self.lifecycle.stopping().is_cancelled()
    }

    /// One reconciliation: its run, and what it counted.
    pub async fn reconciled(&self, mode: &str) -> (Value, Value) {
        let arguments = serde_json::json!({ "mode": mode, "wait_s": 600 });
        let answer = self.engine.perform(kind::RECONCILE, &arguments).await.unwrap();
        let run: i64 = answer["run"].as_str().unwrap().parse().unwrap();
        let runs = self.runs("reconcile").await;
        let run = runs.into_iter().find(|it| it["id"] == run).unwrap();
        let detail: Value = serde_json::from_str(run["detail"].as_str().unwrap()).unwrap();
        (run, detail)
    }

    /// All runs of a kind, the oldest first.
    pub async fn runs(&self, kind: &'static str) -> Vec<Value> {
        let read = move |conn: &ledger::Connection| {
            let mut statement = conn.prepare(
                "SELECT json_object('id', id, 'mode', mode, 'started', started_at,
                                    'finished', finished_at, 'outcome', outcome,
                                    'reason', reason, 'detail', detail)
                 FROM run WHERE kind = ?1 ORDER BY id",
            )?;
            let rows = statement.query_map([kind], |row| row.get::<_, String>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        };
        let rows = self.ledger.read(read).await.unwrap();
        rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }
}
