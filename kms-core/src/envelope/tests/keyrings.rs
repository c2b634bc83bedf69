//! Recipients of several kinds, and what of the context is not stored.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::*;
use crate::api::KeySpec;
use crate::crypto::asymmetric::{NewKeyPair, RsaPadding, generate};

const PADDINGS: [RsaPadding; 5] = [
    RsaPadding::Pkcs1V15,
    RsaPadding::OaepSha1,
    RsaPadding::OaepSha256,
    RsaPadding::OaepSha384,
    RsaPadding::OaepSha512,
];

static PAIR: LazyLock<NewKeyPair> =
    LazyLock::new(|| generate(KeySpec::Rsa2048, &SystemRandom).unwrap());

fn random() -> Arc<SystemRandom> {
    Arc::new(SystemRandom)
}

fn public(padding: RsaPadding) -> RawRsaKeyring {
    RawRsaKeyring::of_public_key("space", "rsa", padding, &PAIR.public, random()).unwrap()
}

fn private(namespace: &str, name: &str, padding: RsaPadding) -> RawRsaKeyring {
    let keyring = RawRsaKeyring::of_private_key(namespace, name, padding, &PAIR.private, random());
    keyring.unwrap()
}

fn aes(name: &str) -> RawAesKeyring {
    let key = SecretBytes::new(vec![name.len().try_into().unwrap(); 32]);
    RawAesKeyring::new("space", name, &key, random()).unwrap()
}

fn written(keys: &dyn DataKeys, options: &EncryptOptions) -> Result<Vec<u8>, EncryptError> {
    let (mut message, mut reader) = (Vec::new(), &b"plaintext"[..]);
    encrypt(
        &mut reader,
        &mut message,
        keys,
        &context(),
        options,
        &SystemRandom,
    )?;
    Ok(message)
}

fn read(message: &[u8], keys: &dyn DataKeys) -> Result<Vec<u8>, DecryptError> {
    let mut plaintext = Vec::new();
    decrypt(
        &mut &message[..],
        &mut plaintext,
        keys,
        &DecryptOptions::default(),
    )?;
    Ok(plaintext)
}

#[test]
fn what_is_encrypted_to_an_rsa_key_opens_with_its_private_key_name_and_padding_only() {
    for padding in PADDINGS {
        let message = written(&public(padding), &EncryptOptions::default()).unwrap();
        let header = inspect(&mut &message[..]).unwrap();
        let data_key = &header.encrypted_data_keys[0];
        assert_eq!(
            (data_key.provider_id.as_str(), &data_key.provider_info[..]),
            ("space", &b"rsa"[..])
        );
        assert_eq!(data_key.ciphertext.len(), 256);
        assert_eq!(
            read(&message, &private("space", "rsa", padding)).unwrap(),
            b"plaintext"
        );
        let mut strangers = vec![
            private("other", "rsa", padding),
            private("space", "rs", padding),
        ];
        let others = PADDINGS.iter().filter(|other| **other != padding);
        strangers.extend(others.map(|other| private("space", "rsa", *other)));
        for stranger in strangers {
            let Err(DecryptError::Key(source)) = read(&message, &stranger) else {
                panic!("{stranger:?} opens {padding:?}");
            };
            let source = source.downcast_ref::<RawRsaError>();
            assert_eq!(source, Some(&RawRsaError::NoDataKey));
        }
    }
}

#[test]
fn a_recipient_is_named_after_its_public_key() {
    let keyring = RawRsaKeyring::for_recipient(&PAIR.public, random()).unwrap();
    let message = written(&keyring, &EncryptOptions::default()).unwrap();
    let header = inspect(&mut &message[..]).unwrap();
    let data_key = &header.encrypted_data_keys[0];
    assert_eq!(data_key.provider_id, RSA_RECIPIENT_NAMESPACE);
    assert_eq!(data_key.provider_info.len(), 64);
    let recipient = RawRsaKeyring::of_recipient(&PAIR.private, random()).unwrap();
    assert_eq!(read(&message, &recipient).unwrap(), b"plaintext");
    let other = generate(KeySpec::Rsa2048, &SystemRandom).unwrap();
    let other = RawRsaKeyring::of_recipient(&other.private, random()).unwrap();
    assert!(read(&message, &other).is_err());
}

#[test]
fn a_public_key_encrypts_only() {
    let keyring = public(RsaPadding::OaepSha256);
    let message = written(&keyring, &EncryptOptions::default()).unwrap();
    let Err(DecryptError::Key(source)) = read(&message, &keyring) else {
        panic!("opened with a public key");
    };
    let source = source.downcast_ref::<RawRsaError>();
    assert_eq!(source, Some(&RawRsaError::NoPrivateKey));
}

#[test]
fn names_and_keys_that_cannot_be_are_refused() {
    let of = |namespace: &str, name: &str, spki: &[u8]| {
        let padding = RsaPadding::OaepSha256;
        RawRsaKeyring::of_public_key(namespace, name, padding, spki, random()).map(|_| ())
    };
    assert_eq!(
        of(AWS_KMS_PROVIDER, "n", &PAIR.public),
        Err(RawRsaError::Name)
    );
    assert_eq!(of("s", "ñ", &PAIR.public), Err(RawRsaError::Name));
    assert_eq!(of("s", "n", b"no key"), Err(RawRsaError::Key));
    assert_eq!(
        of("s", "n", &[&PAIR.public[..], b"x"].concat()),
        Err(RawRsaError::Key)
    );
    assert_eq!(of("s", "n", PAIR.private.expose()), Err(RawRsaError::Key));
}

