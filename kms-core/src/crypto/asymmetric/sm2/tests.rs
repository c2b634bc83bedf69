//! The examples of GM/T 0003.5-2012 on the recommended curve, and what is refused.

use std::sync::Mutex;

use super::*;
use crate::crypto::random::SystemRandom;

const ALGORITHM: EncryptionAlgorithm = EncryptionAlgorithm::Sm2pke;
const SIGNING: SigningAlgorithm = SigningAlgorithm::Sm2dsa;

const PRIVATE: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const PUBLIC: (&str, &str) = (
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
);
const NONCE: &str = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";

const MESSAGE: &[u8] = b"message digest";
/// The digest of the message after what names the signer.
const E: &str = "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640";
const SIGNATURE: (&str, &str) = (
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3",
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
);

const PLAINTEXT: &[u8] = b"encryption standard";
const C1: (&str, &str) = (
    "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73",
    "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0",
);
const C2: &str = "21886ca989ca9c7d58087307ca93092d651efa";
const C3: &str = "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766";

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// A value of DER of up to 255 bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let head = match length {
        0..=0x7f => vec![tag, length],
        _ => vec![tag, 0x81, length],
    };
    [head.as_slice(), content].concat()
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    if bytes[0] < 0x80 {
        return element(2, bytes);
    }
    element(2, &[&[0], bytes].concat())
}

fn integers((first, second): (&str, &str)) -> Vec<u8> {
    [integer(&bytes(first)), integer(&bytes(second))].concat()
}

fn ciphertext(c1: (&str, &str), c3: &[u8], c2: &[u8]) -> Vec<u8> {
    let content = [integers(c1), element(4, c3), element(4, c2)].concat();
    element(0x30, &content)
}

fn example_ciphertext() -> Vec<u8> {
    ciphertext(C1, &bytes(C3), &bytes(C2))
}

fn pair() -> NewKeyPair {
    encoded(&SecretKey::from_slice(&bytes(PRIVATE)).unwrap()).unwrap()
}

fn keys(pair: &NewKeyPair) -> (PrivateKey, PublicKey) {
    let private = PrivateKey::open(pair.private.expose()).unwrap();
    (private, PublicKey::open(&pair.public).unwrap())
}

/// Gives out what it was given, then nothing.
#[derive(Debug)]
struct Given(Mutex<Vec<Vec<u8>>>);

impl Given {
    fn new(draws: &[&str]) -> Self {
        Self(Mutex::new(
            draws.iter().rev().map(|hex| bytes(hex)).collect(),
        ))
    }
}

impl Random for Given {
    fn fill(&self, room: &mut [u8]) -> Result<(), Failed> {
        let draw = self.0.lock().unwrap().pop().ok_or(Failed)?;
        room.copy_from_slice(&draw);
        Ok(())
    }
}

/// Gives out zeros for ever.
#[derive(Debug)]
struct Broken;

impl Random for Broken {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Failed> {
        bytes.fill(0);
        Ok(())
    }
}

#[test]
fn the_private_key_of_the_example_has_its_public_key() {
    let public = pair().public;
    let point = [bytes(PUBLIC.0), bytes(PUBLIC.1)].concat();
    // RFC 5480 §2, with the OID of the curve: 1.2.156.10197.1.301.
    let head = bytes("3059301306072a8648ce3d020106082a811ccf5501822d03420004");
    assert_eq!(public, [head, point].concat());
    assert_eq!(generate(&Given::new(&[PRIVATE])).unwrap().public, public);
}

#[test]
fn the_signature_of_the_example_is_one_over_the_message_and_over_its_digest() {
    let (private, public) = keys(&pair());
    let signature = element(0x30, &integers(SIGNATURE));
    let digest = bytes(E);
    public
        .verify(SIGNING, Message::Raw(MESSAGE), &signature)
        .unwrap();
    public
        .verify(SIGNING, Message::Digest(&digest), &signature)
        .unwrap();
    // By RFC 6979 both forms are signed alike.
    let signed = private.sign(SIGNING, Message::Raw(MESSAGE)).unwrap();
    let of_digest = private.sign(SIGNING, Message::Digest(&digest)).unwrap();
    assert_eq!(signed, of_digest);
    public
        .verify(SIGNING, Message::Digest(&digest), &signed)
        .unwrap();
    for other in [Message::Raw(b"massage digest"), Message::Digest(&[1; 32])] {
        assert!(public.verify(SIGNING, other, &signature).is_err());
    }
    for length in [0, 31, 33, 64] {
        let digest = vec![1; length];
        assert!(private.sign(SIGNING, Message::Digest(&digest)).is_err());
        assert!(
            public
                .verify(SIGNING, Message::Digest(&digest), &signed)
                .is_err()
        );
    }
    let mu = Message::ExternalMu(&[1; 64]);
    assert!(private.sign(SIGNING, mu).is_err());
    assert!(public.verify(SIGNING, mu, &signed).is_err());
    let other = SigningAlgorithm::EcdsaSha256;
    assert!(private.sign(other, Message::Raw(MESSAGE)).is_err());
}

