//! What is too large, too slow or too much.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use kms_server::config::Config;

use crate::harness::{SIXTEEN_BYTES, Server, config, exchange, read_one, read_to_end};

const SHORT: Duration = Duration::from_millis(200);

/// Who does not wait for the head of a request.
fn without_patience_for_heads() -> Config {
    let mut config = config();
    config.timeouts.header = SHORT;
    config
}

/// A connection on which a call was answered. Where a busy machine lets the deadline for the head pass
/// before the client has written it, the client tries again.
fn served(server: &Server) -> TcpStream {
    loop {
        let call = server.call("GenerateRandom", SIXTEEN_BYTES, "");
        let mut stream = server.connect();
        if stream.write_all(&call).is_ok() && matches!(stream.peek(&mut [0; 1]), Ok(1)) {
            assert!(read_one(&mut stream).starts_with("HTTP/1.1 200 "));
            return stream;
        }
    }
}

/// Until more time has passed than a head may take: as another connection finds out.
fn wait_for_a_late_head(server: &Server) {
    for _ in 0..2 {
        assert_eq!(read_to_end(&mut server.connect()), "");
    }
}

#[test]
fn a_head_over_the_limit_is_refused() {
    let server = Server::start();
    let filler = format!(
        "x-filler: {}\r\nconnection: close\r\n",
        "a".repeat(33 * 1024)
    );
    let answer = server.send(&server.call("GenerateRandom", SIXTEEN_BYTES, &filler));
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    let many = "x-a: b\r\n".repeat(500);
    let answer = server.send(&server.call("GenerateRandom", SIXTEEN_BYTES, &many));
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    assert!(server.records().is_empty());
}

#[test]
fn a_body_up_to_the_limit_is_read_and_one_over_it_is_refused_and_recorded() {
    let server = Server::start();
    let limit = 256 * 1024;
    let answer = server.send(&server.last_call("GenerateRandom", &padded(limit)));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{:.200}", answer);
    let answer = server.send(&server.last_call("GenerateRandom", &padded(limit + 1)));
    assert!(answer.starts_with("HTTP/1.1 413 "), "{:.200}", answer);
    assert!(answer.contains("RequestEntityTooLargeException"));
    assert_eq!(
        server.recorded_codes(),
        ["", "RequestEntityTooLargeException"]
    );
}

/// A call's body of that many bytes, most of them white space.
fn padded(length: usize) -> String {
    SIXTEEN_BYTES.to_owned() + &" ".repeat(length - SIXTEEN_BYTES.len())
}

#[test]
fn a_stated_length_over_the_limit_is_refused_before_the_body_comes() {
    let server = Server::start();
    let answer =
        server.send(b"POST / HTTP/1.1\r\nhost: kms\r\ncontent-length: 99999999999\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn a_chunked_body_over_the_limit_is_refused() {
    let server = Server::start();
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
    let head = "POST / HTTP/1.1\r\nhost: kms\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = server.send(format!("{head}{}0\r\n\r\n", chunk.repeat(8)).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn a_head_that_does_not_arrive_ends_the_connection() {
    let server = Server::start_with(&without_patience_for_heads());
    for begin in ["", "POST / HT", "POST / HTTP/1.1\r\nhost: k"] {
        assert_eq!(exchange(server.connect(), begin.as_bytes()), "", "{begin}");
    }
}

#[test]
fn a_head_that_trickles_ends_the_connection() {
    let server = Server::start_with(&without_patience_for_heads());
    let mut stream = served(&server);
    stream.write_all(b"POST / HTTP/1.1\r\nx-slow: ").unwrap();
    // Whoever waited from byte to byte would take them all, and refuse a head that is too long.
    for _ in 0..40_000 {
        if stream.write_all(b"a").is_err() {
            break;
        }
        sleep(SHORT / 10);
    }
    assert_eq!(read_to_end(&mut stream), "");
}

#[test]
fn a_body_that_does_not_arrive_is_refused() {
    let mut config = config();
    config.timeouts.body = SHORT;
    let server = Server::start_with(&config);
    let request = server.call("GenerateRandom", SIXTEEN_BYTES, "");
    let answer = server.send(&request[..request.len() - 1]);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("SerializationException"));
    assert_eq!(server.recorded_codes(), ["SerializationException"]);
}

#[test]
fn an_idle_connection_outlives_the_time_for_a_head() {
    let server = Server::start_with(&without_patience_for_heads());
    let mut stream = served(&server);
    wait_for_a_late_head(&server);
    stream
        .write_all(&server.call("GenerateRandom", SIXTEEN_BYTES, ""))
        .unwrap();
    assert!(read_one(&mut stream).starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_connection_that_is_idle_for_long_is_closed() {
    let mut config = config();
    config.timeouts.idle = SHORT;
    // Connections are looked at as often as late heads need it.
    config.timeouts.header = SHORT * 4;
    let server = Server::start_with(&config);
    let mut stream = served(&server);
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_slow_call_is_not_taken_for_a_stalled_connection() {
    let mut config = without_patience_for_heads();
    config.timeouts.idle = SHORT;
    let server = Server::probe(&config);
    let mut stream = held(&server);
    wait_for_a_late_head(&server);
    server.held.let_go();
    assert!(read_one(&mut stream).starts_with("HTTP/1.1 200 "));
}

/// A connection with a call under way; tried again as in [`served`].
fn held(server: &Server) -> TcpStream {
    loop {
        let mut stream = server.connect();
        // A write to a connection that was dropped may succeed or fail.
        let _ = stream.write_all(b"GET /held HTTP/1.1\r\nhost: kms\r\n\r\n");
        stream.set_nonblocking(true).unwrap();
        loop {
            if server.held.count() == 1 {
                stream.set_nonblocking(false).unwrap();
                return stream;
            }
            match stream.peek(&mut [0; 1]) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    std::thread::yield_now();
                }
                _ => break,
            }
        }
    }
}

#[test]
fn connections_over_the_limit_wait_for_room() {
    let mut config = config();
    config.limits.connections = 2;
    let server = Server::start_with(&config);
    let mut first = server.connect();
    let mut second = server.connect();
    for stream in [&mut first, &mut second] {
        stream
            .write_all(&server.call("GenerateRandom", SIXTEEN_BYTES, ""))
            .unwrap();
        read_one(stream);
    }
    let mut third = server.connect();
    third
        .write_all(&server.call("GenerateRandom", SIXTEEN_BYTES, ""))
        .unwrap();
    let patience = third.read_timeout().unwrap();
    third.set_read_timeout(Some(SHORT)).unwrap();
    assert!(third.read(&mut [0; 1]).is_err());
    drop(first);
    third.set_read_timeout(patience).unwrap();
    assert!(read_one(&mut third).starts_with("HTTP/1.1 200 "));
}
