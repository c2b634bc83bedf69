//! The accounts of the organization.

use super::answers::{AccountAnswer, AccountShape, AccountsAnswer, page};
use super::rules::{ACCOUNT_ID, MAX_RESULTS, NEXT_TOKEN, PARENT_ID, parsed, refused};
use super::units::parent;
use super::{OrganizationsRequest, organizations_request};
use crate::Error;
use crate::api::OrganizationsCode;
use crate::identity::MemberAccount;
use crate::service::operation::{Performed, Step};

/// The account of that id, if it is in the organization.
pub(super) fn existing(step: &Step<'_>, id: Option<&String>) -> Result<MemberAccount, Error> {
    let member = step.state.organizations.member(&parsed(id)?);
    member
        .cloned()
        .ok_or_else(|| refused(OrganizationsCode::AccountNotFoundException))
}

organizations_request! {
    /// One account.
    DescribeAccountRequest "DescribeAccount" true -> AccountAnswer {
        /// The account.
        account_id: String = "accountId", Required, ACCOUNT_ID;
    }
}

impl OrganizationsRequest for DescribeAccountRequest {
    type Response = AccountAnswer;

    fn subjects(&self) -> Vec<String> {
        self.account_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<AccountAnswer>, Error> {
        let member = existing(step, self.account_id.as_ref())?;
        let shape = AccountShape::new(&member, &step.state.organizations);
        let absent = || refused(OrganizationsCode::AccountNotFoundException);
        let account = shape.ok_or_else(absent)?;
        Ok(Performed::read(AccountAnswer { account }))
    }
}

organizations_request! {
    /// Every account.
    ListAccountsRequest "ListAccounts" true -> AccountsAnswer {
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListAccountsRequest {
    type Response = AccountsAnswer;

    fn perform(self, step: &Step<'_>) -> Result<Performed<AccountsAnswer>, Error> {
        let members = step.state.organizations.members();
        let asked = (self.next_token.as_ref(), self.max_results);
        listed(step, "ListAccounts", asked, members)
    }
}

fn listed<'a>(
    step: &'a Step<'_>,
    listing: &str,
    asked: (Option<&String>, Option<i64>),
    members: impl Iterator<Item = &'a MemberAccount>,
) -> Result<Performed<AccountsAnswer>, Error> {
    let organizations = &step.state.organizations;
    let shapes = members.filter_map(|member| {
        let shape = AccountShape::new(member, organizations)?;
        Some((member.id.to_string(), shape))
    });
    Ok(Performed::read(page(step, listing, asked, shapes)?.into()))
}

organizations_request! {
    /// The accounts that are in a root or unit itself.
    ListAccountsForParentRequest "ListAccountsForParent" true -> AccountsAnswer {
        /// The root or unit.
        parent_id: String = "parentId", Required, PARENT_ID;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListAccountsForParentRequest {
    type Response = AccountsAnswer;

    fn subjects(&self) -> Vec<String> {
        self.parent_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<AccountsAnswer>, Error> {
        let absent = OrganizationsCode::ParentNotFoundException;
        let parent = parent(step, self.parent_id.as_ref(), absent)?;
        let members = step.state.organizations.members();
        let members = members.filter(|member| member.parent == parent);
        let asked = (self.next_token.as_ref(), self.max_results);
        listed(
            step,
            &format!("ListAccountsForParent/{parent}"),
            asked,
            members,
        )
    }
}