#[test]
fn a_signature_has_one_encoding() {
    let (_, public) = keys(&pair());
    let (r, s) = (bytes(SIGNATURE.0), bytes(SIGNATURE.1));
    let body = [integer(&r), integer(&s)].concat();
    let good = element(0x30, &body);
    let order = bytes("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");
    let bad = [
        [r.clone(), s.clone()].concat(),
        [&[0x30, 0x81, 70], body.as_slice()].concat(),
        [&[0x30, 0x80], body.as_slice(), &[0, 0]].concat(),
        [good.as_slice(), &[0]].concat(),
        element(0x31, &body),
        element(0x30, &[body.as_slice(), &[5, 0]].concat()),
        // Negative, with one zero too many, zero, and not below the order.
        element(0x30, &[element(2, &r), integer(&s)].concat()),
        element(
            0x30,
            &[element(2, &[&[0, 0], r.as_slice()].concat()), integer(&s)].concat(),
        ),
        element(0x30, &[integer(&[0]), integer(&s)].concat()),
        element(0x30, &[integer(&r), integer(&[0])].concat()),
        element(0x30, &[integer(&r), integer(&order)].concat()),
        Vec::new(),
    ];
    let verify = |signature: &[u8]| public.verify(SIGNING, Message::Raw(MESSAGE), signature);
    verify(&good).unwrap();
    for (at, signature) in bad.iter().enumerate() {
        assert!(verify(signature).is_err(), "{at}");
    }
}

#[test]
fn the_ciphertext_of_the_example_is_made_and_decrypted() {
    let (private, public) = keys(&pair());
    let random = Given::new(&[NONCE]);
    let made = public.encrypt(ALGORITHM, PLAINTEXT, &random).unwrap();
    assert_eq!(made, example_ciphertext());
    let opened = private.decrypt(ALGORITHM, &made).unwrap();
    assert_eq!(opened.expose(), PLAINTEXT);
}

#[test]
fn a_plaintext_is_never_its_own_ciphertext() {
    let (_, public) = keys(&pair());
    // With the nonce 470 the key stream begins with a zero, by an independent implementation.
    let zero = format!("{:064x}", 470);
    let zero = zero.as_str();
    let encrypt = |draws: &[&str]| public.encrypt(ALGORITHM, &[7], &Given::new(draws));
    let expected = encrypt(&[NONCE]).unwrap();
    assert_eq!(encrypt(&[zero, NONCE]).unwrap(), expected);
    assert!(encrypt(&[zero]).is_err());
}

#[test]
fn plaintexts_of_any_length_but_none_come_back() {
    let (private, public) = keys(&generate(&SystemRandom).unwrap());
    let (stranger, _) = keys(&pair());
    for length in [1, 31, 32, 33, 64, 1024] {
        let plaintext = vec![7; length];
        let encrypt = || {
            public
                .encrypt(ALGORITHM, &plaintext, &SystemRandom)
                .unwrap()
        };
        let ciphertext = encrypt();
        assert_ne!(ciphertext, encrypt());
        let opened = private.decrypt(ALGORITHM, &ciphertext).unwrap();
        assert_eq!(opened.expose(), plaintext);
        assert!(stranger.decrypt(ALGORITHM, &ciphertext).is_err());
    }
    assert!(public.encrypt(ALGORITHM, &[], &SystemRandom).is_err());
}

#[test]
fn a_ciphertext_is_taken_whole_or_not_at_all() {
    let (private, public) = keys(&pair());
    let good = example_ciphertext();
    let decrypt = |ciphertext: &[u8]| private.decrypt(ALGORITHM, ciphertext);
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        assert!(decrypt(&changed).is_err(), "{at}");
        assert!(decrypt(&good[..at]).is_err(), "{at}");
    }
    assert!(decrypt(&[good.as_slice(), &[0]].concat()).is_err());
    let (c2, c3) = (bytes(C2), bytes(C3));
    let zero = &"00".repeat(32);
    let large = &"ff".repeat(32);
    let negative = [
        integer(&bytes(C1.0)),
        element(2, &bytes(C1.1)),
        element(4, &c3),
    ]
    .concat();
    let swapped = [integers(C1), element(4, &c2), element(4, &c3)].concat();
    let cases = [
        // Off the curve, at no point at all, not in the field.
        ciphertext((C1.1, C1.0), &c3, &c2),
        ciphertext((zero, zero), &c3, &c2),
        ciphertext((large, C1.1), &c3, &c2),
        ciphertext(C1, &c3[1..], &c2),
        ciphertext(C1, &c3, &[]),
        // C1 ‖ C2 ‖ C3, and the form without ASN.1.
        element(0x30, &swapped),
        [vec![4], bytes(C1.0), bytes(C1.1), c3.clone(), c2.clone()].concat(),
        element(0x30, &[negative, element(4, &c2)].concat()),
    ];
    for (at, ciphertext) in cases.iter().enumerate() {
        assert!(decrypt(ciphertext).is_err(), "{at}");
    }
    let other = EncryptionAlgorithm::RsaesOaepSha256;
    assert!(private.decrypt(other, &good).is_err());
    assert!(public.encrypt(other, PLAINTEXT, &SystemRandom).is_err());
}

