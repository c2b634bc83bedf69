//! What is answered to whom.

use std::io::Write;

use kms_core::api::Operation;

use crate::harness::{SIXTEEN_BYTES, Server, config, read_one};

fn unsigned(head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{head}host: kms\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

#[test]
fn a_signed_call_is_answered_in_aws_s_shape_and_recorded() {
    let server = Server::start();
    let answer = server.send(&server.last_call("GenerateRandom", SIXTEEN_BYTES));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: application/x-amz-json-1.1\r\n"));
    assert!(answer.contains("cache-control: no-cache, no-store, must-revalidate, private\r\n"));
    assert!(answer.contains("\r\ndate: "));
    assert!(answer.contains(r#"{"Plaintext":""#));
    let records = server.records();
    assert_eq!(records.len(), 1);
    let id = records[0]["requestID"].as_str().unwrap();
    assert!(answer.contains(&format!("x-amzn-requestid: {id}\r\n")));
    assert_eq!(records[0]["eventName"], "GenerateRandom");
    assert_eq!(records[0]["sourceIPAddress"], "127.0.0.1");
    assert_eq!(records[0]["userIdentity"]["accessKeyId"], server.key.id);
}

#[test]
fn a_key_can_be_made_used_and_disabled() {
    let server = Server::start();
    let call = |operation: &str, body: &str| {
        let answer = server.send(&server.last_call(operation, body));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        (head.contains(" 200 OK"), body)
    };
    let (made, key) = call("CreateKey", "{}");
    assert!(made, "{key}");
    let id = key["KeyMetadata"]["KeyId"].as_str().unwrap();
    let plain = "c2VjcmV0";
    let (_, sealed) = call(
        "Encrypt",
        &format!(r#"{{"KeyId":"{id}","Plaintext":"{plain}"}}"#),
    );
    let blob = sealed["CiphertextBlob"].as_str().unwrap();
    let (_, opened) = call("Decrypt", &format!(r#"{{"CiphertextBlob":"{blob}"}}"#));
    assert_eq!(opened["Plaintext"], plain);
    let (disabled, body) = call("DisableKey", &format!(r#"{{"KeyId":"{id}"}}"#));
    assert!(disabled, "{body}");
    let (decrypted, refusal) = call("Decrypt", &format!(r#"{{"CiphertextBlob":"{blob}"}}"#));
    assert!(!decrypted);
    assert_eq!(refusal["__type"], "DisabledException");
}

#[test]
fn every_operation_has_a_place_in_the_table() {
    let server = Server::start();
    for operation in Operation::ALL {
        let answer = server.send(&server.last_call(operation.as_str(), "[]"));
        assert!(
            answer.contains(r#"{"__type":"SerializationException""#),
            "{operation}: {answer}"
        );
    }
    let recorded = server.records();
    let names: Vec<_> = recorded
        .iter()
        .map(|record| record["eventName"].as_str())
        .collect();
    let all: Vec<_> = Operation::ALL
        .iter()
        .map(|operation| Some(operation.as_str()))
        .collect();
    assert_eq!(names, all);
    let caller = recorded
        .iter()
        .all(|record| record["userIdentity"]["type"] == "Root");
    assert!(caller, "the caller of a malformed request is known");
}

#[test]
fn a_connection_serves_many_calls() {
    let server = Server::start();
    let mut stream = server.connect();
    for _ in 0..3 {
        let call = server.call("GenerateRandom", SIXTEEN_BYTES, "");
        stream.write_all(&call).unwrap();
        assert!(read_one(&mut stream).contains("Plaintext"));
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
    let records = server.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["eventName"], "Encrypt");
    assert_eq!(
        records[0]["errorCode"],
        "MissingAuthenticationTokenException"
    );
    assert_eq!(records[0]["userAgent"], "someone");
}

#[test]
fn a_wrong_signature_and_an_unknown_access_key_are_refused_and_recorded() {
    let server = Server::start();
    let signed = String::from_utf8(server.last_call("GenerateRandom", "{}")).unwrap();
    let changed = signed.replace("\r\n\r\n{}", "\r\n\r\n[]");
    assert!(
        server
            .send(changed.as_bytes())
            .contains("InvalidSignatureException")
    );
    let stranger = signed.replace(&server.key.id, "AKIAIOSFODNN7EXAMPLE");
    let answer = server.send(stranger.as_bytes());
    assert!(answer.ends_with(
        r#"{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}"#
    ), "{answer}");
    assert_eq!(
        server.recorded_codes(),
        ["InvalidSignatureException", "UnrecognizedClientException"]
    );
    let claimed = &server.records()[1]["userIdentity"]["accessKeyId"];
    assert_eq!(claimed, "AKIAIOSFODNN7EXAMPLE");
}

#[test]
fn a_signature_for_another_region_is_refused() {
    let config = kms_server::config::Config {
        region: "eu-west-3".parse().unwrap(),
        ..config()
    };
    let server = Server::start_with(&config);
    let answer = server.send(&server.last_call("GenerateRandom", SIXTEEN_BYTES));
    assert!(
        answer.contains("Credential should be scoped to a valid region."),
        "{answer}"
    );
}

#[test]
fn faults_on_purpose_befall_the_named_operation_at_their_rate_and_are_recorded() {
    let config = kms_server::config::Config {
        faults: vec![kms_server::config::Fault {
            operation: Some(Operation::GenerateRandom),
            millionths: 500_000,
            delay: std::time::Duration::from_millis(1),
            error: Some(kms_core::api::ErrorCode::ThrottlingException),
        }],
        ..config()
    };
    let server = Server::start_with(&config);
    let throttled: Vec<bool> = (0..4)
        .map(|_| server.send(&server.last_call("GenerateRandom", SIXTEEN_BYTES)))
        .map(|answer| answer.contains(r#"{"__type":"ThrottlingException""#))
        .collect();
    assert_eq!(throttled, [false, true, false, true]);
    assert!(
        server
            .send(&server.last_call("ListKeys", "{}"))
            .contains("200 OK")
    );
    let throttled = "ThrottlingException";
    assert_eq!(server.recorded_codes(), ["", throttled, "", throttled, ""]);
}

#[test]
fn a_request_cannot_ask_for_a_fault() {
    let server = Server::start();
    let body = r#"{"NumberOfBytes":16,"faults":[{"rate":1,"error":"ThrottlingException"}]}"#;
    let answer = server.send(&server.last_call("GenerateRandom", body));
    assert!(answer.contains("200 OK"), "{answer}");
}

#[test]
fn an_unknown_operation_is_refused_and_recorded() {
    let server = Server::start();
    for operation in ["encrypt", "Guess", ""] {
        let answer = server.send(&server.last_call(operation, "{}"));
        assert!(
            answer.contains(r#"{"__type":"UnknownOperationException""#),
            "{answer}"
        );
    }
    assert_eq!(server.recorded_codes(), ["UnknownOperationException"; 3]);
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
    assert!(server.records().is_empty());
}

#[test]
fn health_and_readiness_need_no_signature() {
    let server = Server::start();
    let get = |path: &str| server.send(&unsigned(&format!("GET {path} HTTP/1.1\r\n"), ""));
    assert!(get("/healthz").starts_with("HTTP/1.1 200 "));
    assert!(get("/readyz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn a_panic_in_a_handler_is_a_fault_of_that_request_alone() {
    let server = Server::probe(&config());
    let mut stream = server.connect();
    for (path, status) in [
        ("/panic", "500"),
        ("/", "200"),
        ("/panic", "500"),
        ("/", "200"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: kms\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let answer = read_one(&mut stream);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(!answer.contains("a fault in a handler"));
    }
}
