//! The operations on one key that the request names by `KeyId`: most of them.

use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::{present, validated};
use super::resolve::{key_ref, own_key_ref};
use super::values::Specific;
use crate::Error;
use crate::api::{KeySpec, RecipientInfo, Request};
use crate::ids::KeyRef;

/// An operation on the key that the request names, permitted by one action on that key.
pub trait KeyOperation: Request {
    /// What the request asks for besides the key, checked.
    type Checked;

    /// Whether the key may be named by an alias: in management, AWS takes the key's own names only,
    /// so that an alias that is moved meanwhile cannot make it the wrong key.
    const TAKES_ALIAS: bool = false;

    /// As [`Operation::ASKS_FOR_KEY_USAGE`].
    const ASKS_FOR_KEY_USAGE: bool = false;

    /// The member `KeyId`.
    fn key_id(&self) -> Option<&String>;

    /// What the ledger keeps of the request besides `KeyId`.
    fn other_parameters(&self, parameters: &mut Parameters) {
        let _ = parameters;
    }

    /// The member `GrantTokens`.
    fn grant_tokens(&self) -> Option<&Vec<String>> {
        None
    }

    /// As [`Operation::recipient`].
    fn recipient(&self) -> Option<&RecipientInfo> {
        None
    }

    /// As [`Operation::key_pair`].
    fn key_pair(&self) -> Option<KeySpec> {
        None
    }

    /// Checks the members besides `KeyId`.
    ///
    /// # Errors
    /// As [`Operation::parse`].
    fn check(self) -> Result<Self::Checked, Error>;

    /// The values that conditions may ask for.
    fn specific(checked: &Self::Checked) -> Specific<'_> {
        let _ = checked;
        Specific::default()
    }

    /// Does it.
    ///
    /// # Errors
    /// As [`Operation::perform`].
    fn perform(checked: Self::Checked, step: &Step<'_>)
    -> Result<Performed<Self::Response>, Error>;
}

/// The key that a request names and what it asks for besides.
#[derive(Debug)]
pub struct OnKey<C> {
    key: KeyRef,
    checked: C,
}

impl<R: KeyOperation> Operation for R {
    type Parsed = OnKey<R::Checked>;
    type Response = R::Response;
    const EVENT: Event = Event::kms(R::OPERATION);
    const ASKS_FOR_KEY_USAGE: bool = <R as KeyOperation>::ASKS_FOR_KEY_USAGE;

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("keyId", self.key_id());
        self.other_parameters(parameters);
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        KeyOperation::grant_tokens(self)
    }

    fn recipient(&self) -> Option<&RecipientInfo> {
        KeyOperation::recipient(self)
    }

    fn key_pair(&self) -> Option<KeySpec> {
        KeyOperation::key_pair(self)
    }

    fn parse(self) -> Result<Self::Parsed, Error> {
        validated(&self)?;
        let key = if R::TAKES_ALIAS {
            key_ref(present(self.key_id())?)?
        } else {
            own_key_ref(present(self.key_id())?)?
        };
        Ok(OnKey {
            key,
            checked: self.check()?,
        })
    }

    fn lookups(parsed: &Self::Parsed) -> Lookups {
        Lookups::named(&parsed.key)
    }

    fn authorizations<'a>(
        parsed: &'a Self::Parsed,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let action = R::OPERATION.actions().first().copied().unwrap_or_default();
        let on = On::Key(loaded.primary()?);
        Ok(vec![
            Authorization::new(action, on).with(R::specific(&parsed.checked)),
        ])
    }

    fn perform(parsed: Self::Parsed, step: &Step<'_>) -> Result<Performed<R::Response>, Error> {
        R::perform(parsed.checked, step)
    }
}
