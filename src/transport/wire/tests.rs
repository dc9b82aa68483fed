use std::{io::Write as _, net::SocketAddr};

use flate2::{Compression, write::GzEncoder};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::*;

/// A server whose connections are handled, one after the other, by `serve`.
async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> (SocketAddr, JoinSet<()>)
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            serve(stream).await;
        }
    });
    (address, task)
}

/// Reads one request without a body.
async fn read(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") && stream.read_buf(&mut seen).await.unwrap() > 0 {}
}

fn get(url: String) -> http::Request<Bytes> {
    http::Request::get(url).body(Bytes::new()).unwrap()
}

async fn call(url: String) -> Result<http::Response<Bytes>, WireError> {
    Wire::Http(http_client("ponte-test").unwrap()).call(get(url)).await
}

/// What comes of a request to a server that reads it and answers `raw`, then closes.
async fn answered(raw: &'static [u8]) -> Result<http::Response<Bytes>, WireError> {
    let (address, _server) = server(move |mut stream| async move {
        read(&mut stream).await;
        stream.write_all(raw).await.unwrap();
    })
    .await;
    call(format!("http://{address}/")).await
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);

    let outcome = call(format!("http://{address}/")).await;

    assert!(matches!(outcome, Err(WireError::NotSent(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_failed_tls_handshake_sent_nothing() {
    let (address, _server) = server(|mut stream| async move {
        let _hello = stream.read(&mut [0; 64]).await;
        let _sent = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;

    let outcome = call(format!("https://{address}/")).await;

    assert!(matches!(outcome, Err(WireError::NotSent(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_in_doubt() {
    let outcome = answered(b"").await;

    assert!(matches!(outcome, Err(WireError::Broken(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_in_doubt() {
    let outcome = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"conta").await;

    assert!(matches!(outcome, Err(WireError::Broken(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_failure_does_not_show_the_query() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);

    let outcome = call(format!("http://{address}/contacts?email=ana@example.com")).await;

    let error = outcome.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("ana"), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let answer = answered(
        b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await
    .unwrap();

    assert_eq!(answer.status(), 302);
}

#[tokio::test]
async fn a_compressed_body_is_unpacked() {
    let raw = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 25\r\n\r\n\
        \x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00";

    assert_eq!(answered(raw).await.unwrap().body(), "hello");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let (address, _server) = server(|mut stream| async move {
        read(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let zeros = vec![0; 1 << 20];
        while stream.write_all(&zeros).await.is_ok() {}
    })
    .await;

    let outcome = call(format!("http://{address}/")).await;

    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("longer than 16777216 bytes"), "{error}");
}

#[tokio::test]
async fn a_small_answer_that_unpacks_to_a_huge_one_is_cut_off() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..(4 * ANSWER_BYTES_MAX) >> 20 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < ANSWER_BYTES_MAX / 8);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bomb.len()
    );
    let (address, _server) = server(move |mut stream| {
        let raw = [head.as_bytes(), &bomb].concat();
        async move {
            read(&mut stream).await;
            // Whoever has had enough closes.
            let _sent = stream.write_all(&raw).await;
        }
    })
    .await;

    let outcome = call(format!("http://{address}/")).await;

    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("longer than 16777216 bytes"), "{error}");
}

#[tokio::test]
async fn a_request_on_a_kept_connection_that_then_closes_is_in_doubt_and_not_repeated() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let (address, _server) = server(move |mut stream| {
        let seen = seen.clone();
        async move {
            read(&mut stream).await;
            seen.send(()).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            // The second one is read, and never answered.
            read(&mut stream).await;
            seen.send(()).unwrap();
        }
    })
    .await;
    let wire = Wire::Http(http_client("ponte-test").unwrap());
    wire.call(get(format!("http://{address}/"))).await.unwrap();

    let outcome = wire.call(get(format!("http://{address}/"))).await;

    assert!(matches!(outcome, Err(WireError::Broken(_))), "{outcome:?}");
    drop(wire);
    let mut count = 0;
    while requests.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!(count, 2);
}
