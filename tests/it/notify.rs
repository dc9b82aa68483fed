//! `run` as a service manager sees it: ready, alive, stopping.

use std::{
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

/// Nobody listens there: the service needs neither API to be ready.
const CONFIG: &str = r#"
[activecampaign]
url = "http://127.0.0.1:9"
api_key = "a-key-of-activecampaign"
[ploomes]
url = "http://127.0.0.1:9"
user_key = "a-key-of-ploomes"
[receiver]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[ledger]
path = "ponte.db"
[[route]]
name = "site"
webhook_token = "a-token-of-the-site"
automation = 1
create = "person-deal"
pipeline = "Vendas"
stage = "Lead novo"
"#;

/// How long a message may take; longer than any of them does on a busy machine.
const WITHIN: Duration = Duration::from_mins(1);

/// A service, ended with the test.
struct Service(Child);

impl Service {
    fn start(directory: &Path, watchdog_usec: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ponte"));
        command
            .args(["--config", "config.toml", "run"])
            .current_dir(directory)
            .env("NOTIFY_SOCKET", directory.join("notify"))
            .env_remove("WATCHDOG_PID")
            .env_remove("WATCHDOG_USEC")
            .stderr(Stdio::null());
        if let Some(usec) = watchdog_usec {
            command.env("WATCHDOG_USEC", usec);
        }
        Self(command.spawn().expect("the service starts"))
    }

    fn terminate(&mut self) -> bool {
        let kill = format!("kill -TERM {}", self.0.id());
        let sent = Command::new("sh").args(["-c", &kill]).status().expect("there is a shell");
        assert!(sent.success());
        self.0.wait().expect("it ends").success()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Fails where it has ended, as it should have.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn stage() -> (TempDir, UnixDatagram) {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("config.toml"), CONFIG).expect("it is written");
    let socket = UnixDatagram::bind(directory.path().join("notify")).expect("a socket");
    socket.set_read_timeout(Some(WITHIN)).expect("it takes a timeout");
    (directory, socket)
}

fn next(socket: &UnixDatagram) -> String {
    let mut message = [0; 256];
    let length = socket.recv(&mut message).expect("a message comes in time");
    String::from_utf8_lossy(&message[..length]).trim_end().to_owned()
}

#[test]
fn a_service_manager_hears_that_it_is_ready_alive_and_stopping() {
    let (directory, socket) = stage();
    let mut service = Service::start(directory.path(), Some("200000"));
    let mut heard = vec![next(&socket)];
    while heard.iter().filter(|it| *it == "WATCHDOG=1").count() < 3 {
        heard.push(next(&socket));
    }
    assert!(heard.contains(&"READY=1".to_owned()), "{heard:?}");
    assert!(service.terminate());
    let mut last = next(&socket);
    while last == "WATCHDOG=1" {
        last = next(&socket);
    }
    assert_eq!(last, "STOPPING=1");
}

#[test]
fn without_a_watchdog_only_ready_and_stopping_are_said() {
    let (directory, socket) = stage();
    let mut service = Service::start(directory.path(), None);
    assert_eq!(next(&socket), "READY=1");
    assert!(service.terminate());
    assert_eq!(next(&socket), "STOPPING=1");
}
