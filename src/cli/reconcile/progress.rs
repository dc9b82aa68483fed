//! How far a reconciliation has come, on stderr while it runs: one line that changes on a terminal,
//! lines one after the other elsewhere.

use std::{convert::Infallible, io::IsTerminal as _, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::output;
use crate::ledger::{Ledger, report};

/// How often is looked: as often as a page is read.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often it is said where nothing can be written over: a log of an hour's import stays readable.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Shows it until it is dropped.
pub(super) async fn show(ledger: Ledger) -> Infallible {
    let mut shown = if std::io::stderr().is_terminal() {
        Shown::Line(Line::new())
    } else {
        Shown::Lines { last: String::new(), next: Instant::now() }
    };
    loop {
        let begin = Instant::now();
        if let Ok(Some(progress)) = ledger.read(report::progress).await {
            shown.say(words(progress));
        }
        // Among a million findings looking takes a while, and is done the less often.
        tokio::time::sleep(LOOK_EVERY.max(20 * begin.elapsed())).await;
    }
}

/// Where it is shown.
enum Shown {
    /// A terminal.
    Line(Line),
    /// A file or a pipe, with what was said last and when something may be said again.
    Lines { last: String, next: Instant },
}

impl Shown {
    fn say(&mut self, words: String) {
        match self {
            Self::Line(line) => {
                line.0.set_message(words);
                line.0.tick();
            }
            Self::Lines { last, next } => {
                if *last != words && Instant::now() >= *next {
                    output::note(&words);
                    (*last, *next) = (words, Instant::now() + SAY_EVERY);
                }
            }
        }
    }
}

/// Gone from the terminal before the report comes.
struct Line(ProgressBar);

impl Line {
    fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self(bar)
    }
}

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
