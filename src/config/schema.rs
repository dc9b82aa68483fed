//! Every key there is: the table that the file and the environment are checked against.
//!
//! A default is not here: it is the value that `config.example.toml` shows, so that the
//! documentation cannot be wrong about it.

/// One key of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// As it is written.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) kind: Kind,
    /// Whether it can be left out.
    pub(super) need: Need,
}

/// Whether a key can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It must be given.
    Must,
    /// It may be missing, which means something of its own.
    May,
    /// When missing, it is what the example shows.
    Default,
}

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// A string that is never shown; `<key>_file` may name a file that holds it.
    Secret,
    /// A string: the path of a file.
    File,
    /// A string: a URL.
    Url,
    /// A string: `30s`.
    Duration,
    /// A string: six fields.
    Cron,
    /// A string: an IANA time zone.
    Zone,
    /// A string: an IP address and a port.
    Address,
    /// A string: one of these.
    Choice(&'static [&'static str]),
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Flag,
    /// A name, or an id as a whole number.
    NameOrId,
    /// A date or a date with a time, as a string or bare.
    Date,
    /// Names or ids, one or a list.
    Owners,
    /// A list of strings.
    Texts,
    /// `[[route.map]]`.
    Rows,
}

impl Kind {
    /// What is expected, in words.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Text | Self::Secret => "a string".to_owned(),
            Self::File => "a string with the path of a file".to_owned(),
            Self::Url => "a string with a URL".to_owned(),
            Self::Duration => "a string with a duration, such as \"30s\"".to_owned(),
            Self::Cron => "a string with a cron expression of six fields".to_owned(),
            Self::Zone => "a string with a time zone, such as \"America/Sao_Paulo\"".to_owned(),
            Self::Address => "a string with an address, such as \"127.0.0.1:8080\"".to_owned(),
            Self::Choice(words) => format!("one of {}", quoted(words)),
            Self::Whole => "a whole number".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::NameOrId => "a name as a string or an id as a number".to_owned(),
            Self::Date => "a date, such as \"2026-01-31\"".to_owned(),
            Self::Owners => "an e-mail address, an id, or a list of those".to_owned(),
            Self::Texts => "a list of strings".to_owned(),
            Self::Rows => "tables written as [[route.map]]".to_owned(),
        }
    }

    /// Whether its value is never shown.
    pub(super) const fn is_secret(self) -> bool {
        matches!(self, Self::Secret)
    }

    /// Whether an environment variable can hold it.
    pub(super) const fn is_scalar(self) -> bool {
        !matches!(self, Self::Texts | Self::Rows)
    }
}

/// The words in quotes, separated by commas.
fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// A section and its keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema {
    /// As it is written.
    pub(super) name: &'static str,
    /// In the order of the example.
    pub(super) keys: &'static [Key],
}

impl Schema {
    /// The key of this name; `<secret>_file` is one too.
    pub(super) fn key(&self, name: &str) -> Option<Key> {
        if let Some(key) = self.keys.iter().find(|key| key.name == name) {
            return Some(*key);
        }
        let secret = name.strip_suffix("_file")?;
        let key = self.keys.iter().find(|key| key.name == secret && key.kind == Kind::Secret)?;
        Some(Key { kind: Kind::File, need: Need::May, ..*key })
    }

    /// All names, those of secret files included.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for key in self.keys {
            names.push(key.name.to_owned());
            if key.kind == Kind::Secret {
                names.push(format!("{}_file", key.name));
            }
        }
        names
    }
}

const fn must(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, need: Need::Must }
}

const fn may(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, need: Need::May }
}

const fn preset(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, need: Need::Default }
}

/// All sections but the routes.
pub(super) const SECTIONS: &[Schema] =
    &[ACTIVECAMPAIGN, PLOOMES, RECEIVER, ADMIN, LEDGER, SCHEDULE, RETRY, RECONCILE, ALERTS];

/// `[activecampaign]`
pub(super) const ACTIVECAMPAIGN: Schema = Schema {
    name: "activecampaign",
    keys: &[
        must("url", Kind::Url),
        must("api_key", Kind::Secret),
        preset("requests_per_second", Kind::Whole),
        preset("timeout", Kind::Duration),
    ],
};