fn multi() -> MultiKeyring<'static> {
    MultiKeyring::with_generator(Box::new(aes("a")))
        .and(Box::new(public(RsaPadding::OaepSha256)))
        .and(Box::new(aes("bb")))
}

#[test]
fn any_one_recipient_opens_a_message_of_several() {
    for sign in [false, true] {
        let options = EncryptOptions {
            sign,
            ..EncryptOptions::default()
        };
        let message = written(&multi(), &options).unwrap();
        let recipients: [&dyn DataKeys; 3] = [
            &aes("a"),
            &private("space", "rsa", RsaPadding::OaepSha256),
            &aes("bb"),
        ];
        for recipient in recipients {
            let mut plaintext = Vec::new();
            let options = DecryptOptions {
                signed_messages: SignedMessages::HoldBack,
                ..DecryptOptions::default()
            };
            decrypt(&mut &message[..], &mut plaintext, recipient, &options).unwrap();
            assert_eq!(plaintext, b"plaintext");
        }
        assert!(read(&message, &aes("ccc")).is_err());
    }
}

#[test]
fn several_keyrings_open_what_one_of_them_can_and_otherwise_tell_what_each_said() {
    let message = written(&aes("bb"), &EncryptOptions::default()).unwrap();
    assert_eq!(read(&message, &multi()).unwrap(), b"plaintext");
    let without_generator = MultiKeyring::default().and(Box::new(aes("bb")));
    assert_eq!(read(&message, &without_generator).unwrap(), b"plaintext");
    let strangers = MultiKeyring::with_generator(Box::new(aes("ccc"))).and(Box::new(aes("dddd")));
    let Err(DecryptError::Key(source)) = read(&message, &strangers) else {
        panic!("opened by a stranger");
    };
    let Some(MultiKeyringError::NoDataKey(refusals)) = source.downcast_ref() else {
        panic!("{source}");
    };
    assert_eq!(refusals.len(), 2);
}

#[test]
fn without_a_generator_nothing_is_encrypted() {
    let keyring = MultiKeyring::default().and(Box::new(aes("a")));
    let result = written(&keyring, &EncryptOptions::default());
    assert!(matches!(result, Err(EncryptError::Key(_))));
}

#[test]
fn a_message_has_no_more_recipients_than_its_options_allow() {
    let with = |max_data_keys| {
        let options = EncryptOptions {
            max_data_keys,
            ..EncryptOptions::default()
        };
        written(&multi(), &options)
    };
    assert!(with(3).is_ok());
    assert!(matches!(with(2), Err(EncryptError::TooManyDataKeys(2))));
    let options = DecryptOptions {
        max_data_keys: 2,
        ..DecryptOptions::default()
    };
    let message = with(3).unwrap();
    let result = decrypt(&mut &message[..], &mut io::sink(), &aes("a"), &options);
    assert!(matches!(result, Err(DecryptError::TooManyDataKeys(2))));
}

fn requiring(keys: &[&str]) -> EncryptOptions {
    let required: BTreeSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    EncryptOptions {
        required_context_keys: required,
        ..EncryptOptions::default()
    }
}

fn reproducing(pairs: &[(&str, &str)]) -> DecryptOptions {
    let pairs = pairs.iter();
    DecryptOptions {
        signed_messages: SignedMessages::HoldBack,
        reproduced_context: pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..DecryptOptions::default()
    }
}

#[test]
fn a_required_pair_is_not_stored_and_must_be_brought() {
    let rsa = private("space", "rsa", RsaPadding::OaepSha256);
    let keyrings: [&dyn DataKeys; 2] = [&aes("a"), &rsa];
    for keys in keyrings {
        for sign in [false, true] {
            let options = EncryptOptions {
                sign,
                ..requiring(&["b"])
            };
            let message = written(keys, &options).unwrap();
            let stored = inspect(&mut &message[..]).unwrap().context;
            assert_eq!((stored.get("B"), stored.get("b")), (Some("1"), None));
            let open = |pairs: &[(&str, &str)]| {
                let mut plaintext = Vec::new();
                decrypt(&mut &message[..], &mut plaintext, keys, &reproducing(pairs))
                    .map(|_| plaintext)
            };
            assert_eq!(open(&[("b", "2")]).unwrap(), b"plaintext");
            assert_eq!(open(&[("b", "2"), ("B", "1")]).unwrap(), b"plaintext");
            for missed in [
                &[][..],
                &[("b", "3")],
                &[("b", "2"), ("c", "3")],
                &[("B", "1")],
            ] {
                assert!(open(missed).is_err(), "{missed:?}");
            }
        }
    }
}

#[test]
fn a_required_key_must_have_a_value() {
    let result = written(&aes("a"), &requiring(&["b", "absent"]));
    assert!(matches!(result, Err(EncryptError::RequiredContextKey(key)) if key == "absent"));
}
