use super::*;

const PERSON: &str = r#"{"Name":"Ana Lima","TypeId":2,"Email":"ana@example.com"}"#;

/// Makes a person while `fault` strikes; waits at most a minute.
async fn struck(client: &Client, fault: Fault) -> Option<Result<Got, WireError>> {
    client.0.faults().plan(Target::new(Method::POST, "/Contacts"), fault);
    let body: Value = serde_json::from_str(PERSON).unwrap();
    let call = client.try_call(Method::POST, "/Contacts", &body);
    tokio::time::timeout(Duration::from_mins(1), call).await.ok()
}

fn status(code: u16, when: When) -> Fault {
    Fault::Status { code, retry_after: None, body: FaultBody::Json, when }
}

#[tokio::test(start_paused = true)]
async fn a_fault_strikes_before_or_after_the_write_is_applied() {
    for (fault, writes) in [
        (status(503, When::Before), 0),
        (status(504, When::After), 1),
        (Fault::Reset(When::Before), 0),
        (Fault::Reset(When::After), 1),
        (Fault::Silence(When::Before), 0),
        (Fault::Silence(When::After), 1),
        (Fault::Refused, 0),
        (Fault::Truncated, 1),
        (Fault::Empty, 1),
    ] {
        let client = Client::open();
        let ending = struck(&client, fault.clone()).await;
        assert_eq!(client.0.writes(), writes, "{fault:?}");
        assert_eq!(client.0.contacts().len(), writes, "{fault:?}");
        let reached = usize::from(fault != Fault::Refused);
        assert_eq!(client.0.requests().len(), reached, "{fault:?}");
        match fault {
            Fault::Status { code, .. } => assert_eq!(ending.unwrap().unwrap().status, code),
            Fault::Reset(_) => assert!(matches!(ending, Some(Err(WireError::Broken(_))))),
            Fault::Refused => assert!(matches!(ending, Some(Err(WireError::NotSent(_))))),
            Fault::Silence(_) => assert!(ending.is_none()),
            Fault::Truncated => {
                let got = ending.unwrap().unwrap();
                assert!(serde_json::from_slice::<Value>(&got.body).is_err());
            }
            _ => assert!(ending.unwrap().unwrap().body.is_empty()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_on_a_slow_answer_does_not_undo_the_write() {
    let client = Client::open();
    assert!(struck(&client, Fault::Slow(Duration::from_secs(90))).await.is_none());
    assert_eq!(client.0.writes(), 1);
    let before = tokio::time::Instant::now();
    assert!(struck(&client, Fault::Slow(Duration::from_secs(5))).await.is_some());
    assert_eq!(before.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn an_empty_read_is_a_200_without_rows_and_a_firewall_speaks_html() {
    let client = Client::open();
    client.person("ana@example.com").await;
    client.0.faults().plan(Target::any(), Fault::Empty);
    let got = client.get("/Contacts").await;
    assert!(got.value().is_empty());
    let html = Fault::Status {
        code: 403,
        retry_after: Some(7),
        body: FaultBody::Html,
        when: When::Before,
    };
    client.0.faults().plan(Target::any(), html);
    let got = client.get("/Contacts").await;
    assert_eq!((got.status, &got.headers["retry-after"]), (403, &"7".parse().unwrap()));
    assert!(got.body.starts_with(b"<html>"));
    assert_eq!(client.get("/Contacts").await.value().len(), 1);
}

#[tokio::test]
async fn the_service_can_be_asked_over_http() {
    let service = Arc::new(Ploomes::new(Clock::system(), 1, KEY, Switches::default()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stopping = tokio_util::sync::CancellationToken::new();
    let server =
        crate::simulator::http::serve(listener, Arc::<Ploomes>::clone(&service), stopping.clone());
    let client = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /Contacts HTTP/1.1\r\nHost: it\r\nuser-Key: {KEY}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{PERSON}",
            PERSON.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        stopping.cancel();
        answer
    };
    let ((), answer) = tokio::join!(server, client);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"Email\":\"ana@example.com\""), "{answer}");
    assert_eq!(service.writes(), 1);
}
