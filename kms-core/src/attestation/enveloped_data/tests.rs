use super::*;
use crate::api::KeySpec;
use crate::crypto::asymmetric::{PrivateKey, generate};
use crate::crypto::random::SystemRandom;

/// The first bytes of an answer of AWS KMS to a key of 2048 bits, up to the key's identifier.
const HEAD_OF_AWS: &str = "308006092a864886f70d010703a08030800201023182016b30820167020102\
                           8020";

/// What stands between the identifier and the encrypted key, in an answer of AWS KMS.
const ALGORITHM_OF_AWS: &str = "303c06092a864886f70d010107302fa00f300d060960864801650304020105\
                                00a11c301a06092a864886f70d010108300d06096086480165030402010500\
                                04820100";

/// What stands between the encrypted key and the vector, in an answer of AWS KMS.
const CONTENT_OF_AWS: &str = "308006092a864886f70d010701301d060960864801650304012a0410";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_answer_has_the_form_of_aws_byte_by_byte() {
    let pair = generate(KeySpec::Rsa2048, &SystemRandom).unwrap();
    let public = PublicKey::open(KeySpec::Rsa2048, &pair.public).unwrap();
    let plaintext = SecretBytes::new(vec![7; 32]);
    let answer = seal(&public, &pair.public, &plaintext, &SystemRandom).unwrap();
    let sealed = hex(&answer);
    let rest = sealed.strip_prefix(HEAD_OF_AWS).unwrap();
    let rest = rest
        .strip_prefix(&hex(&digest::sha256(&pair.public)))
        .unwrap();
    let rest = rest.strip_prefix(ALGORITHM_OF_AWS).unwrap();
    let key_at = answer.len() - rest.len() / 2;
    let rest = rest.split_at(512).1;
    let rest = rest.strip_prefix(CONTENT_OF_AWS).unwrap();
    let rest = rest.split_at(32).1.strip_prefix("a0800430").unwrap();
    assert_eq!(rest.split_at(96).1, "00".repeat(10));

    let private = PrivateKey::open(KeySpec::Rsa2048, pair.private.expose()).unwrap();
    let key = private.decrypt(
        EncryptionAlgorithm::RsaesOaepSha256,
        &answer[key_at..key_at + 256],
    );
    assert_eq!(key.unwrap().len(), 32);
}

#[test]
fn lengths_are_as_short_as_der_has_them() {
    for (length, head) in [
        (0x7f, vec![4, 0x7f]),
        (0x80, vec![4, 0x81, 0x80]),
        (0xff, vec![4, 0x81, 0xff]),
        (0x100, vec![4, 0x82, 1, 0]),
    ] {
        let element = element(OCTET_STRING, &vec![0; length]).unwrap();
        assert_eq!(element[..head.len()], head);
        assert_eq!(element.len(), head.len() + length);
    }
    assert!(element(OCTET_STRING, &vec![0; 0x1_0000]).is_err());
}
