//! What is answered to whom.

use std::io::Write;
use std::sync::atomic::Ordering;

use crate::harness::{Server, call, last_call, read_one};

fn unsigned(head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{head}host: kms\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

#[test]
fn a_signed_call_is_answered_in_aws_s_shape() {
    let server = Server::start();
    let answer = server.send(&last_call("Encrypt", r#"{"a":1}"#));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: application/x-amz-json-1.1\r\n"));
    assert!(answer.contains("cache-control: no-cache, no-store, must-revalidate, private\r\n"));
    assert!(answer.contains("\r\ndate: "));
    assert!(answer.ends_with(r#"{"a":1}"#));
    let calls = server.backend.calls.lock().unwrap();
    let id = &calls[0].1.request_id;
    assert!(answer.contains(&format!("x-amzn-requestid: {id}\r\n")));
    assert_eq!(calls[0].1.peer.ip, Some("127.0.0.1".parse().unwrap()));
    assert!(!calls[0].1.peer.secure);
}

#[test]
fn a_connection_serves_many_calls() {
    let server = Server::start();
    let mut stream = server.connect();
    for number in 0..3 {
        let body = format!(r#"{{"n":{number}}}"#);
        stream.write_all(&call("Encrypt", &body, "")).unwrap();
        assert!(read_one(&mut stream).ends_with(&body));
    }
}

#[test]
fn an_unsigned_call_is_refused_and_recorded() {
    let server = Server::start();
    let head = "POST / HTTP/1.1\r\nx-amz-target: TrentService.Encrypt\r\n\
                content-type: application/x-amz-json-1.1\r\nuser-agent: someone\r\n";
    let answer = server.send(&unsigned(head, "{}"));
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with(
        r#"{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#
    ));
    let refusals = server.backend.refusals.lock().unwrap();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].operation.unwrap().as_str(), "Encrypt");
    assert_eq!(refusals[0].details.user_agent, "someone");
}

#[test]
fn a_wrong_signature_and_an_unknown_access_key_are_refused_and_recorded() {
    let server = Server::start();
    let signed = String::from_utf8(last_call("Encrypt", "{}")).unwrap();
    let changed = signed.replace("\r\n\r\n{}", "\r\n\r\n[]");
    assert!(
        server
            .send(changed.as_bytes())
            .contains("InvalidSignatureException")
    );
    let stranger = signed.replace("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF");
    let answer = server.send(stranger.as_bytes());
    assert!(answer.ends_with(
        r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#
    ), "{answer}");
    assert!(server.backend.calls.lock().unwrap().is_empty());
    assert_eq!(
        server.refusal_codes(),
        ["InvalidSignatureException", "UnrecognizedClientException"]
    );
}

#[test]
fn an_unknown_operation_is_refused_and_recorded() {
    let server = Server::start();
    for operation in ["encrypt", "CreateGrant", ""] {
        let answer = server.send(&last_call(operation, "{}"));
        assert!(
            answer.contains(r#"{"__type":"UnknownOperationException""#),
            "{answer}"
        );
    }
    assert_eq!(server.refusal_codes(), ["UnknownOperationException"; 3]);
}

#[test]
fn a_refusal_that_cannot_be_recorded_is_a_fault() {
    let server = Server::start();
    server.backend.ledger_is_full.store(true, Ordering::SeqCst);
    let answer = server.send(&unsigned("POST / HTTP/1.1\r\n", "{}"));
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("KMSInternalException"));
    assert!(!answer.contains("MissingAuthentication"));
}

#[test]
fn other_methods_and_paths_lead_nowhere() {
    let server = Server::start();
    for (line, status) in [
        ("GET / HTTP/1.1", "405"),
        ("PUT / HTTP/1.1", "405"),
        ("OPTIONS / HTTP/1.1", "405"),
        ("POST /healthz HTTP/1.1", "405"),
        ("POST /x HTTP/1.1", "404"),
        ("POST // HTTP/1.1", "404"),
        ("POST /./ HTTP/1.1", "404"),
        ("POST /healthz/../ HTTP/1.1", "404"),
        ("GET /HEALTHZ HTTP/1.1", "404"),
        ("OPTIONS * HTTP/1.1", "404"),
    ] {
        let answer = server.send(&unsigned(&format!("{line}\r\n"), ""));
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{line}: {answer}"
        );
        assert!(answer.contains("UnknownOperationException"), "{line}");
    }
    assert!(server.backend.calls.lock().unwrap().is_empty());
}

#[test]
fn health_needs_no_signature_and_readiness_follows_the_engine() {
    let server = Server::start();
    let get = |path: &str| server.send(&unsigned(&format!("GET {path} HTTP/1.1\r\n"), ""));
    assert!(get("/healthz").starts_with("HTTP/1.1 200 "));
    assert!(get("/readyz").starts_with("HTTP/1.1 200 "));
    server.backend.ledger_is_full.store(true, Ordering::SeqCst);
    assert!(get("/healthz").starts_with("HTTP/1.1 200 "));
    assert!(get("/readyz").starts_with("HTTP/1.1 503 "));
}

#[test]
fn a_panic_in_a_handler_is_a_fault_of_that_request_alone() {
    let server = Server::start();
    let mut stream = server.connect();
    stream.write_all(&call("ListKeys", "{}", "")).unwrap();
    let answer = read_one(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("KMSInternalException"));
    assert!(!answer.contains("a fault in a handler"));
    stream.write_all(&call("Encrypt", "{}", "")).unwrap();
    assert!(read_one(&mut stream).starts_with("HTTP/1.1 200 "));
}
