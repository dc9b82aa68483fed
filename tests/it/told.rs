//! Every sentence that can come to a page in English is there in Portuguese too.
//!
//! Read from the sources, as gettext does: whoever writes a new reason, problem or alert is told
//! here to say it in Portuguese as well.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeSet, fs, path::Path};

use ponte::{
    config::Language,
    report::told::{all, is_known, told},
};

/// Where sentences are made that come to a page: as reasons in the ledger, as answers of the
/// engine, as problems of the configuration.
const SAID_IN: [&str; 14] = [
    "src/activecampaign",
    "src/config",
    "src/config.rs",
    "src/engine",
    "src/ledger/error.rs",
    "src/ledger/job.rs",
    "src/ledger/journal.rs",
    "src/ledger/retry.rs",
    "src/ledger/run.rs",
    "src/planner",
    "src/ploomes",
    "src/rules",
    "src/transport",
    "src/web/admin/lists.rs",
];

/// Files whose texts come to no page.
const ELSEWHERE: [&str; 4] = [
    // The page of the documentation.
    "src/config/reference.rs",
    // `ponte setup`.
    "src/rules/propose.rs",
    "src/engine/lead_key.rs",
    // A message as it is posted; the page shows its text.
    "src/engine/alerts/message.rs",
];

/// What has the look of a sentence and comes to no page, or only as a part of one that is known.
const NOT_SHOWN: [&str; 19] = [
    // Parts of sentences that are known with them and without.
    " by line {line}",
    " in the pipeline {:?}",
    " under [{}]",
    // What is asked of Ploomes.
    "Id desc",
    "LastUpdateDate desc,Id desc",
    "reference data",
    // What is written into the file.
    "\"…\"  # as it is in the file",
    "tables written as [[route]]",
    // A command, which is the same in all languages.
    "chmod o-rwx {file}",
    "chmod o-rwx {path}",
    // What a server says, and what is looked for in it.
    "no result found",
    "not found",
    // How the command line ends its waiting.
    "a key is refused",
    "nothing moves",
    // What `ponte replay` puts in place of an id.
    "the new {}",
    // Why a service does not start.
    "the time of the request could not be kept",
    "the {0} key has a character that no header can carry",
    "a permit is counted whether it is used or not",
    "a turn is counted whether it is used or not",
];

/// A literal of a source.
struct Literal {
    path: String,
    line: usize,
    text: String,
}

#[test]
fn every_sentence_that_a_page_can_show_is_known_in_portuguese() {
    let mut missing = Vec::new();
    for Literal { path, line, text } in literals() {
        if is_sentence(&text)
            && !NOT_SHOWN.contains(&text.as_str())
            && !is_known(&text)
            && !is_known(&without_options(&text))
        {
            missing.push(format!("{path}:{line}: {text:?}"));
        }
    }
    assert!(
        missing.is_empty(),
        "say it in Portuguese in src/report/told, or here that no page shows it:\n{}",
        missing.join("\n")
    );
}

#[test]
fn nothing_is_known_that_is_said_nowhere() {
    let all_said = literals().into_iter().flat_map(|it| [without_options(&it.text), it.text]);
    let said: BTreeSet<String> = all_said.map(|it| bare(&it)).collect();
    let holds = |piece: &str| said.iter().any(|it| it.contains(piece.trim().trim_end_matches(':')));
    // In a statement of SQL.
    let in_sql = "let in again";
    // What only some of them have is put in between.
    let pieces = |it: &str| bare(it).replace(" (line {})", "{}").replace(" by line ", "{}");
    let is_said = |it: &str| pieces(it).split("{}").flat_map(|it| it.split(", ")).all(holds);
    let unsaid: Vec<&str> =
        all().filter(|it| it.contains(' ') && *it != in_sql && !is_said(it)).collect();
    assert_eq!(unsaid, [""; 0], "it is said nowhere in the sources");
}

#[test]
fn nothing_of_a_literal_that_is_known_stays_english() {
    for said in ["open deal 1", "contact gone", "field.X is empty", "the list is empty"] {
        assert_ne!(told(Language::Portuguese, said), said);
    }
    assert!(!is_known("a sentence that nobody ever said"));
}

/// A sentence without what stands in it now and then only: `is mapped already{line}`.
fn without_options(text: &str) -> String {
    let mut short = String::new();
    for piece in text.split_inclusive('}') {
        match piece.split_once('{') {
            Some((before, _)) if before.ends_with(char::is_alphabetic) => short.push_str(before),
            _ => short.push_str(piece),
        }
    }
    short
}

/// A sentence whose holes are all alike.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        bare.push_str(before);
        bare.push_str("{}");
        rest = after.split_once('}').map_or("", |it| it.1);
    }
    bare + rest
}

