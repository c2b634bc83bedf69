//! `GetParametersForImport` and `DeleteImportedKeyMaterial`, and what imports share.

use std::fmt;

use super::engine::Engine;
use super::key_kind::require_offered;
use super::key_operation::KeyOperation;
use super::multi_region::synchronised;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::request::present;
use super::values::Specific;
use crate::Error;
use crate::api::{
    AlgorithmSpec, DeleteImportedKeyMaterialRequest, DeleteImportedKeyMaterialResponse,
    GetParametersForImportRequest, GetParametersForImportResponse, KeySpec, Origin,
    WrappingKeySpec,
};
use crate::crypto::key_wrap;
use crate::ids::KeyMaterialId;
use crate::keys::{ImportToken, Key};
use crate::root::TokenPurpose;
use crate::time::Timestamp;

/// Days until an import token and its public key are no longer taken.
const TOKEN_LIFETIME_DAYS: i64 = 1;

/// The key of the request, if its material is imported.
pub(super) fn external<'a>(step: &'a Step<'_>) -> Result<&'a Key, Error> {
    let key = &step.loaded.primary()?.key.key;
    match key.origin() {
        Origin::External => Ok(key),
        _ => Err(wrong_origin(key)),
    }
}

/// The refusal of a key for where its material comes from.
pub(super) fn wrong_origin(key: &Key) -> Error {
    Error::UnsupportedOperation(format!(
        "{} origin is {} which is not valid for this operation.",
        key.arn,
        key.origin()
    ))
}

/// The name of a material in an answer: those of symmetric keys alone are told.
pub(super) fn told(key: &Key, id: &KeyMaterialId) -> Option<KeyMaterialId> {
    key.kind.is_symmetric().then(|| id.clone())
}

impl Engine {
    fn seal_import_token(&self, token: &ImportToken) -> Result<Vec<u8>, Error> {
        self.barrier()
            .seal_token(
                TokenPurpose::Import,
                token.to_bytes().expose(),
                self.random(),
            )
            .map_err(Error::internal)
    }

    /// Opens a token that was given out for `key`.
    ///
    /// # Errors
    /// [`Error::InvalidImportToken`] for any other, [`Error::ExpiredImportToken`] when it is too
    /// old.
    pub(super) fn open_import_token(
        &self,
        sealed: &[u8],
        key: &Key,
        now: Timestamp,
    ) -> Result<ImportToken, Error> {
        let content = self.barrier().open_token(TokenPurpose::Import, sealed);
        let content = content.map_err(|_| Error::InvalidImportToken)?;
        let token = ImportToken::parse(content.expose()).map_err(|_| Error::InvalidImportToken)?;
        if token.key != key.arn {
            return Err(Error::InvalidImportToken);
        }
        if token.valid_to <= now {
            return Err(Error::ExpiredImportToken);
        }
        Ok(token)
    }
}

/// How a material will be wrapped.
#[derive(Clone, Copy, Debug)]
pub struct Wrapping {
    algorithm: AlgorithmSpec,
    spec: WrappingKeySpec,
}

impl fmt::Display for Wrapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { algorithm, spec } = self;
        write!(
            f,
            "WrappingAlgorithm {algorithm} with WrappingKeySpec {spec}"
        )
    }
}

/// Whether the wrapping has room for the material of a key, as AWS has it.
fn check_room(key: &Key, wrapping: Wrapping) -> Result<(), Error> {
    use AlgorithmSpec::{RsaesOaepSha1, RsaesOaepSha256};
    let direct = matches!(wrapping.algorithm, RsaesOaepSha1 | RsaesOaepSha256);
    let too_long = match key.kind.spec {
        KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => true,
        KeySpec::EccNistP521 => wrapping.spec == WrappingKeySpec::Rsa2048,
        _ => false,
    };
    if direct && too_long {
        return Err(Error::UnsupportedOperation(format!(
            "{wrapping} is not supported for key material of {}.",
            key.kind.spec
        )));
    }
    Ok(())
}

