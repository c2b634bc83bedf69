//! What every request and every response can do.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::operation::Operation;
use super::validation::ValidationErrors;
use crate::time::Timestamp;

/// The request of one operation, as the wire carries it: every member optional, so that a missing
/// one is answered with AWS's words.
pub trait Request: DeserializeOwned + fmt::Debug + Send + 'static {
    /// The operation that the request is for.
    const OPERATION: Operation;
    /// The answer when it succeeds.
    type Response: Response;

    /// Checks the constraints of AWS's model, which come before any other check.
    ///
    /// # Errors
    /// Every member that does not satisfy its constraint, in AWS's words.
    fn validate(&self) -> Result<(), ValidationErrors>;
}

/// The response of one operation.
pub trait Response: Serialize + fmt::Debug + Send + 'static {
    /// Appends the body of the HTTP answer. Operations that answer nothing append nothing.
    ///
    /// # Errors
    /// [`EncodeError`] never for the shapes of this room; what was appended is then incomplete.
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        serde_json::to_writer(out, self).map_err(|_| EncodeError)
    }
}

/// A response that has no JSON form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the response cannot be encoded")]
pub struct EncodeError;

/// A body that is not the JSON of its request: AWS's `SerializationException`. Says nothing of
/// the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not the JSON of this request")]
pub struct MalformedRequest;

/// Reads the body of a request: one JSON object and nothing after it. Members that the request
/// does not have are ignored; a repeated member or one of the wrong JSON type is refused.
///
/// # Errors
/// [`MalformedRequest`] for anything else.
pub fn parse<R: Request>(body: &[u8]) -> Result<R, MalformedRequest> {
    parse_object(body)
}

/// The same of a request that is none of AWS KMS.
///
/// # Errors
/// As [`parse`].
pub fn parse_object<R: DeserializeOwned>(body: &[u8]) -> Result<R, MalformedRequest> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let request = object(&mut deserializer).map_err(|_| MalformedRequest)?;
    deserializer.end().map_err(|_| MalformedRequest)?;
    Ok(request)
}

/// Takes a structure from a JSON object only; serde would take an array of its members too.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct ObjectVisitor<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}

/// The member `EncryptionContext` of a request: pairs of text. A repeated key is refused, since
/// the two sides could otherwise disagree on which value was authenticated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncryptionContextMap(pub BTreeMap<String, String>);

impl<'de> Deserialize<'de> for EncryptionContextMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = EncryptionContextMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, String>()? {
                    if pairs.insert(key, value).is_some() {
                        return Err(de::Error::custom("repeated key"));
                    }
                }
                Ok(EncryptionContextMap(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

pub(crate) fn epoch_seconds<S: Serializer>(
    time: &Timestamp,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.to_epoch_seconds().serialize(serializer)
}

pub(crate) fn optional_epoch_seconds<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(Timestamp::to_epoch_seconds).serialize(serializer)
}

/// Seconds since the epoch, with or without a fraction; digits below the millisecond are dropped.
pub(super) fn optional_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let time = Timestamp::from_epoch_seconds(&number);
    time.map(Some)
        .ok_or_else(|| de::Error::custom("not a point in time"))
}

pub(super) fn as_text<T: fmt::Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Ties a request to its operation, its response and its constraints.
macro_rules! request {
    ($request:ident, $operation:ident, $response:ty, |$this:ident, $check:ident| $body:block) => {
        impl crate::api::Request for $request {
            const OPERATION: crate::api::Operation = crate::api::Operation::$operation;
            type Response = $response;

            fn validate(&self) -> Result<(), crate::api::ValidationErrors> {
                let $this = self;
                let mut checks = crate::api::validation::Checks::default();
                let $check = &mut checks;
                $body
                checks.finish()
            }
        }
    };
}

/// A response without members, whose body is empty.
macro_rules! empty_response {
    ($($(#[$doc:meta])* $response:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
            pub struct $response {}

            impl crate::api::Response for $response {
                fn write_json(&self, _out: &mut Vec<u8>) -> Result<(), crate::api::EncodeError> {
                    Ok(())
                }
            }
        )*
    };
}

pub(crate) use empty_response;
pub(super) use request;