/// Every text of the sources that is not for the log or for who reads them.
fn literals() -> Vec<Literal> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = SAID_IN.iter().flat_map(|it| sources(&root.join(it)));
    for file in files {
        let path = file.strip_prefix(root).unwrap().display().to_string();
        let source = fs::read_to_string(&file).unwrap();
        let source = without_tests(&source);
        if ELSEWHERE.contains(&path.as_str()) || is_for_tests(root, &path) {
            continue;
        }
        for (line, text) in texts(source) {
            found.push(Literal { path: path.clone(), line, text });
        }
    }
    assert!(found.len() > 200, "{}", found.len());
    found
}

fn sources(path: &Path) -> Vec<std::path::PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut found: Vec<_> = fs::read_dir(path)
        .unwrap()
        .flat_map(|it| sources(&it.unwrap().path()))
        .filter(|it| it.extension().is_some_and(|it| it == "rs"))
        .collect();
    found.sort();
    found
}

/// Whether a file is compiled for tests only.
fn is_for_tests(root: &Path, path: &str) -> bool {
    let named = ["/tests/", "tests.rs", "testing.rs", "planner/world", "fixture.rs"];
    let own = fs::read_to_string(root.join(path)).unwrap();
    named.iter().any(|it| path.contains(it)) || own.starts_with("#![cfg(test)]")
}

/// A source without its own tests.
fn without_tests(source: &str) -> &str {
    let is_tests = |at: &usize| {
        let after = source[*at..].lines().take(8);
        after.take_while(|it| !it.is_empty()).any(|it| it.ends_with("mod tests {"))
    };
    let mut starts = source.match_indices("#[cfg(test)]").map(|(at, _)| at);
    source.split_at(starts.find(is_tests).unwrap_or(source.len())).0
}

/// The texts of a source, with their lines.
fn texts(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // The code so far, without comments and texts.
    let mut code = String::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        code.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with('"') {
            let raw = code.trim_end_matches('#');
            let (text, after) = if raw.ends_with('r') && !raw.ends_with("er") {
                let end = format!("\"{}", "#".repeat(code.len() - raw.len()));
                rest[1..].split_once(&end).unwrap()
            } else {
                literal(rest)
            };
            let line = source[..source.len() - rest.len()].matches('\n').count() + 1;
            let text = unescaped(text);
            if !is_for_others(&code) {
                found.push((line, text));
            }
            rest = after;
        } else if let Some(after) = character(rest) {
            rest = after;
        } else {
            code.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    found
}

/// A text in quotes, and what comes after it.
fn literal(rest: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = rest[1..]
        .find(|it| {
            let ends = it == '"' && !escaped;
            escaped = it == '\\' && !escaped;
            ends
        })
        .unwrap();
    (&rest[1..=end], &rest[end + 2..])
}

/// What comes after a character in quotes; `None` where it is a lifetime.
fn character(rest: &str) -> Option<&str> {
    let inside = rest.strip_prefix('\'')?;
    let mut chars = inside.chars();
    if chars.next()? == '\\' {
        chars.next();
    }
    chars.as_str().strip_prefix('\'')
}

fn unescaped(text: &str) -> String {
    let mut lines = text.split("\\\n");
    let mut whole = lines.next().unwrap_or_default().to_owned();
    whole.extend(lines.map(str::trim_start));
    whole.replace("\\\"", "\"").replace("\\n", "\n")
}

/// Words, and not only names and signs; no SQL.
fn is_sentence(text: &str) -> bool {
    let is_word = |it: &str| it.len() > 1 && it.chars().all(char::is_alphabetic);
    let bare = bare(text);
    let words = bare.split(' ').map(|it| it.trim_matches(|it: char| it.is_ascii_punctuation()));
    let is_sql = ["SELECT", "INSERT", "UPDATE", "DELETE"].iter();
    words.filter(|it| is_word(it)).count() > 1
        && !is_sql.clone().any(|it| text.trim_start().starts_with(it))
}

/// Whether what stands here is for the log, or for who reads the source.
fn is_for_others(code: &str) -> bool {
    let before = code.trim_end();
    let is_lint = before.ends_with("reason =") && !before.ends_with("let reason =");
    if is_lint || ["expect(", "panic!(", "unreachable!("].iter().any(|it| before.ends_with(it)) {
        return true;
    }
    ["tracing::", "log_call(", "assert"].iter().any(|name| {
        let Some(call) = code.rfind(name).and_then(|at| code[at..].split_once('(')) else {
            return false;
        };
        // Still open: no parenthesis closed the call.
        let mut depth = 1;
        !call.1.chars().any(|it| {
            depth += i32::from(it == '(') - i32::from(it == ')');
            depth == 0
        })
    })
}
