//! A fast `ActiveCampaign` on loopback, in a process of its own: this benchmark's binary, called with
//! [`SERVE`] and how many contacts there are.
//!
//! It answers what a sweep asks, and what `tap-activecampaign` asks. The people are rendered before
//! the first request; a page only puts them together. A thread a connection, no compression, no limit.

use std::{
    fmt::Write as _,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use ponte::clock::Clock;

use crate::people::{self, AUTOMATION, FIELDS, PEOPLE};

/// The argument that makes a server of this benchmark.
pub const SERVE: &str = "serve";

/// The longest request: a line and a few headers.
const HEAD_BYTES_MAX: usize = 8 << 10;

/// A server that is up; gone when it is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    /// Starts one with so many contacts, which have the ids from 1 on.
    pub fn start(contacts: i64) -> Self {
        let this = std::env::current_exe().expect("Linux says which program this is");
        let mut command = Command::new(this);
        command.args([SERVE, &contacts.to_string()]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it is a pipe");
        BufReader::new(out).read_line(&mut line).expect("it says its port");
        Self { child, port: line.trim().parse().expect("it says its port") }
    }

    /// How many questions it has answered, and how many of them were for one contact alone.
    pub fn answered(&self) -> [u64; 2] {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.write_all(b"GET /answered HTTP/1.1\r\n\r\n").expect("it reads");
        stream.shutdown(std::net::Shutdown::Write).expect("it is connected");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("it has a head");
        let numbers: Vec<_> = body.split(' ').filter_map(|it| it.parse().ok()).collect();
        numbers.try_into().expect("they are two numbers")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until nobody holds its input open any more.
pub fn serve(contacts: i64) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let account = Arc::new(Account::new(contacts));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let account = Arc::clone(&account);
            // A client that leaves in the middle is no failure of the server.
            thread::spawn(move || account.answer_all(&stream));
        }
    });
    let mut out = io::stdout().lock();
    writeln!(out, "{port}")?;
    out.flush()?;
    io::copy(&mut io::stdin().lock(), &mut io::sink()).map(drop)
}

struct Account {
    contacts: i64,
    /// Each person's three parts, cut where the contact's id belongs.
    people: Vec<[Vec<String>; 3]>,
    answered: AtomicU64,
    /// Those for one contact alone.
    alone: AtomicU64,
}

impl Account {
    fn new(contacts: i64) -> Self {
        let cut = |part: String| part.split('#').map(str::to_owned).collect();
        let people = people::on_the_wire().into_iter().map(|parts| parts.map(cut)).collect();
        Self { contacts, people, answered: AtomicU64::new(0), alone: AtomicU64::new(0) }
    }

    fn answer_all(&self, mut stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::with_capacity(HEAD_BYTES_MAX, stream);
        let (mut line, mut out, mut body) = (String::new(), String::new(), String::new());
        while let Some(target) = request(&mut reader, &mut line)? {
            body.clear();
            let status = self.answer(&target, &mut body);
            out.clear();
            let _ = write!(
                out,
                "HTTP/1.1 {status}\r\nDate: {}\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n",
                Clock::system().now().format("%a, %d %b %Y %H:%M:%S GMT"),
                body.len(),
            );
            stream.write_all(out.as_bytes())?;
            stream.write_all(body.as_bytes())?;
        }
        Ok(())
    }

    fn answer(&self, target: &str, body: &mut String) -> &'static str {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path == "/answered" {
            let of = |it: &AtomicU64| it.load(Ordering::Relaxed);
            let _ = write!(body, "{} {}", of(&self.answered), of(&self.alone));
            return "200 OK";
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
        match path.strip_prefix("/api/3/").unwrap_or_default() {
            "contacts" => self.page(query, body),
            "fields" => fields(body),
            "" => body.push_str("{}"),
            path if path.strip_prefix("automations/") == Some(&AUTOMATION.to_string()) => {
                let _ = write!(
                    body,
                    r#"{{"automation":{{"name":"Lead do site","status":"1","entered":"{}","id":"{AUTOMATION}"}}}}"#,
                    self.contacts
                );
            }
            path => {
                self.alone.fetch_add(u64::from(path.starts_with("contacts/")), Ordering::Relaxed);
                body.push_str(r#"{"message":"No Result found"}"#);
                return "404 Not Found";
            }
        }
        "200 OK"
    }

    /// A page of contacts, by cursor or by offset: their ids are the numbers from 1 on.
    fn page(&self, query: &str, body: &mut String) {
        let (mut after, mut limit, mut include) = (0, 20, String::new());
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "id_greater" | "offset" => after = value.parse().unwrap_or(0),
                "limit" => limit = value.parse::<i64>().map_or(20, |it| it.clamp(1, 100)),
                "include" => include = value.into_owned(),
                _ => {}
            }
        }
        let ids = (after + 1)..=(after + limit).min(self.contacts);
        body.push_str(r#"{"scoreValues":[]"#);
        let parts = ["contacts", "fieldValues", "contactAutomations"];
        for (part, name) in parts.into_iter().enumerate() {
            if part == 0 || include.split(',').any(|it| it == name) {
                let _ = write!(body, r#","{name}":["#);
                self.rows(part, ids.clone(), body);
                body.push(']');
            }
        }
        let total = self.contacts;
        let _ = write!(
            body,
            r#","meta":{{"page_input":{{"segmentid":null,"formid":0,"listid":0,"tagid":0,"limit":{limit},"offset":0,"search":null,"sort":null,"seriesid":0,"waitid":0,"status":-1,"forceQuery":0,"cacheid":"2df0f8cbd8ef2761a4a2c173bb0dffc3"}},"total":"{total}","sortable":true}}}}"#
        );
    }

    fn rows(&self, part: usize, ids: impl Iterator<Item = i64>, body: &mut String) {
        for (index, id) in ids.enumerate() {
            if index > 0 {
                body.push(',');
            }
            let person = usize::try_from(id % PEOPLE).unwrap_or_default();
            let id = id.to_string();
            for (index, piece) in self.people[person][part].iter().enumerate() {
                if index > 0 {
                    body.push_str(&id);
                }
                body.push_str(piece);
            }
        }
    }
}

/// Reads the next request, which has no body; returns its target.
fn request(reader: &mut impl BufRead, line: &mut String) -> io::Result<Option<String>> {
    line.clear();
    if reader.read_line(line)? == 0 {
        return Ok(None);
    }
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while line.trim() != "" {
        line.clear();
        reader.read_line(line)?;
    }
    Ok(Some(target))
}

fn fields(body: &mut String) {
    body.push_str(r#"{"fieldOptions":[],"fieldRels":[],"fields":["#);
    for (index, (id, perstag)) in FIELDS.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(
            body,
            r#"{comma}{{"title":"{perstag}","descript":null,"type":"text","isrequired":"0","perstag":"{perstag}","visible":"1","id":"{id}"}}"#
        );
    }
    let _ = write!(body, r#"],"meta":{{"total":"{}"}}}}"#, FIELDS.len());
}
