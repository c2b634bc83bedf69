//! What comes over the network to both sides of an external key store: the bodies of requests to the
//! proxy, the answers of one, and ciphertext blobs of two layers.

use std::fmt::Debug;

use kms_core::ciphertext::DoubleBlob;
use kms_core::xks::{
    DecryptReply, DecryptRequest, EncryptReply, EncryptRequest, ErrorReply, HealthReply,
    MetadataReply, MetadataRequest, read,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is read is an object, and is written as something that reads as the same again.
fn round<T: DeserializeOwned + Serialize + Debug>(data: &[u8]) {
    let Ok(message) = read::<T>(data) else {
        return;
    };
    let first = data.iter().find(|byte| !byte.is_ascii_whitespace());
    assert_eq!(first, Some(&b'{'));
    let written = serde_json::to_vec(&message).expect("messages have a JSON form");
    let again: T = read(&written).expect("what is written is read");
    assert_eq!(serde_json::to_vec(&again).expect("as before"), written);
}

/// Runs every parser over the same bytes.
pub fn run(data: &[u8]) {
    round::<MetadataRequest>(data);
    round::<EncryptRequest>(data);
    round::<DecryptRequest>(data);
    round::<MetadataReply>(data);
    round::<EncryptReply>(data);
    round::<DecryptReply>(data);
    round::<HealthReply>(data);
    round::<ErrorReply>(data);
    if let Ok(blob) = DoubleBlob::parse(data) {
        assert_eq!(blob.to_bytes(), data);
    }
}
