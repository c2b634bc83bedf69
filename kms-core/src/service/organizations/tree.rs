//! What is in what: `ListChildren`, `ListParents`, `MoveAccount`.

use serde::Serialize;

use super::accounts;
use super::answers::{Nothing, page, page_answer};
use super::rules::{
    ACCOUNT_ID, CHILD_ID, CHILD_TYPE, MAX_RESULTS, NEXT_TOKEN, PARENT_ID, given, parsed, refused,
};
use super::units::parent;
use super::{OrganizationEdit, OrganizationsRequest, organizations_request};
use crate::Error;
use crate::api::{OrganizationsCode, Response};
use crate::ids::{ParentId, TargetId};
use crate::service::operation::{Performed, Step};
use crate::service::page;

/// A unit or an account that is in something.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Child {
    id: String,
    #[serde(rename = "Type")]
    kind: &'static str,
}

/// A root or a unit that something is in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parent {
    id: ParentId,
    #[serde(rename = "Type")]
    kind: &'static str,
}

page_answer! {
    /// What is in something.
    ChildrenAnswer { children: Child }
    /// What something is in: one.
    ParentsAnswer { parents: Parent }
}

const ACCOUNT: &str = "ACCOUNT";
const UNIT: &str = "ORGANIZATIONAL_UNIT";

organizations_request! {
    /// The units or the accounts that are in a root or unit itself.
    ListChildrenRequest "ListChildren" true -> ChildrenAnswer {
        /// The root or unit.
        parent_id: String = "parentId", Required, PARENT_ID;
        /// `ACCOUNT` or `ORGANIZATIONAL_UNIT`.
        child_type: String = "childType", Required, CHILD_TYPE;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListChildrenRequest {
    type Response = ChildrenAnswer;

    fn subjects(&self) -> Vec<String> {
        self.parent_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<ChildrenAnswer>, Error> {
        let organizations = &step.state.organizations;
        let absent = OrganizationsCode::ParentNotFoundException;
        let parent = parent(step, self.parent_id.as_ref(), absent)?;
        let kind = match given(self.child_type)?.as_str() {
            ACCOUNT => ACCOUNT,
            _ => UNIT,
        };
        let members = organizations.members();
        let members = members.filter(|member| member.parent == parent);
        let members = members.map(|member| member.id.to_string());
        let units = organizations.units().filter(|unit| unit.parent == parent);
        let units = units.map(|unit| unit.id.to_string());
        let ids: Vec<String> = match kind {
            ACCOUNT => members.collect(),
            _ => units.collect(),
        };
        let children = ids.into_iter().map(|id| (id.clone(), Child { id, kind }));
        let listing = format!("ListChildren/{kind}/{parent}");
        let asked = (self.next_token.as_ref(), self.max_results);
        let page = page(step, &listing, asked, children)?;
        Ok(Performed::read(page.into()))
    }
}

organizations_request! {
    /// What a unit or an account is in.
    ListParentsRequest "ListParents" true -> ParentsAnswer {
        /// The unit or the account.
        child_id: String = "childId", Required, CHILD_ID;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
        /// The most items of the page.
        max_results: i64 = "maxResults", Optional, MAX_RESULTS;
    }
}

impl OrganizationsRequest for ListParentsRequest {
    type Response = ParentsAnswer;

    fn subjects(&self) -> Vec<String> {
        self.child_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<ParentsAnswer>, Error> {
        let organizations = &step.state.organizations;
        let child: TargetId = parsed(self.child_id.as_ref())?;
        let parent = match &child {
            TargetId::Root(_) => None,
            TargetId::Unit(id) => organizations.unit(id).map(|unit| &unit.parent),
            TargetId::Account(id) => organizations.member(id).map(|member| &member.parent),
        };
        let absent = || refused(OrganizationsCode::ChildNotFoundException);
        let id = parent.ok_or_else(absent)?.clone();
        let kind = match id {
            ParentId::Root(_) => "ROOT",
            ParentId::Unit(_) => UNIT,
        };
        let parents = std::iter::once((id.to_string(), Parent { id, kind }));
        let asked = (self.next_token.as_ref(), self.max_results);
        let page = page(step, &format!("ListParents/{child}"), asked, parents)?;
        Ok(Performed::read(page.into()))
    }
}

organizations_request! {
    /// Puts an account into another root or unit.
    MoveAccountRequest "MoveAccount" false -> Nothing {
        /// The account.
        account_id: String = "accountId", Required, ACCOUNT_ID;
        /// What it is in.
        source_parent_id: String = "sourceParentId", Required, PARENT_ID;
        /// What it shall be in.
        destination_parent_id: String = "destinationParentId", Required, PARENT_ID;
    }
}

impl OrganizationsRequest for MoveAccountRequest {
    type Response = Nothing;

    fn subjects(&self) -> Vec<String> {
        let parents = self.source_parent_id.iter();
        let parents = parents.chain(&self.destination_parent_id);
        self.account_id.iter().chain(parents).cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let mut member = accounts::existing(step, self.account_id.as_ref())?;
        let absent = OrganizationsCode::SourceParentNotFoundException;
        let source = parent(step, self.source_parent_id.as_ref(), absent)?;
        if member.parent != source {
            return Err(refused(absent));
        }
        let absent = OrganizationsCode::DestinationParentNotFoundException;
        let destination = parent(step, self.destination_parent_id.as_ref(), absent)?;
        if destination == source {
            return Err(refused(OrganizationsCode::DuplicateAccountException));
        }
        member.parent = destination;
        let edits = vec![OrganizationEdit::PutMember(member).into()];
        Ok(Performed::changed(Nothing {}, edits))
    }
}
