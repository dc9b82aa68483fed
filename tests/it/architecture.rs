//! The architecture's laws, as far as text can tell; clippy and the types hold the others.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// What each module may import: only what is below it. A module that is new needs its line here.
const LAYERS: [(&str, &[&str]); 16] = [
    ("clock", &[]),
    ("mutation", &[]),
    ("telemetry", &[]),
    ("domain", &[]),
    ("rules", &["domain", "planner"]),
    ("planner", &["domain", "rules"]),
    ("config", &["domain"]),
    ("transport", &["clock", "domain", "mutation"]),
    ("ledger", &["clock", "domain", "mutation", "planner"]),
    ("activecampaign", &["clock", "domain", "transport"]),
    ("ploomes", &["clock", "domain", "planner", "transport"]),
    (
        "engine",
        &[
            "activecampaign",
            "clock",
            "domain",
            "ledger",
            "mutation",
            "planner",
            "ploomes",
            "rules",
            "transport",
        ],
    ),
    ("report", &["config", "domain", "ledger"]),
    ("web", &["clock", "config", "domain", "ledger", "mutation", "report"]),
    ("simulator", &["clock", "domain", "transport"]),
    (
        "cli",
        &[
            "activecampaign",
            "clock",
            "config",
            "domain",
            "engine",
            "ledger",
            "planner",
            "ploomes",
            "report",
            "rules",
            "simulator",
            "telemetry",
            "transport",
            "web",
        ],
    ),
];

/// Where a writer to Ploomes may be named, beside the client itself.
const WRITERS: [&str; 5] = [
    "src/cli/compose.rs",
    "src/engine/execute.rs",
    "src/engine/lead_key.rs",
    "src/engine/reference.rs",
    "src/engine/shared.rs",
];

/// A source file of the program; its own tests are left out.
struct Source {
    /// Such as `src/engine/poll.rs`.
    path: String,
    /// Its code, without comments.
    code: String,
    lines: usize,
}

impl Source {
    /// The top module.
    fn module(&self) -> &str {
        let rest = self.path.strip_prefix("src/").unwrap();
        rest.split('/').next().unwrap().trim_end_matches(".rs")
    }

    fn has(&self, text: &str) -> bool {
        self.code.contains(text)
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files under `folder`, as paths from the root, in order.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.retain(|it| Path::new(it).extension().is_some_and(|it| it == "rs"));
    found.sort();
    found
}

/// Whether a file is compiled for tests only: its parent says so before it.
fn is_test(path: &str) -> bool {
    let mut at = Path::new(path);
    while let Some(parent) = at.parent().filter(|it| *it != Path::new("src")) {
        let name = at.file_stem().unwrap().to_str().unwrap();
        let above = fs::read_to_string(root().join(parent).with_extension("rs")).unwrap();
        let mut lines = above.lines();
        while let Some(line) = lines.next() {
            let next = lines.clone().next().unwrap_or_default().trim_end_matches(';');
            let declares = ["mod ", "pub mod ", "pub(crate) mod ", "pub(super) mod "]
                .iter()
                .any(|it| next.strip_prefix(it) == Some(name));
            if line == "#[cfg(test)]" && declares {
                return true;
            }
        }
        at = parent;
    }
    let own = fs::read_to_string(root().join(path)).unwrap();
    own.starts_with("#![cfg(test)]")
}

fn sources() -> Vec<Source> {
    let paths = files("src").into_iter().filter(|it| !is_test(it));
    paths
        .map(|path| {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            let lines = text.lines().count();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let code = code.lines().map(|line| line.split("//").next().unwrap());
            Source { path, code: code.collect::<Vec<_>>().join("\n"), lines }
        })
        .collect()
}

/// The top modules that a file names after `crate::`, one by one or in braces.
fn imports(source: &Source) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in source.code.match_indices("crate::") {
        let rest = &source.code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let mut depth = 1;
        let mut own = String::new();
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ if depth == 1 => own.push(c),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        found.extend(own.split(',').map(|it| word(it.trim())));
    }
    found.remove("");
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|it| it.is_ascii_lowercase() || *it == '_').collect()
}

