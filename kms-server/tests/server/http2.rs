//! HTTP/2, in the clear with prior knowledge and by ALPN.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::harness::{AccessKey, SIXTEEN_BYTES, Server, signed_headers};
use crate::sockets::tls_config;

async fn connect<I>(io: I) -> http2::SendRequest<Full<Bytes>>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(io);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Over HTTP/2 the host is signed as a header and sent as `:authority`.
fn call(key: &AccessKey, authority: &str) -> Request<Full<Bytes>> {
    let (target, body) = ("TrentService.GenerateRandom", SIXTEEN_BYTES);
    let mut request = Request::post(format!("http://{authority}/"));
    for (name, value) in signed_headers(key, target, "kms.test", body.as_bytes()) {
        if name != "host" {
            request = request.header(name, value);
        }
    }
    request.body(Full::from(body)).unwrap()
}

async fn text(answer: Response<Incoming>) -> String {
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[test]
fn many_calls_share_a_connection() {
    let server = Server::start();
    server.runtime.block_on(async {
        let sender = connect(TcpStream::connect(server.address()).await.unwrap()).await;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let mut sender = sender.clone();
            let call = call(&server.key, "kms.test");
            calls.spawn(async move { sender.send_request(call).await });
        }
        while let Some(answer) = calls.join_next().await {
            let answer = answer.unwrap().unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            assert!(text(answer).await.contains("Plaintext"));
        }
    });
    assert_eq!(server.recorded_codes(), [""; 20]);
}

#[test]
fn another_authority_than_the_signed_one_is_refused() {
    let server = Server::start();
    server.runtime.block_on(async {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let mut sender = connect(stream).await;
        let answer = sender
            .send_request(call(&server.key, "evil.test"))
            .await
            .unwrap();
        assert!(text(answer).await.contains("InvalidSignatureException"));
    });
}

#[test]
fn a_host_header_beside_the_authority_is_refused() {
    let server = Server::start();
    server.runtime.block_on(async {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let mut sender = connect(stream).await;
        let mut request = call(&server.key, "evil.test");
        request
            .headers_mut()
            .insert("host", "kms.test".parse().unwrap());
        let answer = sender.send_request(request).await.unwrap();
        assert!(text(answer).await.contains("IncompleteSignatureException"));
    });
}

#[test]
fn tls_offers_http_2() {
    let directory = TempDir::new().unwrap();
    let (config, client) = tls_config(directory.path());
    let server = Server::start_with(&config);
    let mut client = Arc::unwrap_or_clone(client);
    client.alpn_protocols = vec![b"h2".to_vec()];
    server.runtime.block_on(async {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
        let stream = connector.connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut sender = connect(stream).await;
        let answer = sender
            .send_request(call(&server.key, "kms.test"))
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    });
}

#[test]
fn headers_over_the_limit_and_bodies_over_the_limit_are_refused() {
    let server = Server::start();
    server.runtime.block_on(async {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let mut sender = connect(stream).await;
        let body = Bytes::from(vec![b'a'; 300 * 1024]);
        let large = Request::post("http://kms.test/")
            .body(Full::from(body))
            .unwrap();
        let answer = sender.send_request(large).await.unwrap();
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
        let mut long = call(&server.key, "kms.test");
        let filler = "a".repeat(33 * 1024).parse().unwrap();
        long.headers_mut().insert("x-filler", filler);
        let answer = sender.send_request(long).await;
        let refused = answer.map(|answer| answer.status());
        assert!(!matches!(refused, Ok(StatusCode::OK)), "{refused:?}");
    });
    assert!(!server.recorded_codes().contains(&String::new()));
}
