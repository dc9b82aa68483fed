//! The report for a terminal: the verdict first, then what it rests on.

use chrono::TimeDelta;

use super::{Reconciliation, late, words::ENGLISH};
use crate::{
    domain::RecordId,
    ledger::{
        audit::hex,
        report::{Missed, RouteCounts},
    },
    report::{locale::lasting, plain, table, text},
};

/// Rows of each table: what somebody reads on a terminal. The CSV has them all.
const ROWS_MAX: usize = 50;

impl Reconciliation {
    /// The report for people.
    pub fn text(&self) -> String {
        let (run, heads) = (&self.run, &ENGLISH.heads);
        let mut parts = vec![self.headline()];
        parts.extend(self.advice(&ENGLISH).iter().map(|it| format!("* {}", plain(it))));
        parts.extend([String::new(), self.about()]);
        if !run.detail.routes.is_empty() {
            parts.extend([String::new(), self.routes()]);
        }
        for (title, rows) in
            [(heads.missed, &run.missed), (heads.found_by_poll, &run.found_by_poll)]
        {
            if !rows.is_empty() {
                parts.extend([String::new(), format!("{title}:"), self.leads(rows)]);
                parts.extend(self.more(rows.len()));
            }
        }
        if !run.detail.drift.is_empty() {
            parts.extend([String::new(), format!("{}:", heads.drift), self.drift()]);
            parts.extend(run.detail.drift.len().checked_sub(ROWS_MAX + 1).map(|more| {
                format!("and {} more: `ponte report {} --json` has them all", more + 1, run.id.0)
            }));
        }
        parts.extend([String::new(), format!("{} {}", heads.head, hex(&run.head))]);
        text(&parts)
    }

    /// Which run it was.
    fn about(&self) -> String {
        let (run, heads) = (&self.run, &ENGLISH.heads);
        let outcome = if self.is_complete() { heads.complete } else { heads.partial };
        let started = self.locale.text(run.started);
        let took = run.finished.map_or(TimeDelta::zero(), |end| end - run.started);
        let contacts = run.detail.contacts;
        let contacts = (heads.contacts)(&ENGLISH.number(contacts), contacts == 1);
        format!(
            "{} {}, mode {}, {outcome}: {started}, {} long, {contacts}",
            heads.run,
            run.id.0,
            run.mode,
            lasting(took)
        )
    }

    fn routes(&self) -> String {
        let mut headers = vec![ENGLISH.heads.route];
        headers.extend(ENGLISH.counts);
        let rows = self.run.detail.routes.iter().map(|it| {
            let counts = counts(it).into_iter().map(|count| ENGLISH.number(count));
            [it.route.clone()].into_iter().chain(counts).collect()
        });
        table(&headers, rows)
    }

    fn leads(&self, rows: &[Missed]) -> String {
        let heads = &ENGLISH.heads;
        let headers = [
            heads.lead,
            heads.contact,
            "e-mail",
            heads.enrolled,
            heads.found,
            heads.repaired,
            heads.late,
            heads.in_ploomes,
            heads.state,
        ];
        let cells = rows.iter().take(ROWS_MAX).map(|it| {
            vec![
                it.lead.clone(),
                it.contact.to_string(),
                it.email.clone().unwrap_or_default(),
                self.locale.text_of(it.enrolled_at),
                self.locale.text(it.found_at),
                self.locale.text_of(it.recovered_at),
                late(it).map(lasting).unwrap_or_default(),
                self.linked(it),
                stands(it),
            ]
        });
        table(&headers, cells)
    }

    fn linked(&self, lead: &Missed) -> String {
        let record = self.record(lead);
        record.map(|it| it.url.unwrap_or(format!("{} {}", it.kind, it.id))).unwrap_or_default()
    }

    fn more(&self, rows: usize) -> Option<String> {
        let more = rows.checked_sub(ROWS_MAX).filter(|more| *more > 0)?;
        let more = ENGLISH.number(more.try_into().unwrap_or(i64::MAX));
        Some((ENGLISH.heads.more)(&more, self.run.id.0))
    }

    fn drift(&self) -> String {
        let heads = &ENGLISH.heads;
        let cells = self.run.detail.drift.iter().take(ROWS_MAX).map(|it| {
            let word = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
            let record = word("record");
            let link = it["id"].as_i64().map(|id| self.link(&record, RecordId(id)));
            vec![word("lead"), record, link.unwrap_or_default(), word("kind")]
        });
        table(&[heads.lead, heads.record, heads.in_ploomes, heads.kind], cells)
    }

    /// A record as a link, where the configuration says where links lead, else its id.
    pub(super) fn link(&self, record: &str, id: RecordId) -> String {
        match record {
            "deal" => self.locale.deal(id),
            "person" | "company" => self.locale.contact(id),
            _ => id.to_string(),
        }
    }
}

/// The counts of a route in the order of their names in [`super::words::Words`].
pub(super) fn counts(it: &RouteCounts) -> [i64; 10] {
    [
        it.expected,
        it.received,
        it.without_webhook,
        it.waiting,
        it.missed,
        it.recovered,
        it.stale,
        it.failed,
        it.excluded,
        it.gone,
    ]
}

/// Where a lead stands, and why.
fn stands(lead: &Missed) -> String {
    let late = lead.webhook_at.map(|_| ENGLISH.heads.webhook_late.to_owned());
    let why: Vec<String> = lead.reason.clone().into_iter().chain(late).collect();
    let state = (ENGLISH.state)(lead.state);
    if why.is_empty() { state.to_owned() } else { format!("{state} ({})", why.join("; ")) }
}
