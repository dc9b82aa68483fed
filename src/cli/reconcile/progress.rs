//! How far a reconciliation has come, on stderr while it runs, where that is a terminal.

use std::{convert::Infallible, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use crate::ledger::{Ledger, report};

/// How often is looked: as often as a page is read.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Shows it until it is dropped.
pub(super) async fn show(ledger: Ledger) -> Infallible {
    // Draws nothing where stderr is no terminal; the log tells what happens there.
    let line = Line(ProgressBar::new_spinner());
    let style = ProgressStyle::with_template("{spinner} {msg}");
    line.0.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    loop {
        if let Ok(Some(progress)) = ledger.read(report::progress).await {
            line.0.set_message(words(progress));
        }
        line.0.tick();
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Gone from the terminal before the report comes.
struct Line(ProgressBar);

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn words(it: report::Progress) -> String {
    let read = format!("{} contacts read", it.contacts);
    match (it.found, it.found - it.open) {
        (0, _) => read,
        (found, 0) => format!("{read}, {found} leads missed"),
        (found, settled) => format!("{read}, {found} leads missed, {settled} of them settled"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::run::RunId;

    #[test]
    fn it_says_what_there_is_to_say() {
        let of = |found, open| words(report::Progress { run: RunId(1), contacts: 9, found, open });
        assert_eq!(of(0, 0), "9 contacts read");
        assert_eq!(of(3, 3), "9 contacts read, 3 leads missed");
        assert_eq!(of(3, 1), "9 contacts read, 3 leads missed, 2 of them settled");
    }
}
