//! Servers on ports of their own, and a client that sends bytes and shows bytes.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::server::{Answers, Limits, serve};

/// A test that waits longer than this has found a fault.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs until it is stopped or dropped.
pub(super) struct Served {
    port: u16,
    stopping: CancellationToken,
    task: JoinSet<()>,
}

impl Served {
    pub(super) async fn start(service: impl Answers, limits: Limits) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stopping = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(serve(listener, service, limits, stopping.clone()));
        Self { port, stopping, task }
    }

    pub(super) async fn connect(&self) -> Client {
        Client(TcpStream::connect(("127.0.0.1", self.port)).await.unwrap())
    }

    /// One request on a connection of its own.
    pub(super) async fn ask(&self, request: impl AsRef<[u8]>) -> Answer {
        self.connect().await.ask(request).await
    }

    /// Asks it to stop, and goes on.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
    }

    /// Waits for its end.
    pub(super) async fn stopped(mut self) {
        timeout(PATIENCE, self.task.join_next()).await.expect("it stops").unwrap().unwrap();
    }

    /// Whether it still takes connections.
    pub(super) async fn listens(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
    }
}

/// One connection.
pub(super) struct Client(pub(super) TcpStream);

impl Client {
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("the server reads");
    }

    /// Sends a request and reads its answer.
    pub(super) async fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request).await;
        self.answer().await.expect("an answer")
    }

    /// The next answer; `None` where the server closed the connection instead.
    pub(super) async fn answer(&mut self) -> Option<Answer> {
        timeout(PATIENCE, self.read_answer()).await.expect("an answer in time")
    }

    async fn read_answer(&mut self) -> Option<Answer> {
        let mut bytes = Vec::new();
        loop {
            if let Some(answer) = Answer::parse(&bytes) {
                return Some(answer);
            }
            if self.0.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Waits until the server has closed the connection.
    pub(super) async fn closed(&mut self) -> bool {
        let mut byte = [0];
        let read = timeout(PATIENCE, self.0.read(&mut byte)).await.expect("a close in time");
        !matches!(read, Ok(1))
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Answer {
    /// The value of a header, whose name is lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).expect("answers are text");
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let answer = Self { status, head: head.to_owned(), body: body.to_owned() };
        let length = answer.header("content-length").map_or(0, |it| it.parse().unwrap());
        (answer.body.len() >= length).then_some(answer)
    }
}

/// A request with a body.
pub(super) fn post(path: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: \
         application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

/// A request without a body.
pub(super) fn bare(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}
