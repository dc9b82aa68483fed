//! A directory with a configuration, and with a ledger once one was made.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

/// The token of the one route's webhook URL.
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Gone when it is dropped.
pub struct Place(TempDir);

impl Place {
    /// A place without a ledger, whose two accounts are at these ports.
    ///
    /// It is on the disk that is built on: a temporary directory may be in memory, where a commit
    /// is free.
    pub fn new([activecampaign, ploomes]: [u16; 2]) -> Self {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        let place = Self(directory.expect("the build directory can be written"));
        let config = format!(
            r#"
            [activecampaign]
            url = "http://127.0.0.1:{activecampaign}"
            api_key = "a-key"
            [ploomes]
            url = "http://127.0.0.1:{ploomes}"
            user_key = "a-key"
            [receiver]
            listen = "127.0.0.1:0"
            [admin]
            listen = "127.0.0.1:0"
            [ledger]
            path = "{}"
            # What is old in a ledger that was just filled is not to be blanked meanwhile.
            keep_payloads = "36500d"
            [[route]]
            name = "site"
            webhook_token = "{TOKEN}"
            automation = 12
            create = "company-person-deal"
            pipeline = "Vendas"
            stage = "Lead novo"
            "#,
            place.ledger().display()
        );
        fs::write(place.config(), config).expect("the build directory can be written");
        place
    }

    /// The configuration's path.
    pub fn config(&self) -> PathBuf {
        self.0.path().join("config.toml")
    }

    /// The ledger's path.
    pub fn ledger(&self) -> PathBuf {
        self.0.path().join("ponte.db")
    }
}
