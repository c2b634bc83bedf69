//! Messages that are written with a signature, and when their plaintext is released.

use super::craft::open_crafted;
use super::*;
use crate::envelope::header::RESERVED_PREFIX;

fn signing(frame_length: u32, threads: usize) -> EncryptOptions {
    EncryptOptions {
        sign: true,
        threads,
        ..with_frames_of(frame_length)
    }
}

fn signed(plaintext: &[u8], options: &EncryptOptions) -> Vec<u8> {
    let mut message = Vec::new();
    let (mut reader, keys, context) = (plaintext, keyring(), context());
    encrypt(
        &mut reader,
        &mut message,
        &keys,
        &context,
        options,
        &SystemRandom,
    )
    .unwrap();
    message
}

fn reading(signed_messages: SignedMessages) -> DecryptOptions {
    DecryptOptions {
        signed_messages,
        ..DecryptOptions::default()
    }
}

fn opened(message: &[u8], how: SignedMessages) -> (Vec<u8>, Result<Summary, DecryptError>) {
    let mut released = Vec::new();
    let result = decrypt(&mut &message[..], &mut released, &keyring(), &reading(how));
    (released, result)
}

#[test]
fn a_signed_message_opens_and_holds_the_public_key_of_its_signature() {
    for (length, frame, threads) in [(0, 16, 1), (15, 16, 1), (16, 16, 1), (3_000_000, 65_536, 3)] {
        let plaintext = pattern(length);
        let message = signed(&plaintext, &signing(frame, threads));
        for how in [SignedMessages::HoldBack, SignedMessages::ReleaseUnverified] {
            let (released, result) = opened(&message, how);
            let header = result.unwrap().header;
            assert!(released == plaintext, "{length}");
            assert_eq!(header.suite, AlgorithmSuite::COMMITTING_SIGNED);
            assert_eq!(
                header.context.get(PUBLIC_KEY_CONTEXT_KEY).unwrap().len(),
                68
            );
        }
        let (released, result) = opened(&message, SignedMessages::Refuse);
        assert!(matches!(result, Err(DecryptError::Signed)));
        assert_eq!(released, b"");
    }
}

#[test]
fn every_message_is_signed_by_a_key_pair_of_its_own() {
    let public_key = || {
        let header = inspect(&mut &signed(b"same", &signing(16, 1))[..]).unwrap();
        header
            .context
            .get(PUBLIC_KEY_CONTEXT_KEY)
            .unwrap()
            .to_owned()
    };
    assert_ne!(public_key(), public_key());
}

#[test]
fn a_caller_s_context_has_no_reserved_key_even_where_it_would_be_overwritten() {
    for key in [PUBLIC_KEY_CONTEXT_KEY, RESERVED_PREFIX] {
        let context: EncryptionContext = [(key.to_owned(), "x".to_owned())].into_iter().collect();
        let (mut reader, mut written) = (&b"x"[..], Vec::new());
        let options = signing(16, 1);
        let result = encrypt(
            &mut reader,
            &mut written,
            &keyring(),
            &context,
            &options,
            &SystemRandom,
        );
        assert!(matches!(result, Err(EncryptError::ReservedContextKey)));
        assert_eq!(written, b"");
        // Neither can a reader bring one that the message does not hold.
        let options = DecryptOptions {
            reproduced_context: context,
            ..DecryptOptions::default()
        };
        let message = message(b"x", 16);
        let result = decrypt(&mut &message[..], &mut io::sink(), &keyring(), &options);
        assert!(matches!(result, Err(DecryptError::ContextMismatch)));
    }
}

/// A message whose frames are authentic and whose signature is not: made by another recipient.
fn wrongly_signed(plaintext: &[u8]) -> Vec<u8> {
    let mut craft = craft::Craft::new(0x0578, Content::Framed(16));
    craft.frames(plaintext, 16);
    let mut message = craft.finish();
    *message.last_mut().unwrap() ^= 1;
    message
}

#[test]
fn of_a_wrongly_signed_message_nothing_is_released_unless_that_is_asked_for_by_name() {
    let plaintext = pattern(40);
    let message = wrongly_signed(&plaintext);
    let (released, result) = open_crafted(0x0578, &message);
    assert!(matches!(result, Err(DecryptError::Forged(Part::Signature))));
    assert_eq!(released, b"");
    let mut released = Vec::new();
    let options = reading(SignedMessages::ReleaseUnverified);
    let keys = craft::keys_of(0x0578);
    let result = decrypt(&mut &message[..], &mut released, &keys, &options);
    assert!(matches!(result, Err(DecryptError::Forged(Part::Signature))));
    // The frame in which the plaintext ends waits for the signature, whatever was read before.
    assert!(released.len() <= 32 && plaintext.starts_with(&released));
    let verified = verify(&mut &message[..], &keys, &DecryptOptions::default());
    assert!(matches!(
        verified,
        Err(DecryptError::Forged(Part::Signature))
    ));
}

#[test]
fn more_than_may_be_held_back_is_refused_and_nothing_released() {
    let message = signed(&pattern(100), &signing(16, 1));
    let options = DecryptOptions {
        max_held_bytes: 99,
        ..reading(SignedMessages::HoldBack)
    };
    let mut released = Vec::new();
    let result = decrypt(&mut &message[..], &mut released, &keyring(), &options);
    assert!(matches!(result, Err(DecryptError::TooLargeToHold(_))));
    assert_eq!(released, b"");
}

#[test]
fn what_was_verified_is_released_and_nothing_else() {
    for length in [0, 100, 10_000_000] {
        let plaintext = pattern(length);
        for sign in [true, false] {
            let options = EncryptOptions {
                sign,
                ..with_frames_of(65_536)
            };
            let message = signed(&plaintext, &options);
            let options = DecryptOptions::default();
            let verified = verify(&mut &message[..], &keyring(), &options).unwrap();
            let mut released = Vec::new();
            let summary = verified.release(&mut &message[..], &mut released).unwrap();
            assert!(released == plaintext);
            assert_eq!(summary.plaintext_length, u64::try_from(length).unwrap());
            let longer = [&message[..], b"x"].concat();
            for other in [&message[..message.len() - 1], &longer[..], b""] {
                let result = verified.release(&mut &*other, &mut io::sink());
                assert!(matches!(result, Err(DecryptError::Changed)), "{result:?}");
            }
        }
    }
}

#[test]
fn a_message_that_is_changed_after_it_was_verified_gives_nothing_of_the_change() {
    // Two messages of one length: the file is exchanged between the passes.
    let (good, evil) = (pattern(9_000_000), vec![0xee; 9_000_000]);
    let (message, other) = (
        signed(&good, &signing(65_536, 1)),
        signed(&evil, &signing(65_536, 1)),
    );
    let options = DecryptOptions::default();
    let verified = verify(&mut &message[..], &keyring(), &options).unwrap();
    let middle = message.len() / 2;
    let mixed = [&message[..middle], &other[middle.min(other.len())..]].concat();
    for changed in [&other, &mixed] {
        let mut released = Vec::new();
        let result = verified.release(&mut &changed[..], &mut released);
        assert!(matches!(result, Err(DecryptError::Changed)));
        assert!(good.starts_with(&released) && released.len() < good.len());
    }
}
