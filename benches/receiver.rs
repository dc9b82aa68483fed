//! What the receiver costs, side by side in one run:
//!
//! * the same server and path with nothing stored;
//! * the receiver on the real ledger, with 1 to 256 connections, as fast as they go;
//! * in turns with it, a bare `SQLite` writer thread with group commit and 64 submitters: no HTTP,
//!   one column, no digest, no index; the same with threads for submitters, as whoever has no
//!   runtime would write it; the same server with that writer behind it, which is what any receiver
//!   pays; and the ledger without HTTP;
//! * the receiver at a steady 2,000 requests a second, counted from when each was due.
//!
//! `cargo bench --bench receiver` takes a minute, with `-- --quick` a quarter of that. Clients and
//! server share the machine's cores, so the numbers are a floor. The processor time, theirs and the
//! server's together, tells two builds apart where the machine is busy with other things.

#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

#[path = "receiver/bare.rs"]
mod bare;

use std::{convert::Infallible, fmt::Write as _, sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Collected};
use hyper::body::Incoming;
use ponte::{
    clock::Clock,
    domain::RouteId,
    ledger::{
        Ledger, Options,
        delivery::NewDelivery,
        open::Opener,
        route::{self, KeyKind},
    },
    web::{
        Receiver, ReceiverRoute,
        server::{self, Answers, Limits},
    },
};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tower::service_fn;

use self::bare::{Bare, Submission};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The one route of a new ledger.
const ROUTE: RouteId = RouteId(1);

/// Of a webhook with some custom fields.
const BODY_BYTES: usize = 1500;

/// Connections, or submitters, at which the goal stands.
const SIDE_BY_SIDE: usize = 64;

/// How often the two that are compared take turns.
const TURNS: u32 = 8;

/// Requests a second of the steady run, and its connections.
const STEADY: (u32, u32) = (2_000, 32);

fn main() {
    let is_quick = std::env::args().any(|it| it == "--quick");
    let lasting = Duration::from_secs(if is_quick { 2 } else { 8 });
    let runtime = Runtime::new().expect("threads can be started");
    runtime.block_on(run(lasting));
}

async fn run(lasting: Duration) {
    println!("{:<48} {:>9} {:>9} {:>9} {:>9}", "", "a second", "p50 ms", "p99 ms", "CPU us");
    let nothing = Served::start(nothing_stored()).await;
    let mut load = Load::default();
    load.measure(lasting, |span| nothing.load(SIDE_BY_SIDE, span)).await;
    load.show("the server, nothing stored, 64 connections");
    nothing.stop().await;

    for connections in [1, 16, 256] {
        let (served, ledger, _directory) = receiver().await;
        let mut load = Load::default();
        load.measure(lasting, |span| served.load(connections, span)).await;
        load.show(&format!("receiver, {connections} connections"));
        served.stop().await;
        ledger.close().await;
    }
    compare(lasting).await;
    let (served, ledger, _directory) = receiver().await;
    let mut load = Load::default();
    load.measure(lasting, |span| served.steady(span)).await;
    load.show("receiver, steady 2,000 a second, 32 connections");
    served.stop().await;
    ledger.close().await;
}

/// The receiver and the bare writer in turns, so that whatever else the machine does meets both.
async fn compare(lasting: Duration) {
    let directory = directory();
    let bare = Bare::start(&directory.path().join("bare.db"));
    let behind = Served::start(stored_barely(bare.queue())).await;
    let (served, ledger, _directory) = receiver().await;
    let mut loads: [Load; 5] = Default::default();
    for _ in 0..TURNS {
        let lasting = lasting / TURNS;
        loads[0].measure(lasting, |span| bare.load(SIDE_BY_SIDE, span)).await;
        loads[1].measure(lasting, |span| bare.load_by_threads(SIDE_BY_SIDE, span)).await;
        loads[2].measure(lasting, |span| behind.load(SIDE_BY_SIDE, span)).await;
        loads[3].measure(lasting, |span| kept(&ledger, SIDE_BY_SIDE, span)).await;
        loads[4].measure(lasting, |span| served.load(SIDE_BY_SIDE, span)).await;
    }
    behind.stop().await;
    served.stop().await;
    ledger.close().await;
    let bare = loads[0].show("bare SQLite writer, 64 submitters");
    let threads = loads[1].show("bare SQLite writer, 64 submitting threads");
    let behind = loads[2].show("the same server before it, 64 connections");
    let kept = loads[3].show("the ledger without HTTP, 64 submitters");
    let receiver = loads[4].show("receiver, 64 connections");
    let ratios = [
        ("receiver / bare SQLite writer", receiver / bare),
        ("receiver / bare SQLite writer with threads", receiver / threads),
        ("receiver / the same server before it", receiver / behind),
        ("the ledger without HTTP / bare SQLite writer", kept / bare),
    ];
    for (name, ratio) in ratios {
        println!("{name:<48} {ratio:>9.2}");
    }
}

