use std::{future::Future, pin::Pin};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// Does what the path says.
struct Mood;

impl Remote for Mood {
    fn call<'a>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, WireError>> + Send + 'a>> {
        Box::pin(async move {
            match request.uri().path() {
                "/echo" => Ok(Response::new(request.into_body())),
                "/cut" => {
                    let mut answer = Response::new(Bytes::from_static(b"half"));
                    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(8));
                    Ok(answer)
                }
                "/silent" => std::future::pending().await,
                _ => Err(WireError::Broken("reset".into())),
            }
        })
    }
}

/// A server of its own, and how to stop it.
async fn started() -> (std::net::SocketAddr, CancellationToken, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stopping = CancellationToken::new();
    let mut server = JoinSet::new();
    server.spawn(serve(listener, Arc::new(Mood), stopping.clone()));
    (address, stopping, server)
}

/// Everything that comes back until the other side closes.
async fn said(address: std::net::SocketAddr, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: it\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_request_reaches_the_remote_whole_and_its_answer_comes_back() {
    let (address, _stopping, _server) = started().await;
    let answer = said(address, "/echo", "hello").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-length: 5\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
}

#[tokio::test]
async fn an_error_closes_the_connection_without_an_answer() {
    let (address, _stopping, _server) = started().await;
    assert_eq!(said(address, "/reset", "").await, "");
}

#[tokio::test]
async fn an_answer_shorter_than_promised_is_cut_off() {
    let (address, _stopping, _server) = started().await;
    let answer = said(address, "/cut", "").await;
    assert!(answer.contains("content-length: 8\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhalf"), "{answer}");
}

#[tokio::test]
async fn stopping_drops_even_a_connection_that_waits_for_ever() {
    let (address, stopping, mut server) = started().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /silent HTTP/1.1\r\nHost: it\r\n\r\n").await.unwrap();
    // A second connection is answered, so the first is being served by now.
    said(address, "/echo", "").await;
    stopping.cancel();
    server.join_next().await.unwrap().unwrap();
    let mut left = Vec::new();
    stream.read_to_end(&mut left).await.ok();
    assert!(left.is_empty());
}
