//! `demo`: the whole service against simulated ActiveCampaign and Ploomes, with webhooks being lost.
//!
//! The engine is the one that `run` runs, with the same receiver, page and ledger; only the two APIs
//! are simulators in this process. The ledger stands in a directory of its own, which is gone at the
//! end. For most of the time people enter two automations; then nobody does, and what was lost on
//! the way is found. It ends once everything is settled, or tells that it is not.

mod show;
mod stage;

use std::time::Duration;

use tokio::time::Instant;

use self::{
    show::Show,
    stage::{End, Stage},
};
use super::{Failure, args, random_seed, run::signal, say_json};

/// How often is looked at what happened.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The part of the time in which people come, in percent: the rest is for what was lost.
const ACT_PERCENT: u32 = 55;
/// How long after the time everything may take to settle: a pause of Ploomes and one more poll.
const SETTLE_WITHIN: Duration = Duration::from_secs(25);

/// Runs the demo.
pub(super) async fn demo(arguments: &args::Demo) -> Result<(), Failure> {
    let seed = arguments.seed.unwrap_or_else(random_seed);
    let whole = Duration::from_secs(arguments.seconds);
    let stage = Stage::build(seed).await?;
    let mut show = Show::new(&stage, whole, arguments.output.json);
    show.opening();
    stage.begin();
    let begin = Instant::now();
    let (mut acting, mut interrupted) = (true, std::pin::pin!(signal()));
    let mut limited = false;
    let end = loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = &mut interrupted => break stage.end().await?,
            () = stage.broke() => return Err(anyhow::anyhow!("the demo broke off").into()),
        }
        let passed = begin.elapsed();
        show.look(passed).await?;
        if !limited && passed > whole * ACT_PERCENT / 300 {
            limited = true;
            stage.limit();
        }
        if acting && passed > whole * ACT_PERCENT / 100 {
            acting = false;
            stage.nobody_comes_any_more();
        }
        let end = stage.end().await?;
        let settled = !acting && passed >= whole && end.is_settled();
        if settled || passed > whole + SETTLE_WITHIN {
            break end;
        }
    };
    show.look(begin.elapsed()).await?;
    let audit = stage.audit().await?;
    show.ending(&end, &audit);
    if arguments.output.json {
        say_json(&end.json());
    }
    stage.close().await;
    if end.is_settled() && audit.ok() { Ok(()) } else { Err(Failure::Wrong) }
}

impl End {
    /// The document that `--json` ends with.
    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "leads": self.leads,
            "webhooks_lost": self.webhooks_lost,
            "missed_found": self.missed_found,
            "repaired": self.repaired,
            "balance": self.balance,
        })
    }
}
