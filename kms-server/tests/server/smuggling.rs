//! Requests that two servers in a row could read differently: one at most is served, none is
//! served twice.

use crate::harness::{SIXTEEN_BYTES, Server};

/// Raw requests, each with a second request hidden where a lenient parser would find it.
const AMBIGUOUS: &[(&str, &str)] = &[
    (
        "both lengths",
        "POST / HTTP/1.1\r\nhost: k\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "both lengths, the other way",
        "POST / HTTP/1.1\r\nhost: k\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
    ),
    (
        "two lengths",
        "POST / HTTP/1.1\r\nhost: k\r\ncontent-length: 0\r\ncontent-length: 5\r\n\r\nhello",
    ),
    (
        "length list",
        "POST / HTTP/1.1\r\nhost: k\r\ncontent-length: 0, 5\r\n\r\nhello",
    ),
    (
        "signed length",
        "POST / HTTP/1.1\r\nhost: k\r\ncontent-length: +5\r\n\r\nhello",
    ),
    (
        "negative length",
        "POST / HTTP/1.1\r\nhost: k\r\ncontent-length: -1\r\n\r\n",
    ),
    (
        "hexadecimal length",
        "POST / HTTP/1.1\r\nhost: k\r\ncontent-length: 0x5\r\n\r\nhello",
    ),
    (
        "overflowing length",
        "POST / HTTP/1.1\r\nhost: k\r\ncontent-length: 18446744073709551621\r\n\r\nhello",
    ),
    (
        "unknown coding",
        "POST / HTTP/1.1\r\nhost: k\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "coding before chunked twice",
        "POST / HTTP/1.1\r\nhost: k\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ),
    (
        "space before the colon",
        "POST / HTTP/1.1\r\nhost: k\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "folded header",
        "POST / HTTP/1.1\r\nhost: k\r\nx-a: b\r\n c\r\ncontent-length: 0\r\n\r\n",
    ),
    (
        "bare carriage return",
        "POST / HTTP/1.1\r\nhost: k\r\nx-a: b\rc\r\ncontent-length: 0\r\n\r\n",
    ),
    (
        "zero byte",
        "POST / HTTP/1.1\r\nhost: k\r\nx-a: b\0c\r\ncontent-length: 0\r\n\r\n",
    ),
    (
        "malformed chunk size",
        "POST / HTTP/1.1\r\nhost: k\r\ntransfer-encoding: chunked\r\n\r\n0x0\r\n\r\n",
    ),
    (
        "chunk size overflow",
        "POST / HTTP/1.1\r\nhost: k\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n",
    ),
    (
        "chunked over 1.0",
        "POST / HTTP/1.0\r\nhost: k\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "version",
        "POST / HTTP/1.2\r\nhost: k\r\ncontent-length: 0\r\n\r\n",
    ),
    ("no version", "POST /\r\n\r\n"),
];

#[test]
fn an_ambiguous_request_is_refused_and_nothing_after_it_is_served() {
    let server = Server::start();
    let hidden = String::from_utf8(server.last_call("GenerateRandom", SIXTEEN_BYTES)).unwrap();
    for (name, raw) in AMBIGUOUS {
        let answer = server.send(format!("{raw}{hidden}").as_bytes());
        assert!(!answer.contains(" 200 "), "{name}: {answer}");
        assert!(answer.matches("HTTP/1.").count() <= 1, "{name}: {answer}");
        let served = server.recorded_codes().contains(&String::new());
        assert!(!served, "{name}");
    }
}

#[test]
fn a_host_in_the_request_line_and_in_a_header_is_refused() {
    let server = Server::start();
    let signed = String::from_utf8(server.last_call("GenerateRandom", SIXTEEN_BYTES)).unwrap();
    let absolute = signed.replacen("POST / ", "POST http://kms/ ", 1);
    let answer = server.send(absolute.as_bytes());
    assert!(answer.contains("IncompleteSignatureException"), "{answer}");
}

#[test]
fn a_repeated_target_is_refused() {
    let server = Server::start();
    let signed = String::from_utf8(server.last_call("GenerateRandom", SIXTEEN_BYTES)).unwrap();
    let repeated = signed.replacen(
        "x-amz-target: TrentService.GenerateRandom\r\n",
        "x-amz-target: TrentService.Decrypt\r\nx-amz-target: TrentService.GenerateRandom\r\n",
        1,
    );
    let answer = server.send(repeated.as_bytes());
    assert!(answer.contains("IncompleteSignatureException"), "{answer}");
    assert_eq!(server.recorded_codes(), ["IncompleteSignatureException"]);
}
