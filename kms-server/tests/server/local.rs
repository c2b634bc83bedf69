//! Requests of callers who do not sign, over the socket.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use kms_server::config::{Config, File};
use tempfile::TempDir;

use crate::harness::{Server, config, exchange, read_to_end};

const HEAD: &str = "POST /local/credentials HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n";

/// A server with a socket, on which a user that nobody is gets credentials.
fn on_socket(path: &Path) -> Config {
    let file = format!(
        "home = '/h'\nunix_socket = {path:?}\n[[peer]]\nuid = 4000000000\nprincipal = 'user/ci'"
    );
    Config {
        unix_socket: Some(path.to_owned()),
        local: Config::from_file(File::parse(&file).unwrap())
            .unwrap()
            .local,
        ..config()
    }
}

#[test]
fn a_body_that_does_not_arrive_is_refused_and_on_record_with_the_peer() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("kms.sock");
    let mut config = on_socket(&path);
    config.timeouts.body = Duration::from_millis(200);
    let server = Server::start_with(&config);
    let mut stream = UnixStream::connect(&path).unwrap();
    let begun = format!("{HEAD}content-length: 2\r\n\r\n{{");
    stream.write_all(begun.as_bytes()).unwrap();
    let answer = read_to_end(&mut stream);
    assert!(answer.contains("did not arrive in time"), "{answer}");
    let whole = format!("{HEAD}content-length: 2\r\n\r\n{{}}");
    let answer = exchange(UnixStream::connect(&path).unwrap(), whole.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    let records = server.records();
    let own = rustix::process::geteuid().as_raw();
    for record in &records {
        assert_eq!(record["eventName"], "GetLocalCredentials");
        assert_eq!(record["additionalEventData"]["peer"]["uid"], own);
    }
    assert_eq!(server.recorded_codes()[1], "AccessDenied");
    assert_eq!(records.len(), 2);
}

#[test]
fn a_page_in_a_browser_gets_nothing() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("kms.sock");
    let server = Server::start_with(&on_socket(&path));
    let request = format!("{HEAD}origin: http://localhost:8080\r\ncontent-length: 2\r\n\r\n{{}}");
    let answer = exchange(UnixStream::connect(&path).unwrap(), request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.contains("Pages in browsers get no credentials."),
        "{answer}"
    );
    assert_eq!(server.recorded_codes(), ["ValidationException"]);
}

#[test]
fn on_a_connection_of_nobody_known_there_is_nothing() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("kms.sock");
    let server = Server::start_with(&on_socket(&path));
    let request = format!("{HEAD}content-length: 2\r\n\r\n{{}}");
    let answer = server.send(request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(server.records().is_empty());
}
