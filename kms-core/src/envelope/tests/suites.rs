//! All suites are read, framed and unframed.

use super::craft::{Craft, SUITES, keys_of, open_crafted, reading_all, suite};
use super::*;

const CONTENTS: [Content; 4] = [
    Content::Framed(1),
    Content::Framed(16),
    Content::Framed(4096),
    Content::Unframed,
];

#[test]
fn every_suite_opens_at_every_size_around_a_frame() {
    for id in SUITES {
        for content in CONTENTS {
            for length in [0, 1, 15, 16, 17, 50] {
                let plaintext = pattern(length);
                let message = Craft::message(id, content, &plaintext);
                let (released, result) = open_crafted(id, &message);
                let summary = result.unwrap_or_else(|e| panic!("{id:04x} {content:?}: {e}"));
                assert_eq!(released, plaintext);
                assert_eq!(summary.header.suite.id(), id);
                assert_eq!(summary.header.content, content);
            }
        }
    }
}

#[test]
fn by_default_what_does_not_commit_and_what_is_signed_is_refused_before_a_key_is_asked() {
    for id in SUITES.into_iter().filter(|id| *id != 0x0478) {
        let message = Craft::message(id, Content::Framed(16), b"plaintext");
        let mut released = Vec::new();
        let options = DecryptOptions::default();
        let result = decrypt(&mut &message[..], &mut released, &Unasked, &options);
        match (suite(id).commits_to_key(), suite(id).signature()) {
            (false, _) => assert!(matches!(result, Err(DecryptError::Uncommitted)), "{id:04x}"),
            (true, Some(_)) => assert!(matches!(result, Err(DecryptError::Signed))),
            (true, None) => panic!("{id:04x}"),
        }
        assert_eq!(released, b"");
    }
}

#[test]
fn a_change_anywhere_is_refused_and_releases_an_authentic_beginning_at_most() {
    let plaintext = pattern(40);
    for id in SUITES {
        for content in [Content::Framed(16), Content::Unframed] {
            let message = Craft::message(id, content, &plaintext);
            for byte in 0..message.len() {
                let mut altered = message.clone();
                altered[byte] ^= 1 << (byte % 8);
                let (released, result) = open_crafted(id, &altered);
                assert!(result.is_err(), "{id:04x} {content:?} byte {byte}");
                assert_authentic(id, content, &released, &plaintext);
            }
        }
    }
}

#[test]
fn a_message_cut_anywhere_is_refused_as_cut_off() {
    let plaintext = pattern(40);
    for id in SUITES {
        for content in [Content::Framed(16), Content::Unframed] {
            let message = Craft::message(id, content, &plaintext);
            for length in 0..message.len() {
                let (released, result) = open_crafted(id, &message[..length]);
                let cut = matches!(result, Err(DecryptError::Truncated(_)));
                assert!(cut, "{id:04x} {content:?} at {length}: {result:?}");
                assert_authentic(id, content, &released, &plaintext);
            }
            let (released, result) = open_crafted(id, &[&message[..], b"\0"].concat());
            assert!(matches!(result, Err(DecryptError::TrailingData)));
            assert_authentic(id, content, &released, &plaintext);
        }
    }
}

/// Of a signed or unframed message nothing, of another whole frames.
fn assert_authentic(id: u16, content: Content, released: &[u8], plaintext: &[u8]) {
    if suite(id).signature().is_some() || content == Content::Unframed {
        assert_eq!(released, b"");
    }
    assert!(released.len().is_multiple_of(16) && plaintext.starts_with(released));
}

#[test]
fn an_unframed_body_larger_than_may_be_held_is_refused_before_it_is_read() {
    let message = Craft::message(0x0478, Content::Unframed, &pattern(100));
    let options = DecryptOptions {
        max_held_bytes: 99,
        ..reading_all()
    };
    let header = message.len() - 12 - 8 - 100 - 16;
    let mut released = Vec::new();
    let mut cut = &message[..header + 20];
    let result = decrypt(&mut cut, &mut released, &keys_of(0x0478), &options);
    assert!(matches!(
        result,
        Err(DecryptError::TooLargeToHold(Part::Body))
    ));
    let mut huge = Craft::new(0x0478, Content::Unframed);
    huge.body = [&[0; 12][..], &[0xff; 8]].concat();
    let (_, result) = open_crafted(0x0478, &huge.finish());
    assert!(matches!(
        result,
        Err(DecryptError::TooLargeToHold(Part::Body))
    ));
}
