//! The real binary, as a person or a service manager runs it.

use std::{
    fs::{self, File},
    net::SocketAddr,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use ponte::{
    simulator::activecampaign::Receiver,
    transport::{Wire, wire},
};
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::{CapabilitySet, remove_capability_from_bounding_set},
};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    accounts::{Accounts, Served},
    settings::{Settings, token_of},
    wait::until,
};

/// How long a process may take to get up, or to end: it has 10 s, on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// A configuration and a ledger in a directory of their own, for `ponte` to be run on.
pub struct Ponte {
    home: TempDir,
    /// Processes started so far: each writes into files of its own.
    started: AtomicU32,
}

/// A process that ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; minus the signal, where one ended it.
    pub status: i32,
    /// What it wrote to stdout.
    pub out: String,
    /// What it wrote to stderr.
    pub err: String,
}

impl Ponte {
    /// Writes the configuration, for these services.
    pub fn new(settings: &Settings, served: &Served) -> Self {
        let it = Self { home: tempfile::tempdir().unwrap(), started: AtomicU32::new(0) };
        fs::create_dir(it.ledger().parent().unwrap()).unwrap();
        it.configure(&settings.toml(served.activecampaign, served.ploomes, &it.ledger()));
        it
    }

    /// An empty directory: nothing is configured yet.
    pub fn bare() -> Self {
        Self { home: tempfile::tempdir().unwrap(), started: AtomicU32::new(0) }
    }

    /// Puts a file into the directory; returns its path.
    pub fn put(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Writes another configuration, which only its owner can read.
    pub fn configure(&self, text: &str) {
        fs::write(self.config(), text).unwrap();
        fs::set_permissions(self.config(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The file of the ledger, in a directory of its own.
    pub fn ledger(&self) -> PathBuf {
        self.home.path().join("ledger/ponte.db")
    }

    /// The configuration's file.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("config.toml")
    }

    /// Runs a command to its end.
    pub async fn command(&self, arguments: &[&str]) -> Ended {
        let mut command = self.prepare(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        Ended::new(output.status, &output.stdout, &output.stderr)
    }

    /// Runs a command that must end well, and reads the JSON that it gives.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.command(arguments).await;
        assert_eq!(ended.status, 0, "{arguments:?}: {ended:?}");
        ended.json()
    }

    /// Starts a command without waiting for its end.
    pub fn spawn(&self, arguments: &[&str]) -> Process {
        let place = |name: &str| self.home.path().join(name);
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let (out, err) = (place(&format!("{number}.out")), place(&format!("{number}.err")));
        let mut command = self.prepare(arguments);
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        // For root, no file is read-only; a service has no such right. The thread gives it up for
        // itself and its children; one that has none has nothing to give up.
        let start = || {
            let _ = remove_capability_from_bounding_set(CapabilitySet::DAC_OVERRIDE);
            command.spawn().unwrap()
        };
        let child = thread::scope(|scope| scope.spawn(start).join()).unwrap();
        Process { child, out, err }
    }

    /// Starts `run` and waits until it is ready.
    pub async fn run(&self) -> Running {
        let mut process = self.spawn(&["--log", "json", "run"]);
        let (receiver, admin) = until("`run` is ready", PATIENCE, async || {
            assert!(!process.has_ended(), "`run` ended: {}", process.err());
            process.addresses()
        })
        .await;
        Running { process, receiver, admin }
    }

    fn prepare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
        command
            .current_dir(self.home.path())
            .env_clear()
            .env("PONTE_LOG", "info")
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }
}

impl Ended {
    fn new(status: ExitStatus, out: &[u8], err: &[u8]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let status = status.code().unwrap_or_else(|| -status.signal().unwrap());
        Self { status, out: text(out), err: text(err) }
    }

    /// The one JSON document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A process that runs; dropped, it is killed.
pub struct Process {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Process {
    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to stderr so far.
    pub fn err(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    /// What it has written to stdout so far.
    pub fn out(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }

    /// Sends it a signal by name, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let signal = match name {
            "CONT" => Signal::CONT,
            "HUP" => Signal::HUP,
            "INT" => Signal::INT,
            "KILL" => Signal::KILL,
            "STOP" => Signal::STOP,
            "TERM" => Signal::TERM,
            _ => panic!("no signal {name}"),
        };
        kill_process(self.pid(), signal).unwrap();
    }

    /// Its number, for the system's calls; its own until [`Process::ended`] has returned.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Asks it to stop, as a service manager does, and waits for its end.
    pub async fn terminate(self) -> Ended {
        self.signal("TERM");
        self.ended().await
    }

    /// Kills it, in the middle of whatever it does.
    pub async fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.ended().await
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Ended {
        let status =
            until("the process ends", PATIENCE, async || self.child.try_wait().unwrap()).await;
        Ended::new(status, &fs::read(&self.out).unwrap(), &fs::read(&self.err).unwrap())
    }

    /// Where webhooks come in and where the page is, once it has said that it is ready.
    pub fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        let log = self.err();
        let mut events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let ready = events.find(|it| it["message"] == "ready")?;
        let address = |key: &str| ready[key].as_str()?.parse().ok();
        Some((address("receiver")?, address("admin")?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `run`, ready.
pub struct Running {
    /// The process.
    pub process: Process,
    /// Where webhooks come in.
    pub receiver: SocketAddr,
    /// Where the page is.
    pub admin: SocketAddr,
}

impl Running {
    /// Sends the webhooks that are due, one after the other; says how many.
    pub async fn send_webhooks(&self, accounts: &Accounts) -> usize {
        let client = wire::http_client("ActiveCampaign-simulated").unwrap();
        let base = format!("http://{}", self.receiver);
        accounts.activecampaign.send_due(&Receiver { wire: Wire::Http(client), base }).await
    }

    /// Posts a body to a route's URL by hand; returns the status.
    pub async fn post(&self, route: &str, body: &str) -> u16 {
        let url = format!("http://{}/webhooks/{}", self.receiver, token_of(route));
        let client = wire::http_client("somebody").unwrap();
        client.post(url).body(body.to_owned()).send().await.unwrap().status().as_u16()
    }
}
