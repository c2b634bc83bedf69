//! AWS Organizations: the accounts of the store, and the policies that limit them.
//!
//! A request is a JSON object on the wire and a structure here; [`organizations_request`] makes the
//! structure, the checks of its members, what the ledger keeps of it and its
//! [`Operation`](super::operation::Operation) of one list of members and of what
//! [`OrganizationsRequest`] says of it.

mod absent;
mod accounts;
mod answers;
mod attachments;
mod close_account;
mod create_account;
mod edit;
mod effective;
mod levels;
pub(super) mod limits;
mod organization;
mod policies;
mod policy_types;
pub(super) mod rules;
mod state;
mod subject;
mod tags;
mod tree;
mod units;

pub use absent::*;
pub use accounts::*;
pub use answers::*;
pub use attachments::*;
pub use close_account::*;
pub use create_account::*;
pub(super) use create_account::{ACCESS_ROLE, access_role, new_account, new_member};
pub(super) use edit::OrganizationEdit;
pub use effective::*;
pub(super) use levels::{Level, LevelPolicy};
pub use organization::*;
pub(super) use organization::{full_access, new_organization};
pub(super) use policies::check_document;
pub use policies::*;
pub use policy_types::*;
pub(super) use state::Organizations;
pub(super) use subject::{Located, load, policy_of};
pub(super) use tags::check_tags;
pub use tags::*;
pub use tree::*;
pub use units::*;

use super::operation::{Authorization, Loaded, Performed, Step};
use super::values::Specific;
use crate::Error;
use crate::api::OrganizationsCode;
use crate::identity::Organization;
use rules::refused;
use subject::Standing;

/// The action that an operation asks for: `organizations:NAME`.
pub(super) trait Named {
    /// The action.
    const ACTION: &'static str;
}

/// Whose account may ask, besides what policies say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callers {
    /// Any account.
    Anybody,
    /// Those of the organization.
    Members,
    /// The one that administers it.
    Management,
}

/// What is Organizations' own in an operation.
pub(super) trait OrganizationsRequest: Named + Sized + Send + 'static {
    /// The answer.
    type Response: Send + 'static;
    /// Whose account may ask.
    const CALLERS: Callers = Callers::Management;

    /// The ids of what permission is asked on; none where it is on nothing in particular.
    fn subjects(&self) -> Vec<String> {
        Vec::new()
    }

    /// The values of condition keys that the request itself has.
    fn specific(&self) -> Specific<'_> {
        Specific::default()
    }

    /// Whether it makes something that has tags.
    fn is_tagged(&self) -> bool {
        false
    }

    /// Does it, once it is permitted.
    ///
    /// # Errors
    /// What the operation refuses, in AWS's words.
    fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error>;
}

/// The permissions that a request needs, all of them.
fn asks<'a, R: OrganizationsRequest>(request: &'a R, loaded: &'a Loaded) -> Vec<Authorization<'a>> {
    let specific = request.specific();
    let mut asked = Vec::new();
    for (on, specific) in loaded.organizations().asked(&specific) {
        if request.is_tagged() {
            let tagging = Authorization::new("organizations:TagResource", on.clone());
            asked.push(tagging.with(specific.clone()));
        }
        asked.push(Authorization::new(R::ACTION, on).with(specific));
    }
    asked
}

/// Refuses a caller whose account may not ask, whatever policies say.
fn admit(callers: Callers, step: &Step<'_>) -> Result<(), Error> {
    let code = match (callers, step.loaded.organizations().standing()) {
        (Callers::Anybody, _)
        | (Callers::Members, Standing::Member | Standing::Management)
        | (Callers::Management, Standing::Management) => return Ok(()),
        (_, Standing::Alone) => OrganizationsCode::AWSOrganizationsNotInUseException,
        (Callers::Management, Standing::Member) => OrganizationsCode::AccessDeniedException,
    };
    Err(refused(code))
}

/// The organization, which the caller's account is in.
fn organization<'a>(step: &Step<'a>) -> Result<&'a Organization, Error> {
    let organization = step.state.organizations.organization();
    organization.ok_or_else(|| refused(OrganizationsCode::AWSOrganizationsNotInUseException))
}

/// Makes the structure of a request, its checks, what the ledger keeps of it, and its operation.
macro_rules! organizations_request {
    (
        $(#[$doc:meta])*
        $request:ident $name:literal $reads:literal -> $response:ty {
            $(
                $(#[$member_doc:meta])*
                $field:ident: $type:ty = $member:literal, $needed:ident, $rule:expr;
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        pub struct $request {
            $($(#[$member_doc])* pub $field: Option<$type>,)*
        }

        impl $crate::service::organizations::Named for $request {
            const ACTION: &'static str = concat!("organizations:", $name);
        }

        impl $crate::service::operation::Operation for $request {
            type Parsed = Self;
            type Response = $response;
            const EVENT: $crate::service::operation::Event =
                $crate::service::operation::Event::organizations($name, $reads);

            fn parameters(&self, parameters: &mut $crate::service::parameters::Parameters) {
                let _ = &parameters;
                $(
                    let needed = $crate::service::organizations::rules::Needed::$needed;
                    if needed != $crate::service::organizations::rules::Needed::Private {
                        parameters.optional($member, self.$field.as_ref());
                    }
                )*
            }

            fn parse(self) -> Result<Self, $crate::Error> {
                $($crate::service::organizations::rules::check(
                    self.$field.as_ref(),
                    $crate::service::organizations::rules::Needed::$needed,
                    $rule,
                )?;)*
                Ok(self)
            }

            fn lookups(parsed: &Self) -> $crate::service::operation::Lookups {
                let ids = $crate::service::organizations::OrganizationsRequest::subjects(parsed);
                $crate::service::operation::Lookups::organizations(ids)
            }

            fn authorizations<'a>(
                parsed: &'a Self,
                loaded: &'a $crate::service::operation::Loaded,
                _call: &'a $crate::service::context::CallContext,
            ) -> Result<Vec<$crate::service::operation::Authorization<'a>>, $crate::Error> {
                Ok($crate::service::organizations::asks(parsed, loaded))
            }

            fn perform(
                parsed: Self,
                step: &$crate::service::operation::Step<'_>,
            ) -> Result<
                $crate::service::operation::Performed<Self::Response>,
                $crate::Error,
            > {
                use $crate::service::organizations::OrganizationsRequest;
                $crate::service::organizations::admit(<Self as OrganizationsRequest>::CALLERS, step)?;
                OrganizationsRequest::perform(parsed, step)
            }
        }
    };
}

use organizations_request;
