//! Messages made anew for other recipients.

use super::craft::Craft;
use super::*;

fn other() -> RawAesKeyring {
    let key = SecretBytes::new(vec![8; 32]);
    RawAesKeyring::new("namespace", "other", &key, Arc::new(SystemRandom)).unwrap()
}

fn renewed(
    old: &[u8],
    from: &dyn DataKeys,
    read_options: &DecryptOptions,
    options: &EncryptOptions,
) -> (Vec<u8>, Result<Summary, ReencryptError>) {
    let mut message = Vec::new();
    let result = reencrypt(
        &mut &old[..],
        &mut message,
        from,
        &other(),
        read_options,
        options,
        &SystemRandom,
    );
    (message, result.map(|anew| anew.written))
}

fn opened_by_other(message: &[u8], options: &DecryptOptions) -> Result<Vec<u8>, DecryptError> {
    let mut plaintext = Vec::new();
    decrypt(&mut &message[..], &mut plaintext, &other(), options)?;
    Ok(plaintext)
}

#[test]
fn a_message_made_anew_has_the_same_plaintext_and_context_and_another_key() {
    for length in [0, 16, 40, 3_000_000] {
        let plaintext = pattern(length);
        let old = message(&plaintext, 4096);
        for threads in [1, 2] {
            let options = EncryptOptions {
                threads,
                ..EncryptOptions::default()
            };
            let (new, result) = renewed(&old, &keyring(), &DecryptOptions::default(), &options);
            let summary = result.unwrap();
            assert_eq!(summary.plaintext_length, u64::try_from(length).unwrap());
            assert_eq!(summary.header.context, context());
            let before = inspect(&mut &old[..]).unwrap();
            assert_ne!(summary.header.message_id, before.message_id);
            assert_ne!(summary.header.commitment, before.commitment);
            assert!(opened_by_other(&new, &DecryptOptions::default()).unwrap() == plaintext);
            assert!(
                open(&new).1.is_err(),
                "the old recipient opens the new message"
            );
        }
    }
}

#[test]
fn an_old_suite_becomes_one_that_commits_where_that_is_allowed() {
    let old = Craft::message(0x0214, Content::Framed(16), &pattern(40));
    let keys = craft::keys_of(0x0214);
    let (new, result) = renewed(
        &old,
        &keys,
        &craft::reading_all(),
        &EncryptOptions::default(),
    );
    let header = result.unwrap().header;
    assert_eq!(header.suite, AlgorithmSuite::COMMITTING);
    // The key of the old signature went with it.
    assert_eq!(header.context, context());
    assert_eq!(
        opened_by_other(&new, &DecryptOptions::default()).unwrap(),
        pattern(40)
    );
    let (new, result) = renewed(
        &old,
        &keys,
        &DecryptOptions::default(),
        &EncryptOptions::default(),
    );
    let refused = matches!(
        result,
        Err(ReencryptError::Decrypt(DecryptError::Uncommitted))
    );
    assert!(refused && new.is_empty());
}

#[test]
fn a_damaged_message_does_not_become_a_whole_one() {
    let reading = craft::reading_all();
    for id in [0x0478, 0x0578] {
        let old = Craft::message(id, Content::Framed(16), &pattern(40));
        let keys = craft::keys_of(id);
        for byte in 0..old.len() {
            let mut altered = old.clone();
            altered[byte] ^= 1;
            for damaged in [&altered[..], &old[..byte]] {
                let (new, result) = renewed(damaged, &keys, &reading, &EncryptOptions::default());
                let refused = matches!(result, Err(ReencryptError::Decrypt(_)));
                assert!(refused, "{id:04x} {byte}: {result:?}");
                assert!(opened_by_other(&new, &DecryptOptions::default()).is_err());
            }
        }
    }
}

#[test]
fn of_a_signed_message_nothing_is_written_before_it_is_verified_unless_that_is_asked_for() {
    let mut forged = Craft::message(0x0578, Content::Framed(16), &pattern(40));
    *forged.last_mut().unwrap() ^= 1;
    let keys = craft::keys_of(0x0578);
    for (signed_messages, released) in [
        (SignedMessages::Refuse, false),
        (SignedMessages::HoldBack, false),
        (SignedMessages::ReleaseUnverified, true),
    ] {
        let reading = DecryptOptions {
            signed_messages,
            ..craft::reading_all()
        };
        let one_by_one = EncryptOptions {
            frame_length: 16,
            ..EncryptOptions::default()
        };
        let (new, result) = renewed(&forged, &keys, &reading, &one_by_one);
        assert!(result.is_err(), "{signed_messages:?}");
        let mut plaintext = Vec::new();
        let opened = decrypt(
            &mut &new[..],
            &mut plaintext,
            &other(),
            &DecryptOptions::default(),
        );
        assert!(opened.is_err());
        assert!(released || plaintext.is_empty(), "{signed_messages:?}");
    }
}

#[test]
fn what_is_not_stored_in_the_old_message_is_not_stored_in_the_new_one() {
    let options = EncryptOptions {
        required_context_keys: ["b".to_owned()].into(),
        ..EncryptOptions::default()
    };
    let (mut reader, mut old) = (&b"plaintext"[..], Vec::new());
    encrypt(
        &mut reader,
        &mut old,
        &keyring(),
        &context(),
        &options,
        &SystemRandom,
    )
    .unwrap();
    let reproducing = DecryptOptions {
        reproduced_context: [("b".to_owned(), "2".to_owned())].into_iter().collect(),
        ..DecryptOptions::default()
    };
    let (new, result) = renewed(&old, &keyring(), &reproducing, &EncryptOptions::default());
    assert_eq!(result.unwrap().header.context.get("b"), None);
    assert_eq!(opened_by_other(&new, &reproducing).unwrap(), b"plaintext");
    assert!(opened_by_other(&new, &DecryptOptions::default()).is_err());
}

#[test]
fn a_writer_that_fails_is_told_and_leaves_no_side_waiting() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let old = message(&pattern(5_000_000), 65_536);
    let result = reencrypt(
        &mut &old[..],
        &mut Full,
        &keyring(),
        &other(),
        &DecryptOptions::default(),
        &EncryptOptions::default(),
        &SystemRandom,
    );
    let failed = matches!(result, Err(ReencryptError::Encrypt(EncryptError::Write(_))));
    assert!(failed, "{result:?}");
}
