//! Permissions boundaries of users and roles: put and delete.

use super::attached_policies::managed;
use super::holder::{Bounded, Kept};
use super::subject::Subject;
use super::{IamRequest, iam_request};
use crate::Error;
use crate::identity::{Role, User};
use crate::ids::{PolicyArn, RoleName, UserName};
use crate::service::operation::{Loaded, Performed, Step};
use crate::service::values::Specific;

fn put<B: Bounded>(mut entity: B, arn: PolicyArn, step: &Step<'_>) -> Result<Performed<()>, Error> {
    managed(step, &arn)?;
    *entity.boundary_mut() = Some(arn);
    Ok(Performed::changed((), vec![entity.put()]))
}

fn delete<B: Bounded>(mut entity: B) -> Result<Performed<()>, Error> {
    match entity.boundary_mut().take() {
        Some(_) => Ok(Performed::changed((), vec![entity.put()])),
        None => Err(Error::NotFound(format!(
            "The {} has no permissions boundary.",
            B::BOUNDED
        ))),
    }
}

macro_rules! boundaries {
    (
        $entity:ident $name:ident $field:ident $member:literal
        $put:ident $put_name:literal $delete:ident $delete_name:literal
    ) => {
        iam_request! {
            /// A new permissions boundary, in the place of the one before.
            $put $put_name false -> () {
                /// Whom it limits.
                $field: $name = $member,
                /// The managed policy.
                permissions_boundary: PolicyArn = "permissionsBoundary",
            }
        }

        impl IamRequest for $put {
            type Response = ();

            fn subject(&self) -> Subject {
                $entity::subject(&self.$field)
            }

            fn specific<'a>(&'a self, loaded: &'a Loaded) -> Specific<'a> {
                Specific {
                    permissions_boundary: Some(&self.permissions_boundary),
                    ..loaded.iam().specific()
                }
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
                let entity = $entity::existing(step, &self.$field)?;
                put(entity, self.permissions_boundary, step)
            }
        }

        iam_request! {
            /// The end of a permissions boundary.
            $delete $delete_name false -> () {
                /// Whom it limits.
                $field: $name = $member,
            }
        }

        impl IamRequest for $delete {
            type Response = ();

            fn subject(&self) -> Subject {
                $entity::subject(&self.$field)
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
                delete($entity::existing(step, &self.$field)?)
            }
        }
    };
}

boundaries! {
    User UserName user_name "userName"
    PutUserPermissionsBoundaryRequest "PutUserPermissionsBoundary"
    DeleteUserPermissionsBoundaryRequest "DeleteUserPermissionsBoundary"
}

boundaries! {
    Role RoleName role_name "roleName"
    PutRolePermissionsBoundaryRequest "PutRolePermissionsBoundary"
    DeleteRolePermissionsBoundaryRequest "DeleteRolePermissionsBoundary"
}
