//! The operations of AWS Organizations: from JSON to an operation, and from its outcome to JSON.

use std::sync::Arc;

use bytes::Bytes;
use kms_core::api::{Response, parse_object};
use kms_core::service as organizations;
use kms_core::service::{CallContext, Engine, Event, Operation};
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use super::dispatch::{Answered, Unanswered, encode};

/// An operation of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) event: Event,
    perform: fn(Performing) -> Answered,
}

/// What an operation is performed with, on a thread that may block.
struct Performing {
    engine: Arc<Engine>,
    context: CallContext,
    runtime: Handle,
    body: Bytes,
}

/// The operation of that name.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.event.name() == name)
}

/// Whether AWS has an operation of that name, which is not offered here.
pub(super) fn is_not_offered(name: &str) -> bool {
    NOT_OFFERED.contains(&name)
}

impl Row {
    /// Performs the operation where blocking is allowed.
    pub(super) async fn perform(
        &self,
        engine: &Arc<Engine>,
        context: &CallContext,
        body: Bytes,
    ) -> Answered {
        let performing = Performing {
            engine: Arc::clone(engine),
            context: context.clone(),
            runtime: Handle::current(),
            body,
        };
        let perform = self.perform;
        let joined = tokio::task::spawn_blocking(move || perform(performing)).await;
        joined.unwrap_or(Err(Unanswered::Panicked))
    }
}

const fn operation<R>() -> Row
where
    R: DeserializeOwned + Operation,
    R::Response: Response,
{
    Row {
        event: R::EVENT,
        perform: perform::<R>,
    }
}

fn perform<R>(performing: Performing) -> Answered
where
    R: DeserializeOwned + Operation,
    R::Response: Response,
{
    let request: R = parse_object(&performing.body).map_err(|_| Unanswered::Malformed)?;
    let (engine, context) = (performing.engine, performing.context);
    encode(performing.runtime.block_on(engine.call(&context, request)))
}

/// Every operation of Organizations that there is.
const TABLE: &[Row] = &[
    operation::<organizations::CreateOrganizationRequest>(),
    operation::<organizations::DescribeOrganizationRequest>(),
    operation::<organizations::DeleteOrganizationRequest>(),
    operation::<organizations::ListRootsRequest>(),
    operation::<organizations::CreateOrganizationalUnitRequest>(),
    operation::<organizations::DescribeOrganizationalUnitRequest>(),
    operation::<organizations::UpdateOrganizationalUnitRequest>(),
    operation::<organizations::DeleteOrganizationalUnitRequest>(),
    operation::<organizations::ListOrganizationalUnitsForParentRequest>(),
    operation::<organizations::ListChildrenRequest>(),
    operation::<organizations::ListParentsRequest>(),
    operation::<organizations::CreateAccountRequest>(),
    operation::<organizations::DescribeCreateAccountStatusRequest>(),
    operation::<organizations::ListCreateAccountStatusRequest>(),
    operation::<organizations::DescribeAccountRequest>(),
    operation::<organizations::ListAccountsRequest>(),
    operation::<organizations::ListAccountsForParentRequest>(),
    operation::<organizations::MoveAccountRequest>(),
    operation::<organizations::CloseAccountRequest>(),
    operation::<organizations::RemoveAccountFromOrganizationRequest>(),
    operation::<organizations::LeaveOrganizationRequest>(),
    operation::<organizations::EnablePolicyTypeRequest>(),
    operation::<organizations::DisablePolicyTypeRequest>(),
    operation::<organizations::CreateOrganizationPolicyRequest>(),
    operation::<organizations::DescribeOrganizationPolicyRequest>(),
    operation::<organizations::UpdateOrganizationPolicyRequest>(),
    operation::<organizations::DeleteOrganizationPolicyRequest>(),
    operation::<organizations::ListOrganizationPoliciesRequest>(),
    operation::<organizations::AttachOrganizationPolicyRequest>(),
    operation::<organizations::DetachOrganizationPolicyRequest>(),
    operation::<organizations::ListPoliciesForTargetRequest>(),
    operation::<organizations::ListTargetsForPolicyRequest>(),
    operation::<organizations::TagOrganizationsResourceRequest>(),
    operation::<organizations::UntagOrganizationsResourceRequest>(),
    operation::<organizations::ListTagsForOrganizationsResourceRequest>(),
    operation::<organizations::DescribeEffectivePolicyRequest>(),
    operation::<organizations::ListServiceAccessForOrganizationRequest>(),
    operation::<organizations::ListDelegatedAdministratorsRequest>(),
];

/// The operations that AWS has besides: invitations, delegated administrators, trusted access of
/// other services, transfer of bills.
const NOT_OFFERED: &[&str] = &[
    "AcceptHandshake",
    "CancelHandshake",
    "CreateGovCloudAccount",
    "DeclineHandshake",
    "DeleteResourcePolicy",
    "DeregisterDelegatedAdministrator",
    "DescribeHandshake",
    "DescribeResourcePolicy",
    "DescribeResponsibilityTransfer",
    "DisableAWSServiceAccess",
    "EnableAWSServiceAccess",
    "EnableAllFeatures",
    "InviteAccountToOrganization",
    "InviteOrganizationToTransferResponsibility",
    "ListAccountsWithInvalidEffectivePolicy",
    "ListDelegatedServicesForAccount",
    "ListEffectivePolicyValidationErrors",
    "ListHandshakesForAccount",
    "ListHandshakesForOrganization",
    "ListInboundResponsibilityTransfers",
    "ListOutboundResponsibilityTransfers",
    "PutResourcePolicy",
    "RegisterDelegatedAdministrator",
    "TerminateResponsibilityTransfer",
    "UpdateResponsibilityTransfer",
];
