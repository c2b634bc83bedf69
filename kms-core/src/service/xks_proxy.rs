//! This service as the proxy of somebody's external key store: what a proxy does with a key here
//! walks like every request, is decided by the key's policy and stands in the ledger.

use super::context::CallContext;
use super::operation::{
    Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step, Target,
};
use super::parameters::Parameters;
use super::values::Specific;
use crate::Error;
use crate::api::{self, Blob, EncryptionAlgorithm, KeyState, KeyUsage};
use crate::ciphertext::OuterLayer;
use crate::crypto::constant_time_eq;
use crate::ids::{KeyRef, XksKeyId};
use crate::keys::KeyKind;
use crate::xks::{
    self, AES_GCM, DecryptReply, DecryptRequest, EncryptReply, EncryptRequest,
    MAX_AUTHENTICATED_DATA, MAX_CIPHERTEXT_METADATA, MAX_PLAINTEXT, MetadataReply, MetadataRequest,
    RequestMetadata, SHA_256, integrity_value, sealing,
};

/// A request to the proxy on a key that is kept here.
#[derive(Debug)]
pub struct XksRequest<B> {
    /// What the client calls the key.
    pub external: XksKeyId,
    /// The key.
    pub key: KeyRef,
    /// The body.
    pub body: B,
}

/// As much of a client's text as is recorded, in bytes: the longest ARN.
const LONGEST_TEXT: usize = 2048;

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_TEXT))
        .unwrap_or_default()
}

fn record(external: &XksKeyId, metadata: &RequestMetadata, parameters: &mut Parameters) {
    parameters
        .value("xksKeyId", external)
        .optional(
            "awsPrincipalArn",
            metadata.aws_principal_arn.as_deref().map(cut),
        )
        .optional("kmsKeyArn", metadata.kms_key_arn.as_deref().map(cut))
        .value("kmsOperation", cut(&metadata.kms_operation))
        .value("kmsRequestId", cut(&metadata.kms_request_id))
        .optional(
            "kmsViaService",
            metadata.kms_via_service.as_deref().map(cut),
        );
}

fn invalid(what: &str) -> Error {
    Error::Validation(format!("{what} is missing or invalid."))
}

fn within(what: &str, length: usize, (least, most): (usize, usize)) -> Result<(), Error> {
    if (least..=most).contains(&length) {
        Ok(())
    } else {
        Err(invalid(what))
    }
}

fn check_common(algorithm: &str, additional: Option<&Blob>) -> Result<(), Error> {
    if algorithm != AES_GCM {
        return Err(invalid("encryptionAlgorithm"));
    }
    let length = additional.map_or(0, Blob::len);
    within(
        "additionalAuthenticatedData",
        length,
        (0, MAX_AUTHENTICATED_DATA),
    )
}

/// What a proxy is asked to do with a key.
pub trait ProxyUse: Send + Sized + 'static {
    type Reply: Send + 'static;
    const EVENT: Event;
    /// The permission that is needed on the key.
    const ACTION: &'static str;

    fn metadata(&self) -> &RequestMetadata;

    /// Checks every value.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The values that conditions may ask for.
    fn specific() -> Specific<'static> {
        Specific::default()
    }

    /// Does it, once it is permitted and the state of the key admits it.
    fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Reply>, Error>;
}

impl<B: ProxyUse> Operation for XksRequest<B> {
    type Parsed = (KeyRef, B);
    type Response = B::Reply;
    const EVENT: Event = B::EVENT;

    fn parameters(&self, parameters: &mut Parameters) {
        record(&self.external, self.body.metadata(), parameters);
    }

    fn parse(self) -> Result<Self::Parsed, Error> {
        self.body.check()?;
        Ok((self.key, self.body))
    }

    fn lookups((key, _): &Self::Parsed) -> Lookups {
        Lookups::named(key)
    }

    fn authorizations<'a>(
        _parsed: &'a Self::Parsed,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let on = On::Key(loaded.primary()?);
        Ok(vec![Authorization::new(B::ACTION, on).with(B::specific())])
    }

    fn perform((_, body): Self::Parsed, step: &Step<'_>) -> Result<Performed<B::Reply>, Error> {
        body.perform(step)
    }
}

/// The key must be symmetric, and kept here: a proxy of proxies could go in circles.
fn require_own(target: &Target) -> Result<(), Error> {
    let key = &target.key.key;
    if key.kind == KeyKind::default() && key.external.is_none() {
        return Ok(());
    }
    Err(Error::InvalidKeyUsage(
        "The key is not a symmetric encryption key of this service.".to_owned(),
    ))
}

/// The values of a use: there is no encryption context that the proxy could know.
fn cryptographic() -> Specific<'static> {
    Specific {
        encryption_algorithm: Some(EncryptionAlgorithm::SymmetricDefault.as_str()),
        ..Specific::default()
    }
}

fn slice(blob: Option<&Blob>) -> &[u8] {
    blob.map_or(&[], Blob::as_slice)
}

impl ProxyUse for MetadataRequest {
    type Reply = MetadataReply;
    const EVENT: Event = Event::xks_proxy("XksProxyGetKeyMetadata", api::Operation::DescribeKey);
    const ACTION: &'static str = "kms:DescribeKey";

