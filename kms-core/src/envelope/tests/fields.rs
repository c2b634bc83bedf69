//! Values that are stored encrypted.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::*;
use crate::time::SystemClock;

fn sealer() -> Sealer<RawAesKeyring> {
    Sealer::new(keyring(), Arc::new(SystemRandom))
}

fn place() -> Place {
    Place::new([("table", "people"), ("column", "address")]).row(42)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Address {
    street: String,
    number: Option<u32>,
}

fn address() -> Address {
    Address {
        street: "Via \"Roma\"\n".to_owned(),
        number: Some(7),
    }
}

#[test]
fn a_value_opens_in_its_place() {
    let sealed = Encrypted::seal(&address(), &place(), &sealer()).unwrap();
    assert_eq!(sealed.open(&place(), &sealer()).unwrap(), address());
    let stored = Encrypted::<Address>::from_bytes(sealed.as_bytes().to_vec());
    assert_eq!(stored.open(&place(), &sealer()).unwrap(), address());
}

#[test]
fn a_value_opens_in_no_other_place() {
    let sealed = Encrypted::seal(&address(), &place(), &sealer()).unwrap();
    let column = |column| Place::new([("table", "people"), ("column", column)]);
    let refused = sealed.open(&column("name").row(42), &sealer());
    assert!(matches!(
        refused,
        Err(OpenError::Decrypt(DecryptError::ContextMismatch))
    ));
    for elsewhere in [
        column("address").row(43),
        column("address").row(""),
        column("address"),
    ] {
        let refused = sealed.open(&elsewhere, &sealer());
        assert!(
            matches!(refused, Err(OpenError::Elsewhere)),
            "{elsewhere:?}"
        );
    }
    let nowhere = Place::new(EncryptionContext::new()).row(42);
    let refused = sealed.open(&nowhere, &sealer());
    assert!(matches!(
        refused,
        Err(OpenError::Decrypt(DecryptError::ContextMismatch))
    ));
}

#[test]
fn a_row_is_told_from_the_value_that_follows_it() {
    let column = Place::new([("column", "digits")]);
    let sealed = Encrypted::<u32>::seal(&23, &column.row("1"), &sealer()).unwrap();
    let refused = sealed.open(&column.row("12"), &sealer());
    assert!(matches!(refused, Err(OpenError::Elsewhere)));
    let longest = column.row("r".repeat(65_535));
    let sealed = Encrypted::seal(&1, &longest, &sealer()).unwrap();
    assert_eq!(sealed.open(&longest, &sealer()).unwrap(), 1);
    let longer = column.row("r".repeat(65_536));
    let refused = Encrypted::seal(&1, &longer, &sealer());
    assert!(matches!(refused, Err(SealError::Row)));
}

#[test]
fn no_value_is_sealed_for_nowhere() {
    let nowhere = Place::new(EncryptionContext::new()).row(42);
    let refused = Encrypted::seal(&address(), &nowhere, &sealer());
    assert!(matches!(refused, Err(SealError::NoContext)));
}

#[test]
fn neither_the_row_nor_the_value_stands_in_what_is_stored() {
    let place = Place::new([("column", "words")]).row("ROWNUMBER");
    let sealed = Encrypted::seal(&"PLAINWORD".to_owned(), &place, &sealer()).unwrap();
    for hidden in [&b"ROWNUMBER"[..], b"PLAINWORD"] {
        let found = sealed.as_bytes().windows(9).any(|window| window == hidden);
        assert!(!found);
    }
    assert_eq!(format!("{sealed:?}"), "Encrypted(…)");
}

#[test]
fn serde_stores_base64_where_people_read_and_bytes_elsewhere() {
    #[derive(Serialize, Deserialize)]
    struct Person {
        address: Encrypted<Address>,
    }
    let sealed = Encrypted::seal(&address(), &place(), &sealer()).unwrap();
    let text = serde_json::to_string(&Person {
        address: sealed.clone(),
    })
    .unwrap();
    assert!(text.starts_with(r#"{"address":"AgR4"#), "{text}");
    let person: Person = serde_json::from_str(&text).unwrap();
    assert_eq!(person.address.open(&place(), &sealer()).unwrap(), address());
    for broken in [
        r#"{"address":"AgR4*"}"#,
        r#"{"address":7}"#,
        r#"{"address":null}"#,
    ] {
        assert!(serde_json::from_str::<Person>(broken).is_err(), "{broken}");
    }
    // A binary format hands over bytes.
    let bytes =
        serde::de::value::BytesDeserializer::<serde::de::value::Error>::new(sealed.as_bytes());
    let read = Encrypted::<Address>::deserialize(Binary(bytes)).unwrap();
    assert_eq!(read.open(&place(), &sealer()).unwrap(), address());
}

/// A deserializer that says that its format is not for people.
struct Binary<D>(D);

impl<'de, D: serde::Deserializer<'de>> serde::Deserializer<'de> for Binary<D> {
    type Error = D::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[test]
fn what_is_of_another_type_is_refused_without_telling_what_it_is() {
    let sealed = Encrypted::seal(&"PLAINWORD".to_owned(), &place(), &sealer()).unwrap();
    let as_number = Encrypted::<u32>::from_bytes(sealed.into_bytes());
    let refused = as_number.open(&place(), &sealer()).unwrap_err();
    assert!(matches!(refused, OpenError::Value(InvalidValue)));
    assert!(!format!("{refused} {refused:?}").contains("PLAINWORD"));
}

#[test]
fn a_value_without_a_json_form_is_refused_without_telling_what_it_is() {
    let keys = [(vec!["PLAINWORD"], 1)];
    let map: std::collections::BTreeMap<Vec<String>, u8> = keys
        .into_iter()
        .map(|(key, value)| (key.into_iter().map(str::to_owned).collect(), value))
        .collect();
    let refused = Encrypted::seal(&map, &place(), &sealer()).unwrap_err();
    assert!(matches!(refused, SealError::Value(InvalidValue)));
    assert!(!format!("{refused} {refused:?}").contains("PLAINWORD"));
}

#[test]
fn secret_bytes_are_sealed_as_they_are() {
    let secret = SecretBytes::new(vec![0, 255, 1]);
    let sealed = Encrypted::seal(&secret, &place(), &sealer()).unwrap();
    let opened = sealed.open(&place(), &sealer()).unwrap();
    assert_eq!(opened.expose(), secret.expose());
    // Any tool that reads the format finds `len2 row ‖ value`.
    let (released, result) = open(sealed.as_bytes());
    result.unwrap();
    assert_eq!(released, [&b"\x00\x0242"[..], secret.expose()].concat());
}

#[test]
fn a_damaged_value_is_refused() {
    let sealed = Encrypted::seal(&address(), &place(), &sealer()).unwrap();
    for length in [0, 1, sealed.as_bytes().len() - 1] {
        let cut = Encrypted::<Address>::from_bytes(sealed.as_bytes()[..length].to_vec());
        let refused = cut.open(&place(), &sealer());
        assert!(matches!(refused, Err(OpenError::Decrypt(_))));
    }
    // A message that was sealed for the same context, but not as a value of a place.
    for plaintext in [&b""[..], b"\x00", b"\x00\x0342"] {
        let context = EncryptionContext::from([("table", "people"), ("column", "address")]);
        let message = sealer().seal(plaintext, &context).unwrap();
        let refused = Encrypted::<Address>::from_bytes(message).open(&place(), &sealer());
        assert!(matches!(refused, Err(OpenError::Value(InvalidValue))));
    }
}

#[test]
fn all_rows_of_a_column_share_a_cached_data_key() {
    let cache = Arc::new(DataKeyCache::new(NonZeroUsize::MIN));
    let limits = CacheLimits::new(Duration::from_secs(86_400)).unwrap();
    let keys = CachingKeyring::new(keyring(), cache, limits, Arc::new(SystemClock));
    let sealer = Sealer::new(keys, Arc::new(SystemRandom));
    let column = Place::new([("table", "people"), ("column", "address")]);
    let [one, two] = [1, 2].map(|row| {
        let sealed = Encrypted::seal(&address(), &column.row(row), &sealer).unwrap();
        inspect(&mut sealed.as_bytes()).unwrap().encrypted_data_keys
    });
    assert_eq!(one, two);
}
