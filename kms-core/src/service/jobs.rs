//! What the service does on its own: rotations and deletions that are due. They take the same walk
//! as every request.

use std::marker::PhantomData;

use futures_executor::block_on;

use super::change::Edit;
use super::context::CallContext;
use super::draft::uuid;
use super::engine::Engine;
use super::multi_region::synchronised;
use super::new_material::new_material;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::parameters::Parameters;
use crate::Error;
use crate::caller::{Caller, Credential, Principal};
use crate::ids::{KeyArn, KeyRef};
use crate::keys::{Key, RotationCause};

/// Something that the service does to a key when it is due.
trait Job: Send + 'static {
    const EVENT: Event;
    /// The action that no policy can allow to anybody.
    const ACTION: &'static str;

    /// Does it, if it is still due.
    fn perform(step: &Step<'_>) -> Result<Performed<()>, Error>;
}

/// A job on one key, which takes the walk of every request.
#[derive(Debug)]
struct Due<J> {
    key: KeyArn,
    job: PhantomData<J>,
}

impl<J: Job> Operation for Due<J> {
    type Parsed = KeyArn;
    type Response = ();
    const EVENT: Event = J::EVENT;

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("keyId", &self.key.key);
    }

    fn parse(self) -> Result<KeyArn, Error> {
        Ok(self.key)
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
            J::ACTION,
            On::Key(loaded.primary()?),
        )])
    }

    fn perform(_key: KeyArn, step: &Step<'_>) -> Result<Performed<()>, Error> {
        J::perform(step)
    }
}

/// The rotation of a key whose period has passed.
#[derive(Debug)]
struct RotateKey;

impl Job for RotateKey {
    const EVENT: Event = Event::service("RotateKey");
    const ACTION: &'static str = "kms:RotateKey";

    fn perform(step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut key = step.loaded.primary()?.key.key.clone();
        if !key.rotation_is_due(step.now) {
            return Ok(Performed::read(()));
        }
        let cause = Some(RotationCause::Automatic);
        key.rotate(new_material(step.engine, key.arn.key, step.now, cause)?);
        synchronised(step, (), key)
    }
}

/// The destruction of a key whose waiting period is over.
#[derive(Debug)]
struct DeleteKey;

impl Job for DeleteKey {
    const EVENT: Event = Event::service("DeleteKey");
    const ACTION: &'static str = "kms:DeleteKey";

    fn perform(step: &Step<'_>) -> Result<Performed<()>, Error> {
        let key = &step.loaded.primary()?.key.key;
        if !key.deletion_is_due(step.now) {
            return Ok(Performed::read(()));
        }
        let arn = key.arn.clone();
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
        let waiting = waiting_primary(step, &arn)?;
        let primary = waiting.as_ref().map(|primary| primary.arn.clone());
        edits.extend(waiting.map(|primary| Edit::PutKey(Box::new(primary))));
        edits.push(Edit::RemoveKey(arn));
        let performed = Performed::changed((), edits);
        Ok(match primary {
            Some(primary) => performed.with_additional("primaryKey", &primary),
            None => performed,
        })
    }
}

/// The primary whose waiting period begins, since `arn` is the last of its replicas.
fn waiting_primary(step: &Step<'_>, arn: &KeyArn) -> Result<Option<Key>, Error> {
    let [primary] = step.state.related(arn)?[..] else {
        return Ok(None);
    };
    let mut primary = primary.key.clone();
    Ok(primary.replicas_are_gone(step.now).then_some(primary))
}

/// The destruction of imported material that has expired.
#[derive(Debug)]
struct DeleteExpiredKeyMaterial;

impl Job for DeleteExpiredKeyMaterial {
    const EVENT: Event = Event::service("DeleteExpiredKeyMaterial");
    const ACTION: &'static str = "kms:DeleteExpiredKeyMaterial";

    fn perform(step: &Step<'_>) -> Result<Performed<()>, Error> {
        let mut key = step.loaded.primary()?.key.key.clone();
        let destroyed = key.destroy_expired(step.now);
        if destroyed.is_empty() {
            return Ok(Performed::read(()));
        }
        Ok(synchronised(step, (), key)?.with_additional("keyMaterialIds", &destroyed))
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
        let mut failed = Ok(());
        let state = self.state()?;
        for arn in state.due(now) {
            // A key that cannot be read keeps no other one waiting.
            let entry = match state.key(arn) {
                Ok(Some(entry)) => entry,
                Ok(None) => continue,
                Err(error) => {
                    failed = failed.and(Err(error));
                    continue;
                }
            };
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
        drop(state);
        for key in expiries {
            failed = failed.and(self.run::<DeleteExpiredKeyMaterial>(key));
        }
        for key in rotations {
            failed = failed.and(self.run::<RotateKey>(key));
        }
        for key in deletions {
            failed = failed.and(self.run::<DeleteKey>(key));
        }
        failed
    }

    fn run<J: Job>(&self, key: KeyArn) -> Result<(), Error> {
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
        let job = PhantomData::<J>;
        block_on(self.call(&call, Due { key, job }))
            .map_err(Error::internal)?
            .into_inner()
    }
}
