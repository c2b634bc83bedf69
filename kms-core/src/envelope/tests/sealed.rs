//! Values that are sealed and opened in one call.

use super::*;
use craft::Craft;

fn sealer() -> Sealer<RawAesKeyring> {
    Sealer::new(keyring(), Arc::new(SystemRandom))
}

#[test]
fn a_sealed_value_opens_at_every_size_around_a_frame() {
    for length in [0, 1, 100, 65_535, 65_536, 65_537, 200_000] {
        let plaintext = pattern(length);
        for sealer in [sealer(), sealer().signed()] {
            let message = sealer.seal(&plaintext, &context()).unwrap();
            let opened = sealer.open(&message, &context()).unwrap();
            assert!(opened.expose() == plaintext, "{length} bytes");
        }
    }
}

#[test]
fn a_sealed_value_is_the_message_that_the_stream_writer_makes() {
    // The same keys and randomness give the same bytes, whichever way they are written.
    #[derive(Debug)]
    struct Same;
    impl crate::crypto::random::Random for Same {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), crate::crypto::Failed> {
            bytes.fill(3);
            Ok(())
        }
    }
    let options = EncryptOptions::default();
    for length in [0, 1, 1000, 65_535, 65_536, 70_000] {
        let plaintext = pattern(length);
        let keys = Fixed(vec![5; 32]);
        let mut written = Vec::new();
        let mut reader = &plaintext[..];
        encrypt(
            &mut reader,
            &mut written,
            &keys,
            &context(),
            &options,
            &Same,
        )
        .unwrap();
        let sealed = Sealer::new(&keys, Arc::new(Same));
        let sealed = sealed.seal(&plaintext, &context()).unwrap();
        assert!(sealed == written, "{length} bytes");
    }
}

#[test]
fn a_value_opens_with_exactly_the_context_that_it_was_sealed_with() {
    let message = sealer().seal(b"value", &context()).unwrap();
    let mut more = context();
    more.insert("row".to_owned(), "7".to_owned());
    let mut less = context();
    less.remove("b");
    let mut other = context();
    other.insert("b".to_owned(), "3".to_owned());
    for wrong in [less, other, EncryptionContext::new()] {
        // Refused by what the message says, so no key is asked.
        let unasked = Sealer::new(Unasked, Arc::new(SystemRandom));
        let refused = unasked.open(&message, &wrong);
        assert!(matches!(refused, Err(DecryptError::ContextMismatch)));
    }
    // The message might have left the pair out; only its keys can tell.
    let refused = sealer().open(&message, &more);
    assert!(matches!(refused, Err(DecryptError::Key(_))));
}

#[test]
fn required_pairs_are_not_in_the_message_and_must_be_brought_to_open_it() {
    let requiring = sealer().with_required_context_keys(["B"]);
    let message = requiring.seal(b"value", &context()).unwrap();
    let stored = inspect(&mut &message[..]).unwrap().context;
    assert_eq!(stored, EncryptionContext::from([("b", "2")]));
    assert_eq!(
        requiring.open(&message, &context()).unwrap().expose(),
        b"value"
    );
    for wrong in [stored, EncryptionContext::from([("b", "2"), ("B", "2")])] {
        assert!(requiring.open(&message, &wrong).is_err());
    }
    let refused = requiring.seal(b"value", &EncryptionContext::new());
    assert!(matches!(refused, Err(EncryptError::RequiredContextKey(key)) if key == "B"));
    // A message without the pair at all does not pass for one that leaves it out.
    let without = EncryptionContext::from([("b", "2")]);
    let message = sealer().seal(b"value", &without).unwrap();
    for given in [&without, &context()] {
        assert!(requiring.open(&message, given).is_err());
    }
}

#[test]
fn a_sealer_that_signs_opens_nothing_unsigned() {
    let message = sealer().seal(b"value", &context()).unwrap();
    let refused = Sealer::new(Unasked, Arc::new(SystemRandom)).signed();
    let refused = refused.open(&message, &context());
    assert!(matches!(refused, Err(DecryptError::Unsigned)));
    let message = sealer().signed().seal(b"value", &context()).unwrap();
    let opened = sealer().open(&message, &context()).unwrap();
    assert_eq!(opened.expose(), b"value");
}

#[test]
fn what_does_not_commit_to_its_key_opens_only_where_the_policy_allows_it() {
    let message = Craft::message(0x0178, Content::Framed(16), &pattern(40));
    let keys = || craft::keys_of(0x0178);
    let context = inspect(&mut &message[..]).unwrap().context;
    let strict = Sealer::new(keys(), Arc::new(SystemRandom));
    let refused = strict.open(&message, &context);
    assert!(matches!(refused, Err(DecryptError::Uncommitted)));
    let policy = CommitmentPolicy::RequireEncryptAllowDecrypt;
    let opened = strict
        .with_commitment_policy(policy)
        .open(&message, &context);
    assert_eq!(opened.unwrap().expose(), pattern(40));
}

#[test]
fn a_sealed_value_with_a_flipped_bit_a_cut_or_an_addition_is_refused() {
    for sealer in [sealer(), sealer().signed()] {
        let message = sealer.seal(b"a value", &context()).unwrap();
        for byte in 0..message.len() {
            let mut altered = message.clone();
            altered[byte] ^= 1 << (byte % 8);
            assert!(sealer.open(&altered, &context()).is_err(), "byte {byte}");
            let cut = sealer.open(&message[..byte], &context());
            assert!(
                matches!(cut, Err(DecryptError::Truncated(_))),
                "{byte}: {cut:?}"
            );
        }
        let longer = [&message[..], b"\0"].concat();
        let refused = sealer.open(&longer, &context());
        assert!(matches!(refused, Err(DecryptError::TrailingData)));
    }
}

#[test]
fn the_bounds_on_data_keys_hold_for_sealed_values() {
    let two = || {
        let keys = MultiKeyring::with_generator(Box::new(keyring())).and(Box::new(keyring()));
        Sealer::new(keys, Arc::new(SystemRandom))
    };
    let message = two().seal(b"value", &context()).unwrap();
    let one = two().with_max_data_keys(1);
    let refused = one.seal(b"value", &context());
    assert!(matches!(refused, Err(EncryptError::TooManyDataKeys(1))));
    let refused = one.open(&message, &context());
    assert!(matches!(refused, Err(DecryptError::TooManyDataKeys(1))));
    assert_eq!(two().open(&message, &context()).unwrap().expose(), b"value");
}