/// What was done in one or more spans.
#[derive(Default)]
struct Load {
    times: Vec<Duration>,
    lasting: Duration,
    processor: Duration,
}

impl Load {
    /// Lets `work` go on for a span, and notes its times and what the process spent meanwhile.
    async fn measure<W>(&mut self, lasting: Duration, work: impl FnOnce(Span) -> W)
    where
        W: Future<Output = Vec<Duration>>,
    {
        let span = Span::new(lasting);
        let spent = async {
            sleep_until(span.begin).await;
            let before = processor_time();
            sleep_until(span.end).await;
            processor_time().saturating_sub(before)
        };
        let (mut times, spent) = tokio::join!(work(span), spent);
        self.times.append(&mut times);
        self.lasting += lasting;
        self.processor += spent;
    }

    /// Prints one line; returns requests a second.
    fn show(&mut self, name: &str) -> f64 {
        self.times.sort_unstable();
        let at = |share: usize| {
            let index = self.times.len().saturating_mul(share) / 100;
            let index = index.min(self.times.len().saturating_sub(1));
            self.times.get(index).copied().unwrap_or_default()
        };
        let count = u32::try_from(self.times.len()).expect("a few million at most");
        let rate = f64::from(count) / self.lasting.as_secs_f64();
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let each = self.processor.as_secs_f64() * 1e6 / f64::from(count);
        println!("{name:<48} {rate:>9.0} {:>9.2} {:>9.2} {each:>9.1}", ms(at(50)), ms(at(99)));
        rate
    }
}

/// The processor time of this process until now.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.try_into().expect("a process has lived for some time, or none")
}

/// On the disk that is built on: a temporary directory may be in memory, where a commit is free.
fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the build directory can be written")
}

/// A receiver of one route on a ledger of its own.
async fn receiver() -> (Served, Ledger, TempDir) {
    let directory = directory();
    let clock = Clock::system();
    let ledger = Options::file(directory.path().join("ponte.db"), clock.clone())
        .open(Opener::Command)
        .expect("a new ledger opens");
    let now = clock.now();
    let route: RouteId = ledger
        .write(move |tx| Ok(route::register(tx, "site", KeyKind::Enrollment, now)?.id))
        .await
        .expect("a route is registered");
    assert_eq!(route, ROUTE);
    let routes = [ReceiverRoute { id: route, token: TOKEN.into(), previous: None }];
    let wake = Arc::new(Notify::new());
    let receiver = Receiver::new(ledger.clone(), clock, routes, 1024 * 1024, wake);
    (Served::start(receiver).await, ledger, directory)
}

