//! Every header that the specification calls malformed is refused, though its tag is valid.

use super::craft::{Craft, SUITES, open_crafted, suite};
use super::*;

/// What is released of a message, and its refusal.
fn refused(id: u16, message: &[u8]) -> (Vec<u8>, DecryptError) {
    let (released, result) = open_crafted(id, message);
    (released, result.expect_err("a malformed message"))
}

/// A message whose header body was changed before it was authenticated.
fn with_head(id: u16, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut craft = Craft::new(id, Content::Framed(16));
    change(&mut craft.head);
    craft.frames(&pattern(20), 16);
    craft.finish()
}

/// How far before the end of the header body its fields stand: content type, frame length.
fn from_end(id: u16) -> (usize, usize) {
    match suite(id).version() {
        MessageVersion::V1 => (10, 4),
        MessageVersion::V2 => (37, 36),
    }
}

/// Where the length of the serialised context stands.
fn context_at(id: u16) -> usize {
    match suite(id).version() {
        MessageVersion::V1 => 4 + 16,
        MessageVersion::V2 => 3 + 32,
    }
}

/// Where the number of data keys stands.
fn count_at(id: u16, head: &[u8]) -> usize {
    let at = context_at(id);
    let length = u16::from_be_bytes([head[at], head[at + 1]]);
    at + 2 + usize::from(length)
}

/// A header body with another serialised context.
fn with_context(id: u16, context: &[u8]) -> Vec<u8> {
    with_head(id, |head| {
        let (at, end) = (context_at(id), count_at(id, head));
        let length = u16::try_from(context.len()).unwrap().to_be_bytes();
        head.splice(at..end, [&length[..], context].concat());
    })
}

fn number(at: usize, value: u16) -> impl FnOnce(&mut Vec<u8>) {
    move |head| head[at..at + 2].copy_from_slice(&value.to_be_bytes())
}

type Refusal = fn(&DecryptError) -> bool;

