//! AWS IAM: users, groups, roles, managed policies and access keys.
//!
//! A request is a form on the wire and a structure here; [`iam_request`] makes both of one list of
//! members, and an [`Operation`](super::operation::Operation) of what [`IamRequest`] says of it.

mod access_keys;
mod account;
mod answers;
mod attached_policies;
mod authorization_details;
mod boundaries;
mod context_keys;
mod credential_report;
pub(super) mod documents;
mod entity_arn;
mod groups;
mod holder;
mod inline_policies;
pub(super) mod limits;
mod policies;
mod policy_references;
mod policy_versions;
mod roles;
mod simulation;
mod subject;
mod tags;
mod users;

pub use access_keys::*;
pub use account::*;
pub use answers::{One, Page};
pub use attached_policies::*;
pub use authorization_details::*;
pub use boundaries::*;
pub use context_keys::*;
pub use credential_report::*;
pub use groups::*;
pub(super) use inline_policies::check_inline;
pub use inline_policies::*;
pub use policies::*;
pub use policy_references::*;
pub use policy_versions::*;
pub use roles::*;
pub(super) use roles::{check_description, check_duration};
pub use simulation::*;
pub(super) use subject::{Entity, Subject, load};
pub use tags::*;
pub use users::*;

use super::context::CallContext;
use super::operation::{Authorization, Loaded, On, Performed, Step};
use super::values::Specific;
use crate::Error;
use crate::api::query::QueryCode;
use crate::crypto::random::Random;
use crate::ids::{EntityPath, PathPrefix};

/// The action that an operation asks for: `iam:NAME`.
pub(super) trait Named {
    /// The action.
    const ACTION: &'static str;
}

/// What is IAM's own in an operation.
pub(super) trait IamRequest: Named + Sized + Send + 'static {
    /// The answer.
    type Response: Send + 'static;
    /// Whether it changes the entity that it is about, if it changes anything.
    const CHANGES_ITS_SUBJECT: bool = true;
    /// Whether the answer tells when access keys were used.
    const ASKS_FOR_USAGE: bool = false;

    /// What the permission is asked on.
    fn subject(&self) -> Subject;

    /// Checks what the types of the members leave open.
    ///
    /// # Errors
    /// In AWS's words.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The values of condition keys that the operation has.
    fn specific<'a>(&'a self, loaded: &'a Loaded) -> Specific<'a> {
        loaded.iam().specific()
    }

    /// The permission to give tags, for a request that makes an entity with some.
    fn tagging(&self) -> Option<&'static str> {
        None
    }

    /// The permissions that are needed, all of them.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] for what no policy can permit.
    fn asks<'a>(
        &'a self,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let on = loaded.iam().on(&self.subject(), call);
        let actions = [Some(Self::ACTION), self.tagging()].into_iter().flatten();
        let asks = actions.map(|action| ask(action, on.clone(), self.specific(loaded)));
        Ok(asks.collect())
    }

    /// Does it, once it is permitted.
    ///
    /// # Errors
    /// What the operation refuses, in AWS's words.
    fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error>;
}

fn ask<'a>(action: &'static str, on: On<'a>, specific: Specific<'a>) -> Authorization<'a> {
    Authorization::new(action, on).with(specific)
}

/// Makes the structure of a request, how it is read from a form, what the ledger keeps of it (all
/// of its members: none is a secret), and its operation.
macro_rules! iam_request {
    (
        $(#[$doc:meta])*
        $request:ident $name:literal $reads:literal -> $response:ty {
            $($(#[$member_doc:meta])* $field:ident: $type:ty = $member:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $request {
            $($(#[$member_doc])* pub $field: $type,)*
        }

        impl $crate::api::query::FromForm for $request {
            fn from_form(
                form: &mut $crate::api::query::Form,
            ) -> Result<Self, $crate::api::query::InvalidForm> {
                let _ = &form;
                Ok(Self {
                    $($field: $crate::api::query::Member::take(form, $member)?,)*
                })
            }
        }

        impl $crate::service::iam::Named for $request {
            const ACTION: &'static str = concat!("iam:", $name);
        }

        impl $crate::service::operation::Operation for $request {
            type Parsed = Self;
            type Response = $response;
            const EVENT: $crate::service::operation::Event =
                $crate::service::operation::Event::iam($name, $reads);
            const ASKS_FOR_KEY_USAGE: bool =
                <Self as $crate::service::iam::IamRequest>::ASKS_FOR_USAGE;

            fn parameters(&self, parameters: &mut $crate::service::parameters::Parameters) {
                let _ = &parameters;
                $(
                    if !$crate::api::query::Member::is_absent(&self.$field) {
                        parameters.value($member, &self.$field);
                    }
                )*
            }

            fn parse(self) -> Result<Self, $crate::Error> {
                $crate::service::iam::IamRequest::check(&self)?;
                Ok(self)
            }

            fn lookups(parsed: &Self) -> $crate::service::operation::Lookups {
                let subject = $crate::service::iam::IamRequest::subject(parsed);
                $crate::service::operation::Lookups::entity(subject)
            }

            fn authorizations<'a>(
                parsed: &'a Self,
                loaded: &'a $crate::service::operation::Loaded,
                call: &'a $crate::service::context::CallContext,
            ) -> Result<Vec<$crate::service::operation::Authorization<'a>>, $crate::Error> {
                $crate::service::iam::IamRequest::asks(parsed, loaded, call)
            }

            fn perform(
                parsed: Self,
                step: &$crate::service::operation::Step<'_>,
            ) -> Result<
                $crate::service::operation::Performed<Self::Response>,
                $crate::Error,
            > {
                let changes =
                    !$reads && <Self as $crate::service::iam::IamRequest>::CHANGES_ITS_SUBJECT;
                if changes {
                    $crate::service::managed_by_file::check_entity(step.loaded.iam())?;
                }
                $crate::service::iam::IamRequest::perform(parsed, step)
            }
        }
    };
}

pub(super) use iam_request;

fn system(step: &Step<'_>) -> &'static dyn Random {
    step.engine.system_random()
}

/// The answer to a deletion while something refers to what is to be deleted, in AWS's words.
fn delete_conflict(what: &str) -> Error {
    conflict(format!("Cannot delete entity, must {what} first."))
}

fn conflict(message: String) -> Error {
    Error::Query(QueryCode::DeleteConflict, message)
}

/// The prefix of the path that a list is limited to.
fn below(path: &EntityPath, prefix: Option<&PathPrefix>) -> bool {
    prefix.is_none_or(|prefix| path.as_str().starts_with(prefix.as_str()))
}

/// Names are not distinguished by case: there is one like it already.
pub(super) fn taken<'a>(mut names: impl Iterator<Item = &'a str>, name: &str) -> bool {
    names.any(|known| known.eq_ignore_ascii_case(name))
}

pub(super) fn already(kind: &str, name: &str) -> Error {
    Error::AlreadyExists(format!("{kind} with name {name} already exists."))
}

/// The answer to a value that the types of the members let through, in AWS's words.
fn invalid_input(message: impl Into<String>) -> Error {
    Error::Query(QueryCode::InvalidInput, message.into())
}
