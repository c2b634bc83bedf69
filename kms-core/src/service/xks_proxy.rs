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

/// The permission for `action` on the key.
fn authorization<'a>(
    action: &'static str,
    loaded: &'a Loaded,
    specific: Specific<'a>,
) -> Result<Vec<Authorization<'a>>, Error> {
    let on = On::Key(loaded.primary()?);
    Ok(vec![Authorization::new(action, on).with(specific)])
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

impl Operation for XksRequest<MetadataRequest> {
    type Parsed = KeyRef;
    type Response = MetadataReply;
    const EVENT: Event = Event::xks_proxy("XksProxyGetKeyMetadata", api::Operation::DescribeKey);

    fn parameters(&self, parameters: &mut Parameters) {
        record(&self.external, &self.body.request_metadata, parameters);
    }

    fn parse(self) -> Result<KeyRef, Error> {
        Ok(self.key)
    }

    fn lookups(key: &KeyRef) -> Lookups {
        Lookups::named(key)
    }

    fn authorizations<'a>(
        _key: &'a KeyRef,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        authorization("kms:DescribeKey", loaded, Specific::default())
    }

    fn perform(_key: KeyRef, step: &Step<'_>) -> Result<Performed<MetadataReply>, Error> {
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

impl Operation for XksRequest<EncryptRequest> {
    type Parsed = (KeyRef, EncryptRequest);
    type Response = EncryptReply;
    const EVENT: Event = Event::xks_proxy("XksProxyEncrypt", api::Operation::Encrypt);

    fn parameters(&self, parameters: &mut Parameters) {
        record(&self.external, &self.body.request_metadata, parameters);
    }

    fn parse(self) -> Result<Self::Parsed, Error> {
        let body = self.body;
        check_common(
            &body.encryption_algorithm,
            body.additional_authenticated_data.as_ref(),
        )?;
        within("plaintext", body.plaintext.len(), (1, MAX_PLAINTEXT))?;
        let value = body.ciphertext_data_integrity_value_algorithm.as_deref();
        if value.is_some_and(|name| name != SHA_256) {
            return Err(invalid("ciphertextDataIntegrityValueAlgorithm"));
        }
        Ok((self.key, body))
    }

    fn lookups((key, _): &Self::Parsed) -> Lookups {
        Lookups::named(key)
    }

    fn authorizations<'a>(
        _parsed: &'a Self::Parsed,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        authorization("kms:Encrypt", loaded, cryptographic())
    }

    fn perform((_, body): Self::Parsed, step: &Step<'_>) -> Result<Performed<EncryptReply>, Error> {
        let target = step.loaded.primary()?;
        require_own(target)?;
        let barrier = step.engine.barrier();
        let kept = target.key.keep_current_material(step.permit(0)?, barrier)?;
        let material = kept.usable()?;
        let additional = slice(body.additional_authenticated_data.as_ref());
        let plaintext = body.plaintext.expose();
        let random = step.engine.random();
        let layer = sealing::seal(material.sealing, additional, plaintext, random)?;
        let mut reply = EncryptReply {
            ciphertext: layer.ciphertext.clone().into(),
            ciphertext_metadata: Some(layer.metadata.clone().into()),
            initialization_vector: layer.initialization_vector.clone().into(),
            authentication_tag: layer.tag.clone().into(),
            ciphertext_data_integrity_value: None,
        };
        if body.ciphertext_data_integrity_value_algorithm.is_some() {
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

impl Operation for XksRequest<DecryptRequest> {
    type Parsed = (KeyRef, DecryptRequest);
    type Response = DecryptReply;
    const EVENT: Event = Event::xks_proxy("XksProxyDecrypt", api::Operation::Decrypt);

    fn parameters(&self, parameters: &mut Parameters) {
        record(&self.external, &self.body.request_metadata, parameters);
    }

    fn parse(self) -> Result<Self::Parsed, Error> {
        let body = self.body;
        check_common(
            &body.encryption_algorithm,
            body.additional_authenticated_data.as_ref(),
        )?;
        within("ciphertext", body.ciphertext.len(), (1, MAX_PLAINTEXT))?;
        let metadata = slice(body.ciphertext_metadata.as_ref());
        within(
            "ciphertextMetadata",
            metadata.len(),
            (0, MAX_CIPHERTEXT_METADATA),
        )?;
        let vector = body.initialization_vector.len();
        if !matches!(vector, 12 | 16) {
            return Err(invalid("initializationVector"));
        }
        within("authenticationTag", body.authentication_tag.len(), (16, 16))?;
        Ok((self.key, body))
    }

    fn lookups((key, _): &Self::Parsed) -> Lookups {
        Lookups::named(key)
    }

    fn authorizations<'a>(
        _parsed: &'a Self::Parsed,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        authorization("kms:Decrypt", loaded, cryptographic())
    }

    fn perform((_, body): Self::Parsed, step: &Step<'_>) -> Result<Performed<DecryptReply>, Error> {
        let target = step.loaded.primary()?;
        require_own(target)?;
        let layer = OuterLayer {
            metadata: slice(body.ciphertext_metadata.as_ref()).to_vec(),
            initialization_vector: body.initialization_vector.as_slice().to_vec(),
            tag: body.authentication_tag.as_slice().to_vec(),
            ciphertext: body.ciphertext.as_slice().to_vec(),
        };
        let tag = sealing::material_of(&layer.metadata).map_err(|_| Error::InvalidCiphertext)?;
        let (permit, barrier) = (step.permit(0)?, step.engine.barrier());
        let material = target.key.material(tag, permit, barrier)?;
        let material = material.ok_or(Error::InvalidCiphertext)?;
        let additional = slice(body.additional_authenticated_data.as_ref());
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