    fn metadata(&self) -> &RequestMetadata {
        &self.request_metadata
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<MetadataReply>, Error> {
        let key = &step.loaded.primary()?.key.key;
        let own = key.external.is_none();
        let symmetric = own && key.kind == KeyKind::default();
        let usage: &[&str] = match key.kind.usage {
            KeyUsage::EncryptDecrypt if own => &["ENCRYPT", "DECRYPT"],
            _ => &[],
        };
        let enabled = step.state.key_state(key, step.now) == KeyState::Enabled;
        Ok(Performed::read(MetadataReply {
            key_spec: if symmetric {
                "AES_256"
            } else {
                key.kind.spec.as_str()
            }
            .to_owned(),
            key_usage: usage.iter().map(|usage| (*usage).to_owned()).collect(),
            key_status: if enabled { "ENABLED" } else { "DISABLED" }.to_owned(),
        }))
    }
}

impl ProxyUse for EncryptRequest {
    type Reply = EncryptReply;
    const EVENT: Event = Event::xks_proxy("XksProxyEncrypt", api::Operation::Encrypt);
    const ACTION: &'static str = "kms:Encrypt";

    fn metadata(&self) -> &RequestMetadata {
        &self.request_metadata
    }

    fn check(&self) -> Result<(), Error> {
        check_common(
            &self.encryption_algorithm,
            self.additional_authenticated_data.as_ref(),
        )?;
        within("plaintext", self.plaintext.len(), (1, MAX_PLAINTEXT))?;
        let value = self.ciphertext_data_integrity_value_algorithm.as_deref();
        if value.is_some_and(|name| name != SHA_256) {
            return Err(invalid("ciphertextDataIntegrityValueAlgorithm"));
        }
        Ok(())
    }

    fn specific() -> Specific<'static> {
        cryptographic()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<EncryptReply>, Error> {
        let target = step.loaded.primary()?;
        require_own(target)?;
        let barrier = step.engine.barrier();
        let kept = target.key.keep_current_material(step.permit(0)?, barrier)?;
        let material = kept.usable()?;
        let additional = slice(self.additional_authenticated_data.as_ref());
        let plaintext = self.plaintext.expose();
        let random = step.engine.random();
        let layer = sealing::seal(material.sealing, additional, plaintext, random)?;
        let mut reply = EncryptReply {
            ciphertext: layer.ciphertext.clone().into(),
            ciphertext_metadata: Some(layer.metadata.clone().into()),
            initialization_vector: layer.initialization_vector.clone().into(),
            authentication_tag: layer.tag.clone().into(),
            ciphertext_data_integrity_value: None,
        };
        if self.ciphertext_data_integrity_value_algorithm.is_some() {
            // Before the check, so that what is corrupted after it does not match.
            let value = integrity_value(additional, &reply);
            let opened = sealing::open(material.sealing, additional, layer);
            if !opened.is_ok_and(|opened| constant_time_eq(opened.expose(), plaintext)) {
                return Err(Error::internal(
                    "a ciphertext does not open that was just made",
                ));
            }
            reply.ciphertext_data_integrity_value = Some(value.to_vec().into());
        }
        Ok(Performed::read(reply).with_material("keyMaterialId", material.id))
    }
}

impl ProxyUse for DecryptRequest {
    type Reply = DecryptReply;
    const EVENT: Event = Event::xks_proxy("XksProxyDecrypt", api::Operation::Decrypt);
    const ACTION: &'static str = "kms:Decrypt";

    fn metadata(&self) -> &RequestMetadata {
        &self.request_metadata
    }

    fn check(&self) -> Result<(), Error> {
        check_common(
            &self.encryption_algorithm,
            self.additional_authenticated_data.as_ref(),
        )?;
        within("ciphertext", self.ciphertext.len(), (1, MAX_PLAINTEXT))?;
        let metadata = slice(self.ciphertext_metadata.as_ref());
        within(
            "ciphertextMetadata",
            metadata.len(),
            (0, MAX_CIPHERTEXT_METADATA),
        )?;
        let vector = self.initialization_vector.len();
        if !matches!(vector, 12 | 16) {
            return Err(invalid("initializationVector"));
        }
        within("authenticationTag", self.authentication_tag.len(), (16, 16))?;
        Ok(())
    }

    fn specific() -> Specific<'static> {
        cryptographic()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<DecryptReply>, Error> {
        let target = step.loaded.primary()?;
        require_own(target)?;
        let layer = OuterLayer {
            metadata: slice(self.ciphertext_metadata.as_ref()).to_vec(),
            initialization_vector: self.initialization_vector.as_slice().to_vec(),
            tag: self.authentication_tag.as_slice().to_vec(),
            ciphertext: self.ciphertext.as_slice().to_vec(),
        };
        let tag = sealing::material_of(&layer.metadata).map_err(|_| Error::InvalidCiphertext)?;
        let (permit, barrier) = (step.permit(0)?, step.engine.barrier());
        let material = target.key.material(tag, permit, barrier)?;
        let material = material.ok_or(Error::InvalidCiphertext)?;
        let additional = slice(self.additional_authenticated_data.as_ref());
        let plaintext = sealing::open(material.sealing, additional, layer);
        let plaintext = plaintext.map_err(|_| Error::InvalidCiphertext)?;
        let reply = DecryptReply { plaintext };
        Ok(Performed::read(reply).with_material("keyMaterialId", material.id))
    }
}

/// The error of the proxy's specification that an error of the engine is answered with.
#[must_use]
pub fn xks_error(error: &Error) -> xks::ErrorName {
    use xks::ErrorName;
    match error {
        Error::Validation(_) => ErrorName::Validation,
        Error::AccessDenied(_) | Error::UnrecognizedClient => ErrorName::AccessDenied,
        Error::NotFound(_) => ErrorName::KeyNotFound,
        Error::Disabled(_) | Error::InvalidState(_) => ErrorName::InvalidState,
        Error::InvalidKeyUsage(_) => ErrorName::InvalidKeyUsage,
        Error::InvalidCiphertext => ErrorName::InvalidCiphertext,
        Error::UnsupportedOperation(_) => ErrorName::UnsupportedOperation,
        _ => ErrorName::Internal,
    }
}
