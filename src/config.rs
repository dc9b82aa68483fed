//! The configuration: `config.toml`, with the environment over it, checked whole.
//!
//! [`load`] finds every problem in one pass and says where each is ([`Problem`]); what it returns
//! is typed and consistent, so that nobody behind it checks again. A default is what
//! [`EXAMPLE`] shows. Secrets are [`secrecy::SecretString`]s and in no message.
//!
//! What only the two accounts can tell, whether a stage or field exists, is asked elsewhere.

mod document;
mod edit;
mod environment;
mod live;
mod map;
mod problem;
mod route;
mod routes;
mod running;
mod schema;
mod section;
mod services;
mod value;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use document::{Document, Table};
use problem::{Fault, Findings, Place};
use schema::Schema;
use section::Section;

pub use edit::{At, Edit, EditError, Setting};
pub use live::{Asked, AtNextStart, Live, NotTaken, Reload};
pub use map::{MapRow, SOURCES, Source};
pub use problem::{Problem, Problems, Severity};
pub use route::{Membership, NameOrId, OwnerRef, Route};
pub use running::{Alerts, Drift, Ledger, Reconcile, ReconcileMode, Retry, Schedule};
pub use services::{ActiveCampaign, Admin, Language, Ploomes, Receiver};
pub use value::{Since, written};

/// `config.example.toml`: every key, its default and why.
pub const EXAMPLE: &str = include_str!("../config.example.toml");

/// A configuration of a hundred routes has a tenth of this.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Everything that is configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[activecampaign]`
    pub activecampaign: ActiveCampaign,
    /// `[ploomes]`
    pub ploomes: Ploomes,
    /// `[receiver]`
    pub receiver: Receiver,
    /// `[admin]`
    pub admin: Admin,
    /// `[ledger]`
    pub ledger: Ledger,
    /// `[schedule]`
    pub schedule: Schedule,
    /// `[retry]`
    pub retry: Retry,
    /// `[reconcile]`
    pub reconcile: Reconcile,
    /// `[alerts]`
    pub alerts: Alerts,
    /// `[[route]]`, in the order of the file.
    pub routes: Vec<Route>,
}

/// A configuration that can be used, and what somebody should know of it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// Reads the file at `path` and lays `environment` over it.
///
/// Variables that do not start with `PONTE_` are not looked at, so the whole environment of the
/// process can be given. Reads the files that secrets are in, and nothing else.
pub fn load(path: &Path, environment: &BTreeMap<String, String>) -> Result<Loaded, Problems> {
    let file = path.display().to_string();
    let (text, mode) = match read(path) {
        Ok(read) => read,
        Err(error) => {
            let mut findings = Findings::new(file, "");
            let fault = Fault::new(format!("cannot read the configuration: {error}"));
            let hint = "start from config.example.toml, or name another file with --config";
            findings.error("", &Place::Nowhere, fault.hint(hint));
            return Err(Problems(findings.into_problems()));
        }
    };
    load_text(file, &text, mode, environment)
}

/// The same, of a text that is called `name` in problems, without any environment.
pub fn parse(name: &str, text: &str) -> Result<Loaded, Problems> {
    parse_with(name, text, &BTreeMap::new())
}

