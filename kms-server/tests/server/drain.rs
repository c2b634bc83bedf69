//! How a server ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::{Server, config, read_one, read_to_end};

const HELD: &[u8] = b"GET /held HTTP/1.1\r\nhost: kms\r\n\r\n";
const FAST: &[u8] = b"GET / HTTP/1.1\r\nhost: kms\r\n\r\n";

#[test]
fn a_call_under_way_is_answered_and_no_new_connection_is_taken() {
    let mut server = Server::probe(&config());
    let mut stream = server.connect();
    stream.write_all(HELD).unwrap();
    server.runtime.block_on(server.held.wait_for(1));
    server.stop();
    while TcpStream::connect(server.address()).is_ok() {
        std::thread::yield_now();
    }
    server.held.let_go();
    let answer = read_to_end(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(server.finish());
}

#[test]
fn idle_connections_are_closed_at_once() {
    let mut server = Server::probe(&config());
    let mut fresh = server.connect();
    // Connections are taken in their order: once this one is served, the other was taken.
    let mut used = server.connect();
    used.write_all(FAST).unwrap();
    read_one(&mut used);
    server.stop();
    assert!(server.finish());
    assert_eq!(used.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(fresh.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn the_wait_for_calls_under_way_has_an_end() {
    let mut config = config();
    config.timeouts.drain = Duration::from_millis(50);
    let mut server = Server::probe(&config);
    let mut stream = server.connect();
    stream.write_all(HELD).unwrap();
    server.runtime.block_on(server.held.wait_for(1));
    server.stop();
    assert!(!server.finish());
}
