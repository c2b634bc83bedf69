//! `ImportKeyMaterial`

use super::given_material::GivenMaterial;
use super::import::{external, told};
use super::key_operation::KeyOperation;
use super::multi_region::{not_on_replica, synchronised};
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::request::present;
use super::values::Specific;
use crate::Error;
use crate::api::limits::MAX_MATERIAL_LIFETIME_DAYS;
use crate::api::{
    Blob, ExpirationModelType, ImportKeyMaterialRequest, ImportKeyMaterialResponse, ImportType,
};
use crate::crypto::key_wrap::unwrap_key_material;
use crate::ids::KeyMaterialId;
use crate::keys::{Imported, Key, KeyMaterial};
use crate::time::Timestamp;

/// A checked `ImportKeyMaterialRequest`.
#[derive(Debug)]
pub struct ImportKeyMaterial {
    token: Blob,
    wrapped: Blob,
    expires: Option<Timestamp>,
    /// Present only when the request had it.
    model: Option<ExpirationModelType>,
    kind: Option<ImportType>,
    description: Option<String>,
    id: Option<KeyMaterialId>,
}

fn invalid(message: &str) -> Error {
    Error::Validation(message.to_owned())
}

fn incorrect(message: impl Into<String>) -> Error {
    Error::IncorrectKeyMaterial(message.into())
}

/// A time exactly when the model asks for one.
fn check_expiration(
    model: Option<ExpirationModelType>,
    valid_to: Option<Timestamp>,
) -> Result<(), Error> {
    let expires = model != Some(ExpirationModelType::KeyMaterialDoesNotExpire);
    match valid_to {
        None if expires => Err(invalid(
            "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
        )),
        Some(_) if !expires => Err(invalid(
            "A validTo date cannot be set if the ExpirationModel is \
             KEY_MATERIAL_DOES_NOT_EXPIRE",
        )),
        _ => Ok(()),
    }
}

impl ImportKeyMaterial {
    /// What the values of the request must be for this key, at this time.
    fn check_for(&self, key: &Key, now: Timestamp) -> Result<(), Error> {
        if self.expires.is_some_and(|expires| expires <= now) {
            return Err(invalid("ValidTo must be in the future"));
        }
        let latest = now.plus_days(MAX_MATERIAL_LIFETIME_DAYS);
        if self.expires.is_some_and(|expires| expires > latest) {
            return Err(invalid("ValidTo must be within 365 days"));
        }
        let symmetric_alone =
            self.kind.is_some() || self.description.is_some() || self.id.is_some();
        if symmetric_alone && !key.kind.is_symmetric() {
            return Err(invalid(
                "ImportType, KeyMaterialDescription and KeyMaterialId can only be specified for \
                 symmetric encryption KMS keys",
            ));
        }
        Ok(())
    }

    /// Whether the material is the one that is expected, and can be taken now.
    fn check_identity(&self, key: &Key, id: &KeyMaterialId) -> Result<(), Error> {
        let is_known = key.all_materials().any(|material| material.id == *id);
        let is_first = key.materials.is_empty();
        if self.id.as_ref().is_some_and(|expected| expected != id) {
            return Err(incorrect(format!(
                "The key material is not the one with id {}.",
                self.id.as_ref().map_or("", KeyMaterialId::as_str)
            )));
        }
        let new = match self.kind {
            Some(kind) => kind == ImportType::NewKeyMaterial,
            None => is_first,
        };
        if new && is_known {
            return Err(incorrect(format!(
                "The key material (id: {id}) is already associated with KMS key {}.",
                key.arn
            )));
        }
        if !new && !is_known {
            return Err(incorrect(format!(
                "The key material is not one that was imported into KMS key {} before.",
                key.arn
            )));
        }
        let pending = key
            .import
            .as_ref()
            .and_then(|import| import.pending.as_ref());
        match pending {
            Some(pending) if new => Err(Error::InvalidState(format!(
                "New key material (id: {id}) cannot be imported into KMS key {}, because another \
                 key material (id: {}) is pending rotation.",
                key.arn, pending.id
            ))),
            _ => Ok(()),
        }
    }