/// The same, with an environment.
pub fn parse_with(
    name: &str,
    text: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Loaded, Problems> {
    load_text(name.to_owned(), text, 0o600, environment)
}

/// Reads a duration as the configuration has them, such as `30s`, for the command line.
pub fn duration(text: &str) -> Result<std::time::Duration, String> {
    value::duration(text).map_err(|fault| {
        let hint = fault.hint.map(|hint| format!(" ({hint})"));
        format!("{}{}", fault.message, hint.unwrap_or_default())
    })
}

/// The same, of a text that was read from `file`, whose mode is `mode`.
fn load_text(
    file: String,
    text: &str,
    mode: u32,
    environment: &BTreeMap<String, String>,
) -> Result<Loaded, Problems> {
    let chmod = format!("chmod o-rwx {file}");
    let mut findings = Findings::new(file, text);
    let config = Document::parse(text, &mut findings).and_then(|mut document| {
        if mode & 0o004 != 0 && holds_secrets(&document) {
            let fault = Fault::new("everybody on this machine can read the file and its secrets");
            findings.warning("", &Place::Nowhere, fault.hint(chmod));
        }
        environment::overlay(&mut document, environment, &mut findings);
        Config::read(&document, &defaults(), &mut findings)
    });
    let failed = findings.any_error();
    let problems = findings.into_problems();
    match config {
        Some(config) if !failed => Ok(Loaded { config, warnings: problems }),
        _ => Err(Problems(problems)),
    }
}

/// The text and the mode of the file.
fn read(path: &Path) -> io::Result<(String, u32)> {
    let file = fs::File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    Ok((text, mode))
}

/// The example, read as a file: its values are the defaults.
fn defaults() -> Document {
    let mut findings = Findings::new("config.example.toml".to_owned(), EXAMPLE);
    Document::parse(EXAMPLE, &mut findings).expect("a test loads the example")
}

/// Whether a secret is written out in the file.
fn holds_secrets(document: &Document) -> bool {
    let of = |schema: &Schema, table: &Table| {
        let mut keys = schema.keys.iter().filter(|key| key.kind == schema::Kind::Secret);
        keys.any(|key| table.was_given(key.name))
    };
    let mut sections = schema::SECTIONS.iter();
    sections.any(|schema| of(schema, document.section(schema.name)))
        || document.routes.iter().any(|route| of(&schema::ROUTE, &route.table))
}

impl Config {
    fn read(document: &Document, defaults: &Document, findings: &mut Findings<'_>) -> Option<Self> {
        let mut reader = Reader { document, defaults, findings };
        let activecampaign = reader.section(&schema::ACTIVECAMPAIGN, ActiveCampaign::read);
        let ploomes = reader.section(&schema::PLOOMES, Ploomes::read);
        let receiver = reader.section(&schema::RECEIVER, Receiver::read);
        let admin = reader.section(&schema::ADMIN, Admin::read);
        let ledger = reader.section(&schema::LEDGER, Ledger::read);
        let schedule = reader.section(&schema::SCHEDULE, Schedule::read);
        let retry = reader.section(&schema::RETRY, Retry::read);
        let reconcile = reader.section(&schema::RECONCILE, Reconcile::read);
        let alerts = reader.section(&schema::ALERTS, Alerts::read);
        let routes = reader.routes();
        reader.check_addresses(receiver.as_ref(), admin.as_ref());
        Some(Self {
            activecampaign: activecampaign?,
            ploomes: ploomes?,
            receiver: receiver?,
            admin: admin?,
            ledger: ledger?,
            schedule: schedule?,
            retry: retry?,
            reconcile: reconcile?,
            alerts: alerts?,
            routes: routes?,
        })
    }
}

/// Hands each section what it is read from.
struct Reader<'a, 'f> {
    document: &'a Document,
    defaults: &'a Document,
    findings: &'a mut Findings<'f>,
}

impl Reader<'_, '_> {
    fn section<T>(
        &mut self,
        schema: &'static Schema,
        read: impl FnOnce(&mut Section<'_, '_>) -> Option<T>,
    ) -> Option<T> {
        let table = self.document.section(schema.name);
        let defaults = self.defaults.section(schema.name);
        read(&mut Section::new(schema, table, defaults, self.findings))
    }

    fn routes(&mut self) -> Option<Vec<Route>> {
        let default = self.defaults.routes.first().expect("the example has a route");
        let tables = &self.document.routes;
        let read = |table| Route::read(table, default, self.findings);
        let routes: Vec<Option<Route>> = tables.iter().map(read).collect();
        routes::check(tables, &routes, self.findings);
        if tables.is_empty() {
            let fault = Fault::new("there is no [[route]], so nothing will be brought in");
            self.findings.warning("route", &Place::Nowhere, fault);
        }
        routes.into_iter().collect()
    }

    /// Two listeners cannot share an address; port 0 is a new one each time.
    fn check_addresses(&mut self, receiver: Option<&Receiver>, admin: Option<&Admin>) {
        let (Some(receiver), Some(admin)) = (receiver, admin) else { return };
        if receiver.listen != admin.listen || admin.listen.port() == 0 {
            return;
        }
        let fault = Fault::new(format!("{} is the receiver's address too", admin.listen));
        let table = self.document.section(schema::ADMIN.name);
        let place = table.entries.get("listen").map_or(&table.place, |entry| &entry.place);
        self.findings.error("admin.listen", place, fault.hint("give each its own port"));
    }
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
