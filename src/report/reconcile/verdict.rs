//! The first line of a report, and what somebody should do about it, in either language.

use super::{Reconciliation, is_settled, words::Words};
use crate::{domain::LeadState, ledger::report::Witness, report::told::told};

impl Reconciliation {
    /// What it comes to, in a line.
    pub(super) fn verdict(&self, words: &Words) -> String {
        let missed = self.run.missed.len();
        match (self.is_complete(), missed) {
            (true, 0) => words.verdict.nothing.to_owned(),
            (true, _) => self.missed_line(words),
            (false, 0) => words.verdict.partial.to_owned(),
            (false, _) => {
                format!(
                    "{}; {}",
                    words.verdict.partial,
                    (words.verdict.so_far)(&self.missed_line(words))
                )
            }
        }
    }

    /// How many were missed, and where they stand now.
    fn missed_line(&self, words: &Words) -> String {
        let stands = |state| self.now(|it| it == Some(state));
        let counts = [
            stands(LeadState::Done),
            stands(LeadState::Skipped),
            stands(LeadState::Erased),
            stands(LeadState::Failed),
            self.now(|it| !is_settled(it) && it != Some(LeadState::Failed)),
        ];
        let parts = counts.into_iter().zip(words.verdict.stands);
        let parts: Vec<String> = parts
            .filter(|(count, _)| *count > 0)
            .map(|(count, say)| say(&words.number(count), count == 1))
            .collect();
        let missed = self.now(|_| true);
        let missed = (words.verdict.missed)(&words.number(missed), missed == 1);
        format!("{missed}; {}", parts.join(", "))
    }

    /// What somebody should know or do, most urgent first.
    pub(super) fn advice(&self, words: &Words) -> Vec<String> {
        let (say, run) = (&words.advice, &self.run);
        let number = |count: i64| words.number(count);
        let mut advice = Vec::new();
        if !self.is_complete() {
            let said = run.reason.as_deref().map(|it| told(words.language, it));
            let reason = said.as_deref().unwrap_or(match run.finished {
                Some(_) => say.no_reason,
                None => say.unfinished,
            });
            advice.push((say.partial)(reason));
        }
        let open = self.now(|it| !is_settled(it) && it != Some(LeadState::Failed));
        if run.detail.over_max_repairs {
            advice.push((say.over)(&words.number(self.max_repairs.try_into().unwrap_or(i64::MAX))));
        } else if open > 0 && self.is_report() {
            advice.push(say.only_report.to_owned());
        } else if open + run.detail.left > 0 {
            let open = open + run.detail.left;
            advice.push((say.open)(&number(open), open == 1, run.id.0));
        }
        let failed = self.sum(|it| it.failed).max(self.now(|it| it == Some(LeadState::Failed)));
        if failed > 0 {
            advice.push((say.failed)(&number(failed), failed == 1));
        }
        let (_, stale) = self.found();
        if stale > 0 {
            let what = if self.is_report() { say.stale } else { say.updated };
            advice.push(what(&number(stale), stale == 1));
        }
        let late = run.missed.iter().chain(&run.found_by_poll).filter(|it| it.webhook_at.is_some());
        let late = i64::try_from(late.count()).unwrap_or(i64::MAX);
        if late > 0 {
            advice.push((say.late)(&number(late), late == 1));
        }
        advice.extend(run.detail.witness.iter().filter_map(|it| difference(it, words)));
        advice
    }
}

/// The words for a second witness that says something else.
fn difference(it: &Witness, words: &Words) -> Option<String> {
    let (entered, read) = (it.automation_entered, it.enrollments_read);
    let [says, had] = [entered, read].map(|count| words.number(count));
    match entered - read {
        0 => None,
        more if more > 0 => Some((words.advice.unseen)(&it.route, &says, &had)),
        _ => Some((words.advice.uncounted)(&it.route, &says, &had)),
    }
}
