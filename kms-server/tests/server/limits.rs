//! What is too large, too slow or too much.

use std::io::{Read, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use kms_server::config::Config;

use crate::harness::{SIXTEEN_BYTES, Server, config, read_one, read_to_end};

fn impatient() -> Config {
    let mut config = config();
    config.timeouts.header = Duration::from_millis(200);
    config.timeouts.body = Duration::from_millis(200);
    config.timeouts.idle = Duration::from_millis(1000);
    config
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
    let server = Server::start_with(&impatient());
    for begin in ["", "POST / HT", "POST / HTTP/1.1\r\nhost: k"] {
        let mut stream = server.connect();
        let start = Instant::now();
        stream.write_all(begin.as_bytes()).unwrap();
        assert_eq!(read_to_end(&mut stream), "", "{begin}");
        assert!(start.elapsed() < Duration::from_secs(5), "{begin}");
    }
}

#[test]
fn a_head_that_trickles_ends_the_connection() {
    let server = Server::start_with(&impatient());
    let mut stream = server.connect();
    stream
        .write_all(&server.call("GenerateRandom", SIXTEEN_BYTES, ""))
        .unwrap();
    read_one(&mut stream);
    let mut written = 0;
    for byte in b"POST / HTTP/1.1\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        written += 1;
        sleep(Duration::from_millis(20));
    }
    assert!(written < 60, "the whole head was taken");
    assert_eq!(read_to_end(&mut stream), "");
}

#[test]
fn a_body_that_does_not_arrive_is_refused() {
    let server = Server::start_with(&impatient());
    let request = server.call("GenerateRandom", SIXTEEN_BYTES, "");
    let answer = server.send(&request[..request.len() - 1]);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("SerializationException"));
    assert_eq!(server.recorded_codes(), ["SerializationException"]);
}

#[test]
fn an_idle_connection_outlives_the_time_for_a_head_and_is_then_closed() {
    let server = Server::start_with(&impatient());
    let mut stream = server.connect();
    stream
        .write_all(&server.call("GenerateRandom", SIXTEEN_BYTES, ""))
        .unwrap();
    read_one(&mut stream);
    sleep(Duration::from_millis(500));
    stream
        .write_all(&server.call("GenerateRandom", SIXTEEN_BYTES, ""))
        .unwrap();
    read_one(&mut stream);
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_slow_call_is_not_taken_for_a_stalled_connection() {
    let server = Server::probe(&impatient());
    let mut stream = server.connect();
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nhost: kms\r\n\r\n")
        .unwrap();
    assert!(read_one(&mut stream).starts_with("HTTP/1.1 200 "));
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
    third
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    assert!(third.read(&mut [0; 1]).is_err());
    drop(first);
    third
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert!(read_one(&mut third).starts_with("HTTP/1.1 200 "));
}
