//! Accounts that are closed, and why none is removed.

use super::accounts::existing;
use super::answers::Nothing;
use super::rules::{ACCOUNT_ID, refused};
use super::{Callers, OrganizationEdit, OrganizationsRequest, organization, organizations_request};
use crate::Error;
use crate::api::{ConstraintReason, OrganizationsCode};
use crate::identity::MemberStatus;
use crate::ids::AccountId;
use crate::service::operation::{Performed, Step};

organizations_request! {
    /// Closes an account: its principals are let in no more, and its keys serve nobody.
    CloseAccountRequest "CloseAccount" false -> Nothing {
        /// The account.
        account_id: String = "accountId", Required, ACCOUNT_ID;
    }
}

impl OrganizationsRequest for CloseAccountRequest {
    type Response = Nothing;

    fn subjects(&self) -> Vec<String> {
        self.account_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let mut member = existing(step, self.account_id.as_ref())?;
        if member.id == organization(step)?.management_account {
            let reason = ConstraintReason::CannotCloseManagementAccount;
            let code = OrganizationsCode::ConstraintViolationException(reason);
            return Err(refused(code));
        }
        if member.status == MemberStatus::Suspended {
            return Err(refused(OrganizationsCode::AccountAlreadyClosedException));
        }
        member.status = MemberStatus::Suspended;
        let edits = vec![OrganizationEdit::PutMember(member).into()];
        Ok(Performed::changed(Nothing {}, edits))
    }
}

organizations_request! {
    /// Takes an account out of the organization: never, since those that an organization made have
    /// nothing to stand alone with.
    RemoveAccountFromOrganizationRequest "RemoveAccountFromOrganization" false -> Nothing {
        /// The account.
        account_id: String = "accountId", Required, ACCOUNT_ID;
    }
}

impl OrganizationsRequest for RemoveAccountFromOrganizationRequest {
    type Response = Nothing;

    fn subjects(&self) -> Vec<String> {
        self.account_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let member = existing(step, self.account_id.as_ref())?;
        cannot_leave(step, &member.id)
    }
}

fn cannot_leave(step: &Step<'_>, account: &AccountId) -> Result<Performed<Nothing>, Error> {
    Err(refused(
        if *account == organization(step)?.management_account {
            OrganizationsCode::MasterCannotLeaveOrganizationException
        } else {
            let reason = ConstraintReason::AccountCannotLeave;
            OrganizationsCode::ConstraintViolationException(reason)
        },
    ))
}

organizations_request! {
    /// Takes the caller's account out of the organization: never, as above.
    LeaveOrganizationRequest "LeaveOrganization" false -> Nothing {}
}

impl OrganizationsRequest for LeaveOrganizationRequest {
    type Response = Nothing;
    const CALLERS: Callers = Callers::Members;

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        cannot_leave(step, step.call.account())
    }
}