impl KeyOperation for GetParametersForImportRequest {
    type Checked = Wrapping;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("wrappingAlgorithm", self.wrapping_algorithm.as_ref())
            .optional("wrappingKeySpec", self.wrapping_key_spec.as_ref());
    }

    fn key_pair(&self) -> Option<KeySpec> {
        let spec: WrappingKeySpec = self.wrapping_key_spec.as_deref()?.parse().ok()?;
        Some(spec.key_spec())
    }

    fn check(self) -> Result<Wrapping, Error> {
        let algorithm = present(self.wrapping_algorithm)?;
        let spec = present(self.wrapping_key_spec)?;
        let wrapping = Wrapping {
            algorithm: algorithm.parse().map_err(Error::internal)?,
            spec: spec.parse().map_err(Error::internal)?,
        };
        if key_wrap::unwraps(wrapping.algorithm, wrapping.spec) {
            return Ok(wrapping);
        }
        Err(Error::UnsupportedOperation(format!(
            "{wrapping} is not supported."
        )))
    }

    fn specific(wrapping: &Wrapping) -> Specific<'_> {
        Specific {
            wrapping: Some((wrapping.algorithm, wrapping.spec)),
            ..Specific::default()
        }
    }

    fn perform(
        wrapping: Wrapping,
        step: &Step<'_>,
    ) -> Result<Performed<GetParametersForImportResponse>, Error> {
        require_offered(step.engine, wrapping.spec.key_spec(), wrapping)?;
        let key = external(step)?;
        check_room(key, wrapping)?;
        let pairs = step.engine.key_pairs();
        let pair = pairs.take(wrapping.spec.key_spec(), step.engine.system_random())?;
        let token = ImportToken {
            key: key.arn.clone(),
            algorithm: wrapping.algorithm,
            wrapping_key_spec: wrapping.spec,
            valid_to: step.now.plus_days(TOKEN_LIFETIME_DAYS),
            private_key: pair.private,
        };
        let mut elements = Parameters::default();
        elements
            .value("keyId", &token.key)
            .value("parametersValidTo", &token.valid_to.to_rfc3339());
        let response = GetParametersForImportResponse {
            import_token: step.engine.seal_import_token(&token)?.into(),
            key_id: token.key,
            public_key: pair.public.into(),
            parameters_valid_to: token.valid_to,
        };
        Ok(Performed::read(response).with_elements(elements))
    }
}

impl KeyOperation for DeleteImportedKeyMaterialRequest {
    /// The material that is named, if one is.
    type Checked = Option<KeyMaterialId>;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters.optional("keyMaterialId", self.key_material_id.as_ref());
    }

    fn check(self) -> Result<Self::Checked, Error> {
        let id = self.key_material_id.map(|id| id.parse()).transpose();
        id.map_err(Error::internal)
    }

    fn perform(
        named: Option<KeyMaterialId>,
        step: &Step<'_>,
    ) -> Result<Performed<DeleteImportedKeyMaterialResponse>, Error> {
        let mut key = external(step)?.clone();
        let material = match &named {
            None => key.current_material(),
            Some(id) => {
                let known = key.all_materials().find(|material| material.id == *id);
                Some(known.ok_or_else(|| {
                    Error::NotFound(format!("Key material {id} does not exist in {}.", key.arn))
                })?)
            }
        };
        let id = material.map(|material| material.id.clone());
        let gone = material.is_none_or(|material| material.wrapped.is_empty());
        // A primary may wait for a material that only its replicas were given: it can forget it.
        let pending = key.import.as_ref().and_then(|one| one.pending.as_ref());
        let forgets = key.is_primary() && id.is_some() && pending.map(|one| &one.id) == id.as_ref();
        let response = DeleteImportedKeyMaterialResponse {
            key_id: key.arn.clone(),
            key_material_id: id.as_ref().and_then(|id| told(&key, id)),
        };
        let mut elements = Parameters::default();
        elements
            .value("keyId", &key.arn)
            .optional("keyMaterialId", id.as_ref());
        match id {
            Some(id) if !gone || forgets => {
                key.destroy_material(&id);
                Ok(synchronised(step, response, key)?.with_elements(elements))
            }
            _ => Ok(Performed::read(response).with_elements(elements)),
        }
    }
}
