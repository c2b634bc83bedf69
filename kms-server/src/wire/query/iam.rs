//! The operations of IAM.

use kms_core::service::{CreateUserRequest, ListUsersRequest};

use super::{Row, row};

/// Every operation of IAM that there is.
pub(super) const TABLE: &[Row] = &[row::<CreateUserRequest>(), row::<ListUsersRequest>()];
