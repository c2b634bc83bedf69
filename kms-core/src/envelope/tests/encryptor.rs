//! Messages made of plaintext in pieces, and headers of a length that was asked for.

#![expect(clippy::as_conversions, reason = "lengths of test data")]

use super::*;

fn in_pieces(plaintext: &[u8], sizes: &[usize], options: &EncryptOptions) -> Vec<u8> {
    let (keys, context) = (keyring(), context());
    let mut encryptor = MessageEncryptor::new(&keys, &context, options, &SystemRandom).unwrap();
    let mut message = Vec::new();
    let (mut rest, mut sizes) = (plaintext, sizes.iter().cycle());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
        encryptor.update(piece, &mut message).unwrap();
        rest = after;
    }
    let summary = encryptor.finish(&mut message).unwrap();
    assert_eq!(summary.plaintext_length, plaintext.len() as u64);
    message
}

#[test]
fn pieces_of_any_length_make_the_message_of_the_whole() {
    for sizes in [&[1][..], &[16], &[15, 0, 33], &[1000]] {
        for length in [0, 1, 15, 16, 17, 160, 161] {
            let plaintext = pattern(length);
            let message = in_pieces(&plaintext, sizes, &with_frames_of(16));
            let (released, result) = open(&message);
            assert!(result.is_ok() && released == plaintext);
            assert_eq!(message.len(), super::message(&plaintext, 16).len());
        }
    }
    let plaintext = pattern(3_000_000);
    let message = in_pieces(&plaintext, &[700_000, 3], &EncryptOptions::default());
    assert!(open(&message).0 == plaintext);
}

#[test]
fn what_is_complete_leaves_at_once() {
    let (keys, context, options) = (keyring(), context(), with_frames_of(16));
    let mut encryptor = MessageEncryptor::new(&keys, &context, &options, &SystemRandom).unwrap();
    let mut message = Vec::new();
    encryptor.update(&[], &mut message).unwrap();
    let header = message.len();
    assert!(inspect(&mut &message[..]).is_ok());
    encryptor.update(&[1; 15], &mut message).unwrap();
    assert_eq!(message.len(), header);
    encryptor.update(&[1; 1], &mut message).unwrap();
    assert_eq!(message.len(), header + 48);
}

#[test]
fn a_message_in_pieces_is_signed_where_that_is_asked_for() {
    let options = EncryptOptions {
        sign: true,
        ..with_frames_of(16)
    };
    let message = in_pieces(&pattern(100), &[7], &options);
    let reading = DecryptOptions {
        signed_messages: SignedMessages::HoldBack,
        ..DecryptOptions::default()
    };
    let mut released = Vec::new();
    decrypt(&mut &message[..], &mut released, &keyring(), &reading).unwrap();
    assert_eq!(released, pattern(100));
}

#[test]
fn a_header_is_filled_up_to_the_length_that_was_asked_for() {
    // One data key in namespace `namespace`, key `name`; a context of two pairs.
    let own = 1 + 2 + 32 + (2 + 14) + 2 + (2 + 9 + 2 + 24 + 2 + 48) + 1 + 4 + 32 + 16;
    let entry = 6 + "kms-padding".len();
    let fits = |length: usize| length == own || length >= own + entry;
    for length in (own - 2..own + entry + 3).chain([1024, own + entry + 65_535]) {
        let options = EncryptOptions {
            header_length: Some(length.try_into().unwrap()),
            ..with_frames_of(16)
        };
        let (keys, context, mut message) = (keyring(), context(), Vec::new());
        let mut plaintext: &[u8] = &pattern(20);
        let made = encrypt(
            &mut plaintext,
            &mut message,
            &keys,
            &context,
            &options,
            &SystemRandom,
        );
        if !fits(length) {
            let refused = EncryptError::HeaderLength(length.try_into().unwrap()).to_string();
            assert_eq!(made.unwrap_err().to_string(), refused);
            continue;
        }
        assert_eq!(message.len(), length + 48 + 44);
        assert_eq!(open(&message).0, pattern(20));
    }
}

#[test]
fn the_entry_that_fills_a_header_counts_as_one_of_its_data_keys() {
    let options = EncryptOptions {
        header_length: Some(1024),
        max_data_keys: 1,
        ..EncryptOptions::default()
    };
    let refused = MessageEncryptor::new(&keyring(), &context(), &options, &SystemRandom);
    assert!(matches!(refused, Err(EncryptError::TooManyDataKeys(1))));
}
