//! The log: one line an event, on stderr, as text or as JSON.
//!
//! The level is `PONTE_LOG` (`error`, `warn`, `info`, `debug`, `trace`, `off`), default `info`.
//! Libraries are heard from `warn` on only, whatever the level: what they say below it may hold
//! addresses or headers, and the log holds neither personal data nor secrets.

use std::{
    env, fmt,
    io::{self, IsTerminal},
};

pub use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, filter::Targets, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// The variable that holds the level.
const VARIABLE: &str = "PONTE_LOG";

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON document a line.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Starts the log of this process at the `usual` level; a second call changes nothing.
///
/// Colours are for terminals, and not where `NO_COLOR` is set. A level that cannot be read is
/// `info`, with a warning: a typing error should not stop a service.
pub fn init(format: LogFormat, usual: LevelFilter) {
    let wanted = env::var(VARIABLE).ok();
    let level = wanted.as_deref().map_or(Some(usual), level);
    let ansi = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let events = events(format, ansi, io::stderr);
    let events = events.with_filter(targets(level.unwrap_or(LevelFilter::INFO)));
    if tracing_subscriber::registry().with(events).try_init().is_ok() && level.is_none() {
        tracing::warn!("{VARIABLE} is none of error, warn, info, debug, trace, off; using info");
    }
}

/// The level of a word.
fn level(word: &str) -> Option<LevelFilter> {
    let word = word.trim();
    // The parser also takes numbers, which mean nothing to a person.
    if word.is_empty() {
        return Some(LevelFilter::INFO);
    }
    word.parse().ok().filter(|_| word.chars().all(char::is_alphabetic))
}

/// Ours at `level`, everybody else's from `warn` on.
fn targets(level: LevelFilter) -> Targets {
    let others = level.min(LevelFilter::WARN);
    Targets::new().with_target(env!("CARGO_CRATE_NAME"), level).with_default(others)
}

/// The layer that writes events to `writer`.
fn events<S, W>(format: LogFormat, ansi: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(ansi);
    match format {
        LogFormat::Text => layer.with_target(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics while it writes").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, level: LevelFilter, events_of: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = events(format, false, move || writer.clone()).with_filter(targets(level));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, events_of);
        let bytes = lines.0.lock().expect("no test panics while it writes").clone();
        String::from_utf8(bytes).expect("the log is UTF-8")
    }

    #[test]
    fn an_event_is_one_line_even_with_line_ends_in_a_value() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let written = written(format, LevelFilter::INFO, || {
                tracing::info!(lead.id = 7, reason = "a\nb", "Wrote a person for lead:7");
            });
            assert_eq!(written.lines().count(), 1, "{written}");
        }
    }

    #[test]
    fn json_has_the_message_and_the_fields_at_the_top() {
        let written = written(LogFormat::Json, LevelFilter::INFO, || {
            tracing::info!(lead.id = 7, "Wrote a person for lead:7");
        });
        let event: serde_json::Value = serde_json::from_str(&written).expect("it is JSON");
        assert_eq!(event["message"], "Wrote a person for lead:7");
        assert_eq!((&event["lead.id"], &event["level"]), (&7.into(), &"INFO".into()));
    }

    #[test]
    fn libraries_are_heard_from_warn_on() {
        let written = written(LogFormat::Text, LevelFilter::TRACE, || {
            tracing::debug!("ours");
            tracing::info!(target: "hyper::client", "theirs");
            tracing::warn!(target: "hyper::client", "their warning");
        });
        assert!(written.contains("ours") && written.contains("their warning"), "{written}");
        assert!(!written.contains("theirs"), "{written}");
    }

    #[test]
    fn a_level_silences_what_is_below_it() {
        let written = written(LogFormat::Text, LevelFilter::ERROR, || {
            tracing::warn!("ours");
            tracing::warn!(target: "hyper", "theirs");
        });
        assert_eq!(written, "");
    }

    #[test]
    fn levels_are_words() {
        assert_eq!(level("DEBUG"), Some(LevelFilter::DEBUG));
        assert_eq!(level(" off "), Some(LevelFilter::OFF));
        assert_eq!(level(""), Some(LevelFilter::INFO));
        assert_eq!(level("3"), None);
        assert_eq!(level("loud"), None);
    }
}
