//! The uses of key pairs: `Sign`, `Verify`, `GetPublicKey`, `DeriveSharedSecret`.

use serde::{Deserialize, Serialize};

use super::blob::{Blob, optional_secret, secret};
use super::cryptographic::{RecipientInfo, check_recipient};
use super::message::{EncodeError, Response, request};
use super::object_writer::{ObjectWriter, Secret};
use super::validation::{CIPHERTEXT, PLAINTEXT, PUBLIC_KEY};
use super::values::{
    CustomerMasterKeySpec, EncryptionAlgorithm, KeyAgreementAlgorithm, KeySpec, KeyUsage,
    MessageType, Origin, SigningAlgorithm,
};
use crate::ids::KeyArn;
use crate::secret::SecretBytes;

/// `Sign`: a signature of a key.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SignRequest {
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// What to sign, or its digest: 1–4096 bytes. Required.
    #[serde(deserialize_with = "optional_secret")]
    pub message: Option<SecretBytes>,
    /// A [`MessageType`]; `RAW` when absent.
    pub message_type: Option<String>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// A [`SigningAlgorithm`]. Required.
    pub signing_algorithm: Option<String>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(SignRequest, Sign, SignResponse, |this, check| {
    check.required_key_id(this.key_id.as_ref());
    check.required("message", this.message.as_ref());
    check.secret("message", this.message.as_ref(), PLAINTEXT);
    check.one_of(
        "messageType",
        this.message_type.as_ref(),
        MessageType::VALUES,
    );
    check.grant_tokens(this.grant_tokens.as_ref());
    check.required("signingAlgorithm", this.signing_algorithm.as_ref());
    check.one_of(
        "signingAlgorithm",
        this.signing_algorithm.as_ref(),
        SigningAlgorithm::VALUES,
    );
});

/// The answer to `Sign`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SignResponse {
    /// The key.
    pub key_id: KeyArn,
    /// The signature: DER for ECDSA, as the standard has it for the others.
    pub signature: Blob,
    /// How it was signed.
    pub signing_algorithm: SigningAlgorithm,
}

impl Response for SignResponse {}

/// `Verify`: whether a signature is one of a key.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct VerifyRequest {
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// What was signed, or its digest: 1–4096 bytes. Required.
    #[serde(deserialize_with = "optional_secret")]
    pub message: Option<SecretBytes>,
    /// A [`MessageType`]; `RAW` when absent.
    pub message_type: Option<String>,
    /// The signature: 1–6144 bytes. Required.
    pub signature: Option<Blob>,
    /// A [`SigningAlgorithm`]. Required.
    pub signing_algorithm: Option<String>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
}

request!(VerifyRequest, Verify, VerifyResponse, |this, check| {
    check.required_key_id(this.key_id.as_ref());
    check.required("message", this.message.as_ref());
    check.secret("message", this.message.as_ref(), PLAINTEXT);
    check.one_of(
        "messageType",
        this.message_type.as_ref(),
        MessageType::VALUES,
    );
    check.required("signature", this.signature.as_ref());
    check.blob("signature", this.signature.as_ref(), CIPHERTEXT);
    check.required("signingAlgorithm", this.signing_algorithm.as_ref());
    check.one_of(
        "signingAlgorithm",
        this.signing_algorithm.as_ref(),
        SigningAlgorithm::VALUES,
    );
    check.grant_tokens(this.grant_tokens.as_ref());
});

/// The answer to `Verify`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VerifyResponse {
    /// The key.
    pub key_id: KeyArn,
    /// `true`; a signature that is not valid is an error.
    pub signature_valid: bool,
    /// How it was signed.
    pub signing_algorithm: SigningAlgorithm,
}

impl Response for VerifyResponse {}

/// `GetPublicKey`: the public key of a key pair.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetPublicKeyRequest {
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
}

request!(
    GetPublicKeyRequest,
    GetPublicKey,
    GetPublicKeyResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.grant_tokens(this.grant_tokens.as_ref());
    }
);

/// The answer to `GetPublicKey`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetPublicKeyResponse {
    /// The key.
    pub key_id: KeyArn,
    /// `SubjectPublicKeyInfo`, DER.
    pub public_key: Blob,
    /// The deprecated name of `key_spec`, with the same value; none for specs that came later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_master_key_spec: Option<CustomerMasterKeySpec>,
    /// The kind of key.
    pub key_spec: KeySpec,
    /// What the key may be used for.
    pub key_usage: KeyUsage,
    /// How the key encrypts; none for other usages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub encryption_algorithms: Vec<EncryptionAlgorithm>,
    /// How the key signs; none for other usages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signing_algorithms: Vec<SigningAlgorithm>,
    /// How the key agrees on secrets; none for other usages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key_agreement_algorithms: Vec<KeyAgreementAlgorithm>,
}

impl Response for GetPublicKeyResponse {}

/// `DeriveSharedSecret`: the secret that a key shares with the owner of a public key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeriveSharedSecretRequest {
    /// The key, by id, ARN, alias name or alias ARN. Required.
    pub key_id: Option<String>,
    /// A [`KeyAgreementAlgorithm`]. Required.
    pub key_agreement_algorithm: Option<String>,
    /// The other side's `SubjectPublicKeyInfo`, DER: 1–8192 bytes. Required.
    pub public_key: Option<Blob>,
    /// Grants that may not have spread yet.
    pub grant_tokens: Option<Vec<String>>,
    /// Ask only whether it would succeed.
    pub dry_run: Option<bool>,
    /// The enclave to encrypt the answer to.
    pub recipient: Option<RecipientInfo>,
}

request!(
    DeriveSharedSecretRequest,
    DeriveSharedSecret,
    DeriveSharedSecretResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required(
            "keyAgreementAlgorithm",
            this.key_agreement_algorithm.as_ref(),
        );
        check.one_of(
            "keyAgreementAlgorithm",
            this.key_agreement_algorithm.as_ref(),
            KeyAgreementAlgorithm::VALUES,
        );
        check.required("publicKey", this.public_key.as_ref());
        check.blob("publicKey", this.public_key.as_ref(), PUBLIC_KEY);
        check.grant_tokens(this.grant_tokens.as_ref());
        check_recipient(check, this.recipient.as_ref());
    }
);

/// The answer to `DeriveSharedSecret`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeriveSharedSecretResponse {
    /// The key.
    pub key_id: KeyArn,
    /// The raw secret, to derive keys from.
    #[serde(serialize_with = "secret")]
    pub shared_secret: SecretBytes,
    /// How it was agreed on.
    pub key_agreement_algorithm: KeyAgreementAlgorithm,
    /// Where the key material comes from.
    pub key_origin: Origin,
    /// The same encrypted to the enclave of the request, which alone can read it; the plaintext is
    /// empty then, and left out of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciphertext_for_recipient: Option<Blob>,
}

impl Response for DeriveSharedSecretResponse {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let secret = Secret::new(&self.shared_secret, self.ciphertext_for_recipient.as_ref());
        let mut object = ObjectWriter::begin(out, secret.encoded_length());
        object.plain("KeyId", &self.key_id)?;
        object.secret("SharedSecret", secret);
        object.plain("KeyAgreementAlgorithm", self.key_agreement_algorithm)?;
        object.plain("KeyOrigin", self.key_origin)?;
        object.end();
        Ok(())
    }
}
