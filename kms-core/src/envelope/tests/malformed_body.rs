//! Every body and footer that the specification calls malformed is refused, though its tags are
//! valid.

use super::craft::{Craft, SUITES, open_crafted, suite};
use super::*;

/// What is released of a message, and its refusal.
fn refused(id: u16, message: &[u8]) -> (Vec<u8>, DecryptError) {
    let (released, result) = open_crafted(id, message);
    (released, result.expect_err("a malformed message"))
}

/// A body made by hand after a sound header.
fn with_body(id: u16, make: impl FnOnce(&mut Craft)) -> Vec<u8> {
    let mut craft = Craft::new(id, Content::Framed(16));
    make(&mut craft);
    craft.finish()
}

type Make = fn(&mut Craft);
type Refusal = fn(&DecryptError) -> bool;
/// What the body holds, and how it is refused.
type Case = (&'static str, Make, Refusal);

const MALFORMED: Refusal = |error| matches!(error, DecryptError::MalformedBody { .. });
const SECOND_FRAME: Refusal = |error| {
    matches!(
        error,
        DecryptError::MalformedBody {
            part: Part::Frame(2),
            ..
        }
    )
};
/// Where a message should have ended, its signature should stand.
const TOO_LONG: Refusal = |error| {
    matches!(
        error,
        DecryptError::TrailingData
            | DecryptError::Truncated(Part::Signature)
            | DecryptError::Forged(Part::Signature)
    )
};
/// Where a frame should stand, there is nothing, or a signature.
const ENDED: Refusal = |error| {
    matches!(
        error,
        DecryptError::Truncated(Part::Frame(_)) | DecryptError::MalformedBody { .. }
    )
};

const OUT_OF_ORDER: [Case; 5] = [
    ("sequence from 0", |c| c.regular(0, &pattern(16)), MALFORMED),
    ("sequence from 2", |c| c.regular(2, &pattern(16)), MALFORMED),
    (
        "a gap",
        |c| {
            c.regular(1, &pattern(16));
            c.last(3, b"x");
        },
        SECOND_FRAME,
    ),
    (
        "a frame twice",
        |c| {
            c.regular(1, &pattern(16));
            c.regular(1, &pattern(16));
            c.last(2, b"x");
        },
        SECOND_FRAME,
    ),
    (
        "frames in the wrong order",
        |c| {
            c.regular(2, &pattern(16));
            c.regular(1, &pattern(16));
            c.last(3, b"x");
        },
        MALFORMED,
    ),
];

const WRONG_END: [Case; 7] = [
    ("no frame", |_| {}, ENDED),
    ("no final frame", |c| c.regular(1, &pattern(16)), ENDED),
    (
        "two final frames",
        |c| {
            c.last(1, b"x");
            c.last(2, b"x");
        },
        TOO_LONG,
    ),
    (
        "a frame after the final one",
        |c| {
            c.last(1, b"x");
            c.regular(2, &pattern(16));
        },
        TOO_LONG,
    ),
    (
        "a final frame that is too long",
        |c| c.last(1, &pattern(17)),
        |e| {
            matches!(
                e,
                DecryptError::MalformedBody {
                    reason: "length",
                    ..
                }
            )
        },
    ),
    (
        "a regular frame in the place of the final one",
        regular_as_final,
        |e| matches!(e, DecryptError::Forged(Part::Frame(2))),
    ),
    (
        "a single block in a framed message",
        |c| c.single_block(&pattern(16)),
        MALFORMED,
    ),
];

/// A regular frame dressed as the final one: only the text that its tag covers tells.
fn regular_as_final(craft: &mut Craft) {
    craft.regular(1, &pattern(16));
    let at = craft.body.len();
    craft.regular(2, &pattern(16));
    let sealed = craft.body.split_off(at + 16);
    craft.body.truncate(at);
    craft.body.extend([0xff; 4]);
    craft.body.extend(2_u32.to_be_bytes());
    craft.body.extend(frame::written_nonce(2));
    craft.body.extend(16_u32.to_be_bytes());
    craft.body.extend(sealed);
}

#[test]
fn a_malformed_body_is_refused_though_every_tag_of_it_is_valid() {
    for id in SUITES {
        for (name, make, is_expected) in OUT_OF_ORDER.into_iter().chain(WRONG_END) {
            let (released, error) = refused(id, &with_body(id, make));
            assert!(is_expected(&error), "{id:04x} {name}: {error:?}");
            // At most the one frame that was in order.
            assert!(pattern(16).starts_with(&released), "{id:04x} {name}");
            if suite(id).signature().is_some() {
                assert_eq!(released, b"", "{id:04x} {name}");
            }
        }
    }
}

#[test]
fn frames_in_an_unframed_message_are_refused() {
    for id in SUITES {
        let mut craft = Craft::new(id, Content::Unframed);
        craft.frames(&pattern(20), 16);
        let (released, _) = refused(id, &craft.finish());
        assert_eq!(released, b"");
    }
}

#[test]
fn a_footer_that_is_not_the_signature_is_refused_and_nothing_released() {
    for id in SUITES
        .into_iter()
        .filter(|id| suite(*id).signature().is_some())
    {
        let crafted = || {
            let mut craft = Craft::new(id, Content::Framed(16));
            craft.frames(&pattern(40), 16);
            craft
        };
        let good = crafted().finish();
        let other = {
            let message = crafted().finish();
            let signed = crafted().finish_with(b"").len();
            message[signed..].to_vec()
        };
        let footers: [(&str, Vec<u8>, Refusal); 5] = [
            ("absent", vec![], |e| {
                matches!(e, DecryptError::Truncated(Part::Signature))
            }),
            ("half a length", vec![0], |e| {
                matches!(e, DecryptError::Truncated(Part::Signature))
            }),
            ("empty", vec![0, 0], |e| {
                matches!(e, DecryptError::Forged(Part::Signature))
            }),
            ("no DER", vec![0, 2, 1, 1], |e| {
                matches!(e, DecryptError::Forged(Part::Signature))
            }),
            ("of another key", other, |e| {
                matches!(e, DecryptError::Forged(Part::Signature))
            }),
        ];
        assert!(open_crafted(id, &good).1.is_ok());
        for (name, footer, is_expected) in footers {
            let (released, error) = refused(id, &crafted().finish_with(&footer));
            assert!(is_expected(&error), "{id:04x} {name}: {error:?}");
            assert_eq!(released, b"", "{id:04x} {name}");
        }
    }
    // What does not sign has no footer.
    let mut unsigned = Craft::new(0x0478, Content::Framed(16));
    unsigned.frames(&pattern(20), 16);
    let (_, error) = refused(0x0478, &unsigned.finish_with(&[0, 0]));
    assert!(matches!(error, DecryptError::TrailingData));
}
