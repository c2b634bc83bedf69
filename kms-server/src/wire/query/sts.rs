//! The operations of STS.

use kms_core::service as sts;

use super::{Row, row};

/// Every operation of STS that there is for who signs requests.
pub(super) const TABLE: &[Row] = &[
    row::<sts::GetCallerIdentityRequest>(),
    row::<sts::GetSessionTokenRequest>(),
    row::<sts::AssumeRoleRequest>(),
    row::<sts::GetFederationTokenRequest>(),
    row::<sts::GetAccessKeyInfoRequest>(),
    row::<sts::DecodeAuthorizationMessageRequest>(),
];
