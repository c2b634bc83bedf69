//! What authenticates a proxy's ciphertext: the AAD of its cipher and the value that both sides
//! compute.

use crate::crypto::digest::sha256_of;

use super::message::EncryptReply;

/// The AAD of the proxy's cipher: both parts with their lengths, so that bytes cannot move from one
/// to the other. `None` when one is longer than its length can say.
#[must_use]
pub fn authenticated(additional: &[u8], ciphertext_metadata: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(3 + additional.len() + ciphertext_metadata.len());
    bytes.extend_from_slice(&u16::try_from(additional.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(additional);
    bytes.push(u8::try_from(ciphertext_metadata.len()).ok()?);
    bytes.extend_from_slice(ciphertext_metadata);
    Some(bytes)
}

/// `ciphertextDataIntegrityValue` by `SHA_256`.
#[must_use]
pub fn integrity_value(additional: &[u8], reply: &EncryptReply) -> [u8; 32] {
    let metadata = reply.ciphertext_metadata.as_ref();
    sha256_of(&[
        additional,
        metadata.map_or(&[], |metadata| metadata.as_slice()),
        reply.initialization_vector.as_slice(),
        reply.ciphertext.as_slice(),
        reply.authentication_tag.as_slice(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of appendix C of the specification.
    #[test]
    fn the_integrity_value_is_that_of_the_specification() {
        let reply: EncryptReply = serde_json::from_str(
            r#"{"authenticationTag":"vBxN2ncH1oEkR8WVXpmyYQ==","ciphertext":"ghxkK1txeDNn3q8Y",
            "ciphertextDataIntegrityValue":"qHA/ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc=",
            "ciphertextMetadata":"a2V5X3ZlcnNpb249MQ==","initializationVector":"HMrlRw85cAJUd5Ax"}"#,
        )
        .unwrap();
        let stated = reply.ciphertext_data_integrity_value.as_ref().unwrap();
        let computed = integrity_value(b"project=nile,department=marketing", &reply);
        assert_eq!(stated.as_slice(), computed);
    }

    #[test]
    fn bytes_do_not_move_between_the_two_parts() {
        assert_eq!(authenticated(b"ab", b"c").unwrap(), b"\0\x02ab\x01c");
        assert_ne!(authenticated(b"ab", b"c"), authenticated(b"a", b"bc"));
        assert_eq!(authenticated(&[0; 65_536], b""), None);
    }
}