/// `[ploomes]`
pub(super) const PLOOMES: Schema = Schema {
    name: "ploomes",
    keys: &[
        preset("url", Kind::Url),
        must("user_key", Kind::Secret),
        preset("requests_per_minute", Kind::Whole),
        preset("timeout", Kind::Duration),
        preset("settle", Kind::Duration),
        may("lead_key_field", Kind::Text),
        may("app_url", Kind::Url),
    ],
};

/// `[receiver]`
pub(super) const RECEIVER: Schema = Schema {
    name: "receiver",
    keys: &[preset("listen", Kind::Address), preset("max_body", Kind::Whole)],
};

/// `[admin]`
pub(super) const ADMIN: Schema = Schema {
    name: "admin",
    keys: &[
        preset("listen", Kind::Address),
        may("password_hash", Kind::Secret),
        preset("language", Kind::Choice(&["pt-BR", "en"])),
    ],
};

/// `[ledger]`
pub(super) const LEDGER: Schema = Schema {
    name: "ledger",
    keys: &[preset("path", Kind::File), preset("keep_payloads", Kind::Duration)],
};

/// `[schedule]`
pub(super) const SCHEDULE: Schema = Schema {
    name: "schedule",
    keys: &[
        preset("timezone", Kind::Zone),
        preset("poll", Kind::Cron),
        preset("reconcile", Kind::Cron),
        preset("overlap", Kind::Duration),
    ],
};

/// `[retry]`
pub(super) const RETRY: Schema = Schema {
    name: "retry",
    keys: &[
        preset("first", Kind::Duration),
        preset("max", Kind::Duration),
        preset("attempts", Kind::Whole),
        preset("give_up", Kind::Duration),
    ],
};

/// `[reconcile]`
pub(super) const RECONCILE: Schema = Schema {
    name: "reconcile",
    keys: &[
        preset("mode", Kind::Choice(&["repair", "report"])),
        preset("max_repairs", Kind::Whole),
        preset("drift", Kind::Choice(&["off", "report", "repair"])),
    ],
};

/// `[alerts]`: the URLs are secrets, since who knows the one of a chat can write into it.
pub(super) const ALERTS: Schema = Schema {
    name: "alerts",
    keys: &[
        may("url", Kind::Secret),
        preset("silence", Kind::Duration),
        may("heartbeat", Kind::Secret),
    ],
};

/// `[[route]]`
pub(super) const ROUTE: Schema = Schema {
    name: "route",
    keys: &[
        must("name", Kind::Text),
        may("was", Kind::Text),
        preset("enabled", Kind::Flag),
        must("webhook_token", Kind::Secret),
        may("webhook_token_previous", Kind::Secret),
        may("automation", Kind::Whole),
        may("tag", Kind::Text),
        may("list", Kind::Whole),
        may("every_contact", Kind::Flag),
        may("since", Kind::Date),
        preset("expect_within", Kind::Duration),
        preset("create", Kind::Choice(&["company-person-deal", "person-deal", "company-person"])),
        may("pipeline", Kind::NameOrId),
        may("stage", Kind::NameOrId),
        preset("skip_if_open_deal", Kind::Flag),
        preset("existing", Kind::Choice(&["fill", "overwrite", "leave"])),
        may("owner", Kind::Owners),
        may("origin", Kind::Text),
        may("tags", Kind::Texts),
        may("note", Kind::Text),
        preset("company_ignore", Kind::Texts),
        may("map", Kind::Rows),
    ],
};

/// `[[route.map]]`
pub(super) const MAP: Schema = Schema {
    name: "map",
    keys: &[
        may("from", Kind::Text),
        may("template", Kind::Text),
        must("to", Kind::Text),
        preset("required", Kind::Flag),
    ],
};

/// The known word that is nearest to `word`, where one is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = |known: &'a str| (strsim::damerau_levenshtein(&word, &known.to_lowercase()), known);
    // A third of the letters may be wrong; beyond that a guess misleads.
    known
        .into_iter()
        .map(near)
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= known.chars().count().div_ceil(3))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_strange_word_is_not() {
        let known = ["user_key", "timeout", "settle"];
        assert_eq!(nearest("user_kye", known), Some("user_key"));
        assert_eq!(nearest("Timeout", known), Some("timeout"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn a_secret_has_a_file_beside_it_and_a_number_has_none() {
        assert_eq!(PLOOMES.key("user_key_file").map(|key| key.kind), Some(Kind::File));
        assert_eq!(PLOOMES.key("requests_per_minute_file"), None);
    }
}