#[test]
fn a_ciphertext_of_no_plaintext_is_refused_though_its_digest_fits() {
    // C1 is the public key, and the digest that of [d]C1, by an independent implementation.
    let digest = "d5f5be7f99b6cafa2a2d64d842359913bf767dd829fc613ca88d52dbe65d2e9a";
    let (private, _) = keys(&pair());
    let cipher = ciphertext(PUBLIC, &bytes(digest), &[]);
    let key = SecretKey::from_slice(&bytes(PRIVATE)).unwrap();
    let taken = DecryptingKey::new(key).decrypt_der(&cipher);
    assert!(taken.unwrap().is_empty(), "the library takes it");
    assert!(private.decrypt(ALGORITHM, &cipher).is_err());
}

#[test]
fn two_keys_agree_on_a_coordinate() {
    let one = pair();
    let two = generate(&Given::new(&[NONCE])).unwrap();
    // By an independent implementation.
    let expected = bytes("335e18d751e51f040e27d468138b7ab1dc86ad7f981d7d416222fd6ab3ed230d");
    let (first, second) = (keys(&one).0, keys(&two).0);
    assert_eq!(first.agree(&two.public).unwrap().expose(), expected);
    assert_eq!(second.agree(&one.public).unwrap().expose(), expected);
    let mut off_the_curve = two.public.clone();
    *off_the_curve.last_mut().unwrap() ^= 1;
    let of_another_curve = super::super::secp256k1::generate(&SystemRandom).unwrap();
    let at_infinity = bytes("3019301306072a8648ce3d020106082a811ccf5501822d03020000");
    let peers = [
        off_the_curve,
        of_another_curve.public,
        at_infinity,
        Vec::new(),
    ];
    for peer in peers {
        assert!(first.agree(&peer).is_err());
    }
}

#[test]
fn a_private_key_that_cannot_sign_is_none() {
    // n − 1, n − 2, n and 0.
    let order = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d541";
    let key = |end: &str| SecretKey::from_slice(&bytes(&format!("{order}{end}")));
    let last = encoded(&key("22").unwrap()).unwrap();
    assert!(PrivateKey::open(last.private.expose()).is_err());
    assert!(import(last.private.expose()).is_err());
    let before = encoded(&key("21").unwrap()).unwrap();
    let (private, public) = keys(&before);
    let signature = private.sign(SIGNING, Message::Raw(MESSAGE)).unwrap();
    public
        .verify(SIGNING, Message::Raw(MESSAGE), &signature)
        .unwrap();
    assert!(key("23").is_err());
    assert!(SecretKey::from_slice(&[0; 32]).is_err());
}

#[test]
fn a_private_key_names_its_curve_and_its_own_public_key() {
    let pkcs8 = pair().private.expose().to_vec();
    let public = bytes(PUBLIC.0);
    let at = pkcs8.windows(32).position(|window| window == public);
    let mut of_another = pkcs8.clone();
    of_another[at.unwrap()] ^= 1;
    assert!(import(&of_another).is_err());
    let curve = bytes("2a811ccf5501822d");
    let at = pkcs8.windows(8).position(|window| window == curve).unwrap();
    let mut of_another = pkcs8.clone();
    of_another[at + 7] ^= 1;
    assert!(import(&of_another).is_err());
    assert!(import(&[pkcs8.as_slice(), &[0]].concat()).is_err());
    assert!(import(&pkcs8).is_ok());
}

#[test]
fn a_source_that_is_broken_makes_nothing() {
    let (_, public) = keys(&pair());
    assert!(generate(&Broken).is_err());
    assert!(public.encrypt(ALGORITHM, PLAINTEXT, &Broken).is_err());
    let none = Given::new(&[]);
    assert!(generate(&none).is_err());
    assert!(public.encrypt(ALGORITHM, PLAINTEXT, &none).is_err());
}