/// A malformed header, and how it is told.
type Case = (&'static str, Vec<u8>, Refusal);

const MALFORMED: Refusal = |error| matches!(error, DecryptError::MalformedHeader(_));

/// Version, suite, content type and frame length.
fn wrong_fields(id: u16) -> Vec<Case> {
    use DecryptError::{NotAMessage, Unsupported};
    let v1 = suite(id).version() == MessageVersion::V1;
    let (content, length) = from_end(id);
    let (suite_at, other_version) = if v1 { (2, 0x0478) } else { (1, 0x0178) };
    let first = |byte: u8| with_head(id, |head| head[0] = byte);
    let suite = |value: u16| with_head(id, number(suite_at, value));
    let kind = |byte: u8| {
        with_head(id, |head| {
            let at = head.len() - content;
            head[at] = byte;
        })
    };
    let frame_length = with_head(id, |head| {
        let at = head.len() - length;
        head[at..at + 4].fill(0);
    });
    let no_message: Refusal = |e| matches!(e, NotAMessage);
    let no_suite: Refusal = |e| matches!(e, Unsupported("algorithm suite"));
    let no_content: Refusal = |e| matches!(e, Unsupported("content type"));
    vec![
        ("version 0", first(0), no_message),
        ("version 3", first(3), no_message),
        ("unknown suite", suite(0x0999), no_suite),
        ("reserved suite", suite(0), no_suite),
        (
            "suite of the other version",
            suite(other_version),
            MALFORMED,
        ),
        ("content type 0", kind(0), no_content),
        ("content type 3", kind(3), no_content),
        ("unframed with a frame length", kind(1), MALFORMED),
        ("framed with frame length 0", frame_length, MALFORMED),
    ]
}

fn wrong_contexts(id: u16) -> Vec<Case> {
    let cases: [(&str, &[u8]); 6] = [
        ("context count 0", &[0, 0]),
        ("context of one byte", &[0]),
        ("context cut off", &[0, 1, 0, 1, b'a', 0, 2, b'b']),
        ("context with bytes left", &[0, 1, 0, 1, b'a', 0, 0, 0]),
        (
            "context key twice",
            &[0, 2, 0, 1, b'a', 0, 0, 0, 1, b'a', 0, 0],
        ),
        ("context not UTF-8", &[0, 1, 0, 1, 0xff, 0, 0]),
    ];
    let case =
        |(name, context): (&'static str, &[u8])| (name, with_context(id, context), MALFORMED);
    cases.map(case).to_vec()
}

fn wrong_data_keys(id: u16) -> Vec<Case> {
    let count = |value: u16| {
        with_head(id, |head| {
            let at = count_at(id, head);
            number(at, value)(head);
        })
    };
    let not_text = with_head(id, |head| {
        let at = count_at(id, head) + 4;
        head[at] = 0xff;
    });
    let endless = with_head(id, |head| {
        let at = count_at(id, head) + 2;
        number(at, 0xffff)(head);
    });
    let cut_off: Refusal = |e| matches!(e, DecryptError::Truncated(Part::Header));
    vec![
        ("no data key", count(0), MALFORMED),
        ("too many data keys", count(17), |e| {
            matches!(e, DecryptError::TooManyDataKeys(16))
        }),
        ("provider id not UTF-8", not_text, MALFORMED),
        ("data key longer than the message", endless, cut_off),
    ]
}

/// What one version has and the other has not.
fn wrong_of_version(id: u16) -> Vec<Case> {
    if suite(id).version() == MessageVersion::V2 {
        let commitment = with_head(id, |head| *head.last_mut().unwrap() ^= 1);
        let mismatch: Refusal = |e| matches!(e, DecryptError::CommitmentMismatch);
        return vec![("commitment", commitment, mismatch)];
    }
    let altered = |back: usize| {
        with_head(id, |head| {
            let at = head.len() - back;
            head[at] ^= 1;
        })
    };
    let no_type = with_head(id, |head| head[1] = 0);
    vec![
        ("type 0", no_type, |e| {
            matches!(e, DecryptError::NotAMessage)
        }),
        ("reserved field", altered(9), MALFORMED),
        ("IV length", altered(5), MALFORMED),
    ]
}

#[test]
fn a_malformed_header_is_refused_for_what_is_wrong_and_releases_nothing() {
    for id in SUITES {
        let cases = [
            wrong_fields(id),
            wrong_contexts(id),
            wrong_data_keys(id),
            wrong_of_version(id),
        ];
        for (name, message, is_expected) in cases.concat() {
            let (released, error) = refused(id, &message);
            assert!(is_expected(&error), "{id:04x} {name}: {error:?}");
            assert_eq!(released, b"", "{id:04x} {name}");
        }
    }
}

#[test]
fn a_stored_public_key_that_is_none_of_the_suite_is_refused() {
    let pair = |value: &str| {
        let mut bytes = vec![0, 1, 0, 21];
        bytes.extend(PUBLIC_KEY_CONTEXT_KEY.as_bytes());
        bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        bytes.extend(value.as_bytes());
        bytes
    };
    let p256 = "AyN8lUlM5nwMVGBkpHnjTIqY7ZRBEgkWa9GLXCmUDdrV";
    for id in SUITES {
        let signed = suite(id).signature().is_some();
        // Absent in a signed suite, present in another, and of a wrong form, curve or length.
        let mut contexts = vec![
            pair(""),
            pair("no base64"),
            pair("AAAA"),
            pair("AyN8lUlM5nwMVGBkpHnjTIqY7ZRBEgkWa9GLXCmU"),
        ];
        if signed {
            contexts.push(Vec::new());
        }
        if id != 0x0214 {
            contexts.push(pair(p256));
        }
        for context in contexts {
            let message = with_context(id, &context);
            let (released, error) = refused(id, &message);
            let expected = matches!(error, DecryptError::MalformedHeader("signature key"));
            assert!(expected, "{id:04x} {context:?}: {error:?}");
            assert_eq!(released, b"");
        }
    }
}

#[test]
fn a_context_out_of_order_is_read_as_it_stands() {
    for id in SUITES
        .into_iter()
        .filter(|id| suite(*id).signature().is_none())
    {
        let unsorted = [0, 2, 0, 1, b'b', 0, 1, b'2', 0, 1, b'B', 0, 1, b'1'];
        let (released, result) = open_crafted(id, &with_context(id, &unsorted));
        assert_eq!(result.unwrap().header.context, context());
        assert_eq!(released, pattern(20));
    }
}
