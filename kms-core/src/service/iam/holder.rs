//! What users, groups and roles have in common: policies, tags, a boundary.

use std::collections::{BTreeMap, BTreeSet};

use super::subject::{Entity, Subject};
use crate::Error;
use crate::identity::{Group, ManagedPolicy, Role, User};
use crate::ids::{GroupName, PolicyArn, PolicyName, RoleName, UserName};
use crate::service::change::Edit;
use crate::service::identity_edit::IdentityEdit;
use crate::service::operation::Step;

/// An entity that requests name, and that can be put back changed.
pub(in crate::service) trait Kept: Clone {
    /// How requests name one.
    type Name;

    /// The subject of that name.
    fn subject(name: &Self::Name) -> Subject;

    /// The one that was found.
    fn of(entity: &Entity) -> Option<&Self>;

    /// The answer where there is none.
    fn no_such(name: &Self::Name) -> Error;

    /// What keeps it.
    fn put(self) -> Edit;

    /// The entity that the request is about, as it is now.
    ///
    /// # Errors
    /// [`Error::NotFound`] in AWS's words.
    fn existing(step: &Step<'_>, name: &Self::Name) -> Result<Self, Error> {
        Self::of(step.loaded.iam())
            .cloned()
            .ok_or_else(|| Self::no_such(name))
    }
}

/// An entity that has policies.
pub(in crate::service) trait Holder: Kept {
    /// What AWS's messages call it.
    const KIND: &'static str;
    /// How long all its inline policies may be, white space not counted.
    const INLINE: usize;

    /// Its inline policies by name.
    fn inline(&self) -> &BTreeMap<String, String>;
    /// The same, to be changed.
    fn inline_mut(&mut self) -> &mut BTreeMap<String, String>;
    /// Its managed policies.
    fn attached(&self) -> &BTreeSet<PolicyArn>;
    /// The same, to be changed.
    fn attached_mut(&mut self) -> &mut BTreeSet<PolicyArn>;
}

/// An entity that has tags.
pub(super) trait Tagged: Kept {
    /// Its tags.
    fn tags(&self) -> &BTreeMap<String, String>;
    /// The same, to be changed.
    fn tags_mut(&mut self) -> &mut BTreeMap<String, String>;
}

/// An entity that can have a permissions boundary.
pub(super) trait Bounded: Kept {
    /// What AWS's messages call it.
    const BOUNDED: &'static str;

    /// The boundary, to be changed.
    fn boundary_mut(&mut self) -> &mut Option<PolicyArn>;
}

macro_rules! kept {
    ($entity:ident $name:ident $variant:ident $field:ident $put:ident, $said:literal) => {
        impl Kept for $entity {
            type Name = $name;

            fn subject(name: &$name) -> Subject {
                Subject::$variant(name.clone())
            }

            fn of(entity: &Entity) -> Option<&Self> {
                match entity {
                    Entity::$variant(entry) => Some(&entry.$field),
                    _ => None,
                }
            }

            fn no_such(name: &$name) -> Error {
                Error::NotFound(format!($said, name))
            }

            fn put(self) -> Edit {
                IdentityEdit::$put(self).into()
            }
        }
    };
}

kept!(User UserName User user PutUser, "The user with name {} cannot be found.");
kept!(Group GroupName Group group PutGroup, "The group with name {} cannot be found.");
kept!(Role RoleName Role role PutRole, "The role with name {} cannot be found.");
kept!(ManagedPolicy PolicyArn Policy policy PutPolicy, "Policy {} does not exist or is not attachable.");

macro_rules! holder {
    ($entity:ident $kind:literal $inline:literal) => {
        impl Holder for $entity {
            const KIND: &'static str = $kind;
            const INLINE: usize = $inline;

            fn inline(&self) -> &BTreeMap<String, String> {
                &self.policies
            }

            fn inline_mut(&mut self) -> &mut BTreeMap<String, String> {
                &mut self.policies
            }

            fn attached(&self) -> &BTreeSet<PolicyArn> {
                &self.attached
            }

            fn attached_mut(&mut self) -> &mut BTreeSet<PolicyArn> {
                &mut self.attached
            }
        }
    };
}

holder!(User "user" 2048);
holder!(Group "group" 5120);
holder!(Role "role" 10_240);

macro_rules! tagged {
    ($($entity:ident)*) => {$(
        impl Tagged for $entity {
            fn tags(&self) -> &BTreeMap<String, String> {
                &self.tags
            }

            fn tags_mut(&mut self) -> &mut BTreeMap<String, String> {
                &mut self.tags
            }
        }
    )*};
}

tagged!(User Role ManagedPolicy);

macro_rules! bounded {
    ($entity:ident $kind:literal) => {
        impl Bounded for $entity {
            const BOUNDED: &'static str = $kind;

            fn boundary_mut(&mut self) -> &mut Option<PolicyArn> {
                &mut self.boundary
            }
        }
    };
}

bounded!(User "user");
bounded!(Role "role");

/// The answer to an inline policy that there is not.
pub(super) fn no_such_inline<H: Holder>(policy: &PolicyName) -> Error {
    Error::NotFound(format!(
        "The {} policy with name {policy} cannot be found.",
        H::KIND
    ))
}
