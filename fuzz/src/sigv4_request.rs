//! Requests that claim to be signed.
//!
//! The input: a line `METHOD PATH QUERY`, then lines `name:value`, an empty line, the body.

use kms_core::ids::Region;
use kms_core::sigv4::{Header, Presented, Request, SigningKey};
use kms_core::time::Timestamp;

/// Nothing verifies under a key that signed nothing.
pub fn run(data: &[u8]) {
    let Ok(input) = std::str::from_utf8(data) else {
        return;
    };
    let (head, body) = input.split_once("\n\n").unwrap_or((input, ""));
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (method, path, query) = (word(), word(), word());
    let headers: Vec<Header<'_>> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name, value.as_bytes()))
        .collect();
    let request = Request {
        method,
        path,
        query,
        headers: &headers,
        body: body.as_bytes(),
    };
    let (Ok(presented), Ok(region)) = (Presented::parse(&request), "us-east-1".parse::<Region>())
    else {
        return;
    };
    let now = Timestamp::from_seconds(1_440_938_160);
    if let Ok(admitted) = presented.admit("kms", &region, now) {
        let key = SigningKey::derive(b"signed nothing", admitted.day(), &region, "kms");
        assert!(admitted.verify(&key, &mut Vec::new()).is_err());
    }
}
