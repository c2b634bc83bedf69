//! What the service does on its own: rotations and deletions that are due. They take the same walk
//! as every request.

use futures_executor::block_on;

use super::change::Edit;
use super::context::CallContext;
use super::draft::uuid;
use super::engine::Engine;
use super::new_material::new_material;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::parameters::Parameters;
use crate::Error;
use crate::caller::{Caller, Credential, Principal};
use crate::ids::{KeyArn, KeyRef};
use crate::keys::RotationCause;

/// The rotation of a key whose period has passed.
#[derive(Debug)]
struct RotateKey(KeyArn);

/// The destruction of a key whose waiting period is over.
#[derive(Debug)]
struct DeleteKey(KeyArn);

/// The destruction of imported material that has expired.
#[derive(Debug)]
struct DeleteExpiredKeyMaterial(KeyArn);

impl Operation for RotateKey {
    type Parsed = KeyArn;
    type Response = ();
    const EVENT: Event = Event::service("RotateKey");

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("keyId", &self.0.key);
    }

    fn parse(self) -> Result<KeyArn, Error> {
        Ok(self.0)
    }

    fn lookups(key: &KeyArn) -> Lookups {
        Lookups::named(&KeyRef::Arn(key.clone()))
    }

    fn authorizations<'a>(
        _key: &'a KeyArn,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:RotateKey",
            On::Key(loaded.primary()?),
        )])
    }

    fn perform(_key: KeyArn, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut key = step.loaded.primary()?.key.key.clone();
        if !key.rotation_is_due(step.now) {
            return Ok(Performed::read(()));
        }
        let cause = Some(RotationCause::Automatic);
        key.rotate(new_material(step.engine, key.arn.key, step.now, cause)?);
        Ok(Performed::changed((), vec![Edit::PutKey(Box::new(key))]))
    }
}

impl Operation for DeleteKey {
    type Parsed = KeyArn;
    type Response = ();
    const EVENT: Event = Event::service("DeleteKey");

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("keyId", &self.0.key);
    }

    fn parse(self) -> Result<KeyArn, Error> {
        Ok(self.0)
    }

    fn lookups(key: &KeyArn) -> Lookups {
        Lookups::named(&KeyRef::Arn(key.clone()))
    }

    fn authorizations<'a>(
        _key: &'a KeyArn,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:DeleteKey",
            On::Key(loaded.primary()?),
        )])
    }

    fn perform(arn: KeyArn, step: &Step<'_>) -> Result<Performed<()>, Error> {
        if !step.loaded.primary()?.key.key.deletion_is_due(step.now) {
            return Ok(Performed::read(()));
        }
        let region = step.state.region(&arn.account, &arn.region);
        let aliases = region.into_iter().flat_map(|region| {
            region
                .aliases
                .values()
                .filter(|alias| alias.target == arn.key)
        });
        let mut edits: Vec<Edit> = aliases
            .map(|alias| Edit::RemoveAlias(alias.arn.clone()))
            .collect();
        let grants = step.state.grants().of_key(&arn).into_iter();
        let grants = grants.flat_map(|grants| grants.after(None));
        edits.extend(grants.map(|grant| Edit::RemoveGrant(arn.clone(), grant.id.clone())));
        edits.push(Edit::RemoveKey(arn));
        Ok(Performed::changed((), edits))
    }
}

impl Operation for DeleteExpiredKeyMaterial {
    type Parsed = KeyArn;
    type Response = ();
    const EVENT: Event = Event::service("DeleteExpiredKeyMaterial");

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("keyId", &self.0.key);
    }

    fn parse(self) -> Result<KeyArn, Error> {
        Ok(self.0)
    }

    fn lookups(key: &KeyArn) -> Lookups {
        Lookups::named(&KeyRef::Arn(key.clone()))
    }

    fn authorizations<'a>(
        _key: &'a KeyArn,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:DeleteExpiredKeyMaterial",
            On::Key(loaded.primary()?),
        )])
    }

    fn perform(_key: KeyArn, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut key = step.loaded.primary()?.key.key.clone();
        let destroyed = key.destroy_expired(step.now);
        if destroyed.is_empty() {
            return Ok(Performed::read(()));
        }
        let edits = vec![Edit::PutKey(Box::new(key))];
        Ok(Performed::changed((), edits).with_additional("keyMaterialIds", &destroyed))
    }
}

impl Engine {
    /// Rotates and deletes every key that is due, and destroys imported material that has expired.
    ///
    /// # Errors
    /// The first failure; what is still due is done the next time.
    pub fn run_due_jobs(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let (mut rotations, mut deletions) = (Vec::new(), Vec::new());
        let mut expiries = Vec::new();
        for entry in self.state()?.all_keys() {
            if entry.key.rotation_is_due(now) {
                rotations.push(entry.key.arn.clone());
            }
            if entry.key.expiry_is_due(now) {
                expiries.push(entry.key.arn.clone());
            }
            if entry.key.deletion_is_due(now) {
                deletions.push(entry.key.arn.clone());
            }
        }
        for key in expiries {
            self.run(&key, DeleteExpiredKeyMaterial(key.clone()))?;
        }
        for key in rotations {
            self.run(&key, RotateKey(key.clone()))?;
        }
        for key in deletions {
            self.run(&key, DeleteKey(key.clone()))?;
        }
        Ok(())
    }

    fn run(&self, key: &KeyArn, job: impl Operation<Response = ()>) -> Result<(), Error> {
        let principal = Principal::Service {
            account: key.account.clone(),
        };
        let call = CallContext {
            caller: Caller::assume_authenticated(principal, Credential::Internal),
            region: key.region.clone(),
            request_id: uuid(self)?,
            source_ip: None,
            user_agent: "AWS Internal".to_owned(),
            secure_transport: true,
        };
        block_on(self.call(&call, job))
            .map_err(Error::internal)?
            .into_inner()
    }
}