#[test]
fn modules_import_only_what_is_below_them() {
    let layers: BTreeMap<&str, BTreeSet<&str>> =
        LAYERS.into_iter().map(|(name, below)| (name, below.iter().copied().collect())).collect();
    let mut count = 0;
    for source in sources().iter().filter(|it| !matches!(it.module(), "lib" | "main")) {
        let module = source.module();
        let Some(below) = layers.get(module) else { panic!("no layer for {module}") };
        for import in imports(source).iter().filter(|it| *it != module) {
            assert!(below.contains(import.as_str()), "{} imports {import}", source.path);
            count += 1;
        }
    }
    assert!(count > 100, "the search finds what is there: {count}");
}

#[test]
fn domain_rules_and_planner_compute_and_do_nothing_else() {
    let pure: Vec<Source> = sources()
        .into_iter()
        .filter(|it| matches!(it.module(), "domain" | "rules" | "planner"))
        .collect();
    assert!(pure.len() > 30);
    for source in &pure {
        for word in [
            "async ",
            ".await",
            "tokio",
            "std::fs",
            "std::net",
            "std::env",
            "std::thread",
            "std::io",
            "time::Instant",
            "SystemTime",
            "Utc::now",
            "Local::now",
            "rand::",
            "Mutex",
            "static mut",
            "reqwest",
            "HashMap",
            "HashSet",
            "tracing::",
        ] {
            assert!(!source.has(word), "{} says {word:?}", source.path);
        }
    }
}

#[test]
fn sql_is_in_the_ledger_only() {
    for source in sources().iter().filter(|it| it.module() != "ledger") {
        for word in ["rusqlite", "SELECT ", "INSERT INTO", "DELETE FROM", "PRAGMA", "CREATE TABLE"]
        {
            assert!(!source.has(word), "{} says {word:?}", source.path);
        }
    }
}

#[test]
fn a_writer_to_ploomes_is_named_where_it_may_write_and_nowhere_else() {
    let named = |source: &Source| {
        // As a path, or in a list of imports from the client.
        let in_list = source.code.split("ploomes::{").skip(1).any(|list| {
            let list = list.split("};").next().unwrap();
            list.split(|it: char| !it.is_alphanumeric()).any(|it| it == "Writer")
        });
        source.has("ploomes::Writer") || in_list || source.has(".writer.")
    };
    let mut used = BTreeSet::new();
    for source in sources().iter().filter(|it| !matches!(it.module(), "ploomes" | "ledger")) {
        if named(source) {
            assert!(WRITERS.contains(&source.path.as_str()), "{} has a writer", source.path);
            used.insert(source.path.clone());
        }
    }
    assert!(used.contains("src/engine/execute.rs"), "the search finds what is there: {used:?}");
}

#[test]
fn only_the_simulator_and_the_command_line_know_the_simulator() {
    for source in sources().iter().filter(|it| !matches!(it.module(), "simulator" | "cli" | "lib"))
    {
        assert!(!source.has("simulator::"), "{}", source.path);
    }
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    for source in sources() {
        assert!(source.lines <= 400, "{} has {} lines", source.path, source.lines);
    }
}

#[test]
fn a_module_s_file_stands_beside_its_folder() {
    for path in files("src").iter().chain(&files("tests/it")) {
        assert!(!path.ends_with("/mod.rs"), "{path}");
    }
}

#[test]
fn lints_are_set_aside_with_a_reason_only() {
    for source in sources() {
        assert!(!source.has("#[allow(") && !source.has("#![allow("), "{}", source.path);
    }
}

#[test]
fn every_module_of_the_library_is_in_lib() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: BTreeSet<&str> =
        lib.lines().filter_map(|it| it.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let there: BTreeSet<String> = sources().iter().map(|it| it.module().to_owned()).collect();
    let there: BTreeSet<&str> =
        there.iter().map(String::as_str).filter(|it| !matches!(*it, "lib" | "main")).collect();
    assert_eq!(declared, there);
    assert_eq!(declared, LAYERS.into_iter().map(|(name, _)| name).collect());
}

#[test]
fn every_file_of_these_tests_is_compiled() {
    for path in files("tests/it").iter().filter(|it| *it != "tests/it/main.rs") {
        let path = Path::new(path);
        let name = path.file_stem().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap();
        let above = if folder == Path::new("tests/it") {
            folder.join("main.rs")
        } else {
            folder.with_extension("rs")
        };
        let text = fs::read_to_string(root().join(&above)).unwrap();
        let declares = |line: &str| {
            let line = line.trim_start_matches("pub ");
            line.strip_prefix("mod ").and_then(|it| it.strip_suffix(';')) == Some(name)
        };
        assert!(text.lines().any(declares), "{} is not in {}", path.display(), above.display());
    }
}