    /// The material as it is kept. What is known already keeps its description, unless there is a
    /// new one.
    fn into_imported(self, key: &Key, id: &KeyMaterialId) -> Imported {
        let known = key.all_materials().find(|material| material.id == *id);
        let said = known.and_then(|material| material.imported.as_ref());
        let before = said.and_then(|imported| imported.description.clone());
        Imported {
            expires: self.expires,
            description: self.description.or(before),
        }
    }
}

fn not_of_the_spec(key: &Key) -> Error {
    incorrect(format!(
        "The key material is not one of key spec {}.",
        key.kind.spec
    ))
}

impl KeyOperation for ImportKeyMaterialRequest {
    type Checked = ImportKeyMaterial;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        let valid_to = self.valid_to.map(Timestamp::to_rfc3339);
        parameters
            .optional("validTo", valid_to.as_ref())
            .optional("expirationModel", self.expiration_model.as_ref())
            .optional("importType", self.import_type.as_ref())
            .optional(
                "keyMaterialDescription",
                self.key_material_description.as_ref(),
            )
            .optional("keyMaterialId", self.key_material_id.as_ref());
    }

    fn check(self) -> Result<ImportKeyMaterial, Error> {
        let model = self.expiration_model.map(|model| model.parse());
        let kind = self.import_type.map(|kind| kind.parse()).transpose();
        let id = self.key_material_id.map(|id| id.parse()).transpose();
        let checked = ImportKeyMaterial {
            token: present(self.import_token)?,
            wrapped: present(self.encrypted_key_material)?,
            expires: self.valid_to,
            model: model.transpose().map_err(Error::internal)?,
            kind: kind.map_err(Error::internal)?,
            description: self.key_material_description,
            id: id.map_err(Error::internal)?,
        };
        check_expiration(checked.model, checked.expires)?;
        if checked.id.is_some() && checked.kind == Some(ImportType::NewKeyMaterial) {
            return Err(invalid(
                "KeyMaterialId cannot be specified with ImportType NEW_KEY_MATERIAL",
            ));
        }
        Ok(checked)
    }

    fn specific(checked: &ImportKeyMaterial) -> Specific<'_> {
        Specific {
            expiration_model: checked.model,
            valid_to: checked.expires,
            ..Specific::default()
        }
    }

    fn perform(
        asked: ImportKeyMaterial,
        step: &Step<'_>,
    ) -> Result<Performed<ImportKeyMaterialResponse>, Error> {
        let mut key = external(step)?.clone();
        asked.check_for(&key, step.now)?;
        if asked.kind == Some(ImportType::NewKeyMaterial) {
            not_on_replica(&key)?;
        }
        let engine = step.engine;
        let token = engine.open_import_token(asked.token.as_slice(), &key, step.now)?;
        let secret = unwrap_key_material(
            token.algorithm,
            token.wrapping_key_spec,
            token.private_key.expose(),
            asked.wrapped.as_slice(),
        )
        .map_err(|_| Error::InvalidCiphertext)?;
        // What has expired and is not yet destroyed is in nobody's way.
        key.destroy_expired(step.now);
        let import = key.import.as_ref();
        let import = import.ok_or_else(|| Error::internal("the key imports nothing"))?;
        let named = |secret: &[u8]| import.salt.material_id(key.arn.key, secret);
        let given = GivenMaterial::new(key.kind, key.arn.key, secret, named)?;
        let given = given.ok_or_else(|| not_of_the_spec(&key))?;
        let id = given.id.clone();
        asked.check_identity(&key, &id)?;
        let imported = KeyMaterial {
            imported: Some(asked.into_imported(&key, &id)),
            ..given.wrap(engine, key.arn.key, step.now)?
        };
        key.take_import(imported, step.now);
        let mut elements = Parameters::default();
        elements
            .value("keyId", &key.arn)
            .value("keyMaterialId", &id);
        let response = ImportKeyMaterialResponse {
            key_id: key.arn.clone(),
            key_material_id: told(&key, &id),
        };
        Ok(synchronised(step, response, key)?.with_elements(elements))
    }
}