/// Reads a body, forgets it, and answers as the receiver does.
fn nothing_stored() -> impl Answers {
    service_fn(async |request: Request<Incoming>| {
        let body = request.into_body().collect().await.map(|it| it.to_bytes().len());
        let answer = format!(r#"{{"receipt":"{}"}}"#, body.unwrap_or_default());
        Ok::<_, Infallible>(Response::new(Body::from(answer)))
    })
}

/// Gives a body to the bare writer, and answers as the receiver does.
fn stored_barely(queue: mpsc::Sender<Submission>) -> impl Answers {
    service_fn(move |request: Request<Incoming>| {
        let queue = queue.clone();
        async move {
            let body = request.into_body().collect().await;
            let body = body.map(Collected::to_bytes).unwrap_or_default();
            let (reply, answer) = oneshot::channel();
            queue.send((body, reply)).await.expect("the writer runs");
            answer.await.expect("the row is committed");
            Ok::<_, Infallible>(Response::new(Body::from(r#"{"receipt":"1"}"#)))
        }
    })
}

/// Deliveries of so many submitters given to the ledger, each after the one before is on disk.
async fn kept(ledger: &Ledger, submitters: usize, span: Span) -> Vec<Duration> {
    let body = Bytes::from(body());
    let mut tasks = JoinSet::new();
    for _ in 0..submitters {
        let (ledger, body) = (ledger.clone(), body.clone());
        tasks.spawn(async move {
            let mut times = Vec::new();
            let keep = async || {
                let new = NewDelivery {
                    route: ROUTE,
                    received_at: Clock::system().now(),
                    peer: "127.0.0.1".to_owned(),
                    headers: r#"{"user-agent":"bench"}"#.to_owned(),
                    body: body.clone(),
                };
                ledger.accept(new).await.expect("the ledger takes it");
            };
            while span.note(&mut times, keep).await {}
            times
        });
    }
    tasks.join_all().await.concat()
}

/// When what is done counts: an eighth is warming up.
#[derive(Clone, Copy)]
struct Span {
    begin: Instant,
    end: Instant,
}

impl Span {
    fn new(lasting: Duration) -> Self {
        let begin = Instant::now() + lasting / 8;
        Self { begin, end: begin + lasting }
    }

    /// Does `work` and notes how long it took; returns whether there is time for more.
    async fn note(&self, times: &mut Vec<Duration>, work: impl AsyncFnOnce()) -> bool {
        let start = Instant::now();
        work().await;
        self.count(times, start)
    }

    /// Notes what began at `start` and is done now; returns whether there is time for more.
    fn count(&self, times: &mut Vec<Duration>, start: Instant) -> bool {
        let done = Instant::now();
        if start > self.begin && done <= self.end {
            times.push(done - start);
        }
        done <= self.end
    }
}

/// A server on a port of its own.
struct Served {
    port: u16,
    stopping: CancellationToken,
    task: JoinSet<()>,
}

impl Served {
    async fn start(service: impl Answers) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let stopping = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(server::serve(listener, service, Limits::RECEIVER, stopping.clone()));
        Self { port, stopping, task }
    }

    async fn stop(mut self) {
        self.stopping.cancel();
        self.task.join_next().await;
    }

    /// Requests on so many connections, each after the answer to the one before.
    async fn load(&self, connections: usize, span: Span) -> Vec<Duration> {
        let mut clients = JoinSet::new();
        for _ in 0..connections {
            let mut client = Client::connect(self.port).await;
            clients.spawn(async move {
                let mut times = Vec::new();
                while span.note(&mut times, async || client.request().await).await {}
                times
            });
        }
        clients.join_all().await.concat()
    }

    /// Requests at an even pace, each counted from when it was due.
    async fn steady(&self, span: Span) -> Vec<Duration> {
        let (rate, connections) = STEADY;
        let mut clients = JoinSet::new();
        for number in 0..connections {
            let mut client = Client::connect(self.port).await;
            clients.spawn(async move {
                let pause = Duration::from_secs(1) * connections / rate;
                let mut due = span.begin + pause * number / connections;
                let mut times = Vec::new();
                while due < span.end {
                    sleep_until(due).await;
                    client.request().await;
                    times.push(due.elapsed());
                    due += pause;
                }
                times
            });
        }
        clients.join_all().await.concat()
    }
}

/// One connection that is kept.
struct Client {
    stream: TcpStream,
    request: Arc<[u8]>,
    answer: Vec<u8>,
}

impl Client {
    async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the server listens");
        stream.set_nodelay(true).expect("it is connected");
        let form = body();
        let request = format!(
            "POST /webhooks/{TOKEN} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        );
        Self { stream, request: request.into_bytes().into(), answer: vec![0; 1024] }
    }

    async fn request(&mut self) {
        self.stream.write_all(&self.request).await.expect("the server reads");
        let mut length = 0;
        // The answers are a head and one small object.
        while !self.answer[..length].ends_with(b"\"}") {
            let read = self.stream.read(&mut self.answer[length..]).await.expect("it answers");
            assert!(read > 0, "the server closed a connection");
            length += read;
        }
        assert!(self.answer.starts_with(b"HTTP/1.1 200"), "an answer is not 200");
    }
}

/// A form as an automation sends it, of an invented person.
fn body() -> String {
    let mut form = "contact[id]=42&contact[email]=maria%40example.com&seriesid=12".to_owned();
    let mut field = 0;
    while form.len() < BODY_BYTES {
        field += 1;
        write!(form, "&contact[fields][field_{field}]=an+answer+of+some+length")
            .expect("a string takes all that is written to it");
    }
    form
}
