//! Messages put together by hand, of every suite, with whatever is wrong in them under valid tags:
//! what a malicious holder of the data key could write.

use super::*;
use crate::crypto::aead::AesGcm;
use crate::crypto::sign::{EcdsaSigner, EcdsaVerifier};
use crate::envelope::frame::{FINAL_MARKER, FrameAad, Kind, written_nonce};
use crate::envelope::header::public_key_text;

pub(super) const SUITES: [u16; 11] = [
    0x0578, 0x0478, 0x0378, 0x0346, 0x0214, 0x0178, 0x0146, 0x0114, 0x0078, 0x0046, 0x0014,
];

/// A message to be: what [`Craft::finish`] puts together.
pub(super) struct Craft {
    pub(super) header: Header,
    key: AesGcm,
    signer: Option<EcdsaSigner>,
    /// The header body; changed here, it is authenticated as changed.
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

pub(super) fn suite(id: u16) -> AlgorithmSuite {
    AlgorithmSuite::from_id(id).unwrap()
}

/// The keyring that has the data key of each crafted message.
pub(super) fn keys_of(id: u16) -> Fixed {
    Fixed(vec![5; suite(id).key_length()])
}

/// The options under which every suite is read, with nothing released before a signature.
pub(super) fn reading_all() -> DecryptOptions {
    DecryptOptions {
        commitment_policy: CommitmentPolicy::RequireEncryptAllowDecrypt,
        signed_messages: SignedMessages::HoldBack,
        ..DecryptOptions::default()
    }
}

/// What is released of a crafted message, and how it ends.
pub(super) fn open_crafted(id: u16, message: &[u8]) -> (Vec<u8>, Result<Summary, DecryptError>) {
    let mut released = Vec::new();
    let result = decrypt(
        &mut &message[..],
        &mut released,
        &keys_of(id),
        &reading_all(),
    );
    (released, result)
}

impl Craft {
    /// The header of a message; its body is empty yet.
    pub(super) fn new(id: u16, content: Content) -> Self {
        let suite = suite(id);
        let message_id = vec![9; suite.version().message_id_length()];
        let signer = suite
            .signature()
            .map(|algorithm| EcdsaSigner::generate(algorithm, &SystemRandom).unwrap());
        let mut context = context();
        if let Some(signer) = &signer {
            let text = public_key_text(signer.compressed_point());
            context.insert(PUBLIC_KEY_CONTEXT_KEY.to_owned(), text);
        }
        let data_key = SecretBytes::new(vec![5; suite.key_length()]);
        let commitment = if suite.commits_to_key() {
            let (_, commitment) = derive::committing_key(suite, &data_key, &message_id).unwrap();
            commitment.to_vec()
        } else {
            Vec::new()
        };
        let header = Header {
            suite,
            message_id,
            context,
            encrypted_data_keys: vec![EncryptedDataKey::aws_kms("arn", vec![1, 2, 3])],
            content,
            commitment,
        };
        Self {
            key: derive::message_key(&header, &data_key).unwrap(),
            head: header.to_bytes().unwrap(),
            header,
            signer,
            body: Vec::new(),
        }
    }

    /// A whole message.
    pub(super) fn message(id: u16, content: Content, plaintext: &[u8]) -> Vec<u8> {
        let mut craft = Self::new(id, content);
        match content {
            Content::Unframed => craft.single_block(plaintext),
            Content::Framed(length) => craft.frames(plaintext, usize::try_from(length).unwrap()),
        }
        craft.finish()
    }

    /// All frames, the final one short.
    pub(super) fn frames(&mut self, plaintext: &[u8], frame_length: usize) {
        let frames = plaintext.chunks_exact(frame_length);
        let last = frames.remainder();
        let mut sequence = 1;
        for frame in frames {
            self.regular(sequence, frame);
            sequence += 1;
        }
        self.last(sequence, last);
    }

    fn seal(&self, kind: Kind, sequence: u32, plaintext: &[u8]) -> Vec<u8> {
        let mut aad = FrameAad::new(&self.header.message_id, kind);
        let length = u64::try_from(plaintext.len()).unwrap();
        let mut sealed = plaintext.to_vec();
        let aad = aad.of(sequence, length);
        self.key
            .seal(written_nonce(sequence), aad, &mut sealed)
            .unwrap();
        sealed
    }

    pub(super) fn regular(&mut self, sequence: u32, plaintext: &[u8]) {
        let sealed = self.seal(Kind::Regular, sequence, plaintext);
        self.body.extend(sequence.to_be_bytes());
        self.body.extend(written_nonce(sequence));
        self.body.extend(sealed);
    }

    pub(super) fn last(&mut self, sequence: u32, plaintext: &[u8]) {
        let sealed = self.seal(Kind::Final, sequence, plaintext);
        self.body.extend(FINAL_MARKER.to_be_bytes());
        self.body.extend(sequence.to_be_bytes());
        self.body.extend(written_nonce(sequence));
        let length = u32::try_from(plaintext.len()).unwrap();
        self.body.extend(length.to_be_bytes());
        self.body.extend(sealed);
    }

    pub(super) fn single_block(&mut self, plaintext: &[u8]) {
        let sealed = self.seal(Kind::SingleBlock, 1, plaintext);
        self.body.extend(written_nonce(1));
        let length = u64::try_from(plaintext.len()).unwrap();
        self.body.extend(length.to_be_bytes());
        self.body.extend(sealed);
    }

    /// Header, header authentication and body.
    fn signed_part(&self) -> Vec<u8> {
        let tag = self
            .key
            .seal_in_place([0; 12], &self.head, &mut [])
            .unwrap();
        let mut message = self.head.clone();
        if self.header.suite.version() == MessageVersion::V1 {
            message.extend([0; 12]);
        }
        message.extend(tag);
        message.extend(&self.body);
        message
    }

    /// The message with a valid footer, where its suite has one.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let mut message = self.signed_part();
        if let Some(mut signer) = self.signer.take() {
            signer.update(&message);
            let signature = signer.sign().unwrap();
            message.extend(u16::try_from(signature.len()).unwrap().to_be_bytes());
            message.extend(signature);
        }
        message
    }

    /// The message with these bytes for a footer.
    pub(super) fn finish_with(self, footer: &[u8]) -> Vec<u8> {
        [self.signed_part(), footer.to_vec()].concat()
    }
}

#[test]
fn a_crafted_signature_is_over_header_and_body() {
    let craft = Craft::new(0x0578, Content::Framed(16));
    let point = craft.signer.as_ref().unwrap().compressed_point().to_vec();
    let signed = craft.signed_part();
    let message = craft.finish();
    let algorithm = suite(0x0578).signature().unwrap();
    let mut verifier = EcdsaVerifier::new(algorithm, &point).unwrap();
    verifier.update(&signed);
    assert_eq!(verifier.verify(&message[signed.len() + 2..]), Ok(()));
}
