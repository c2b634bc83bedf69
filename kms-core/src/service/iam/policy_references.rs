//! `ListEntitiesForPolicy`: who a managed policy is attached to, or limits.

use super::answers::{Page, paged};
use super::holder::Kept;
use super::policies::{USAGES, one_of};
use super::subject::Subject;
use super::{IamRequest, below, iam_request};
use crate::Error;
use crate::api::query::{ToXml, Xml};
use crate::identity::{EntityKind, ManagedPolicy};
use crate::ids::{EntityPath, PathPrefix, PolicyArn};
use crate::service::operation::{Performed, Step};

/// An entity that refers to a policy.
#[derive(Clone, Debug)]
pub struct Reference {
    /// What it is.
    pub kind: EntityKind,
    /// Its name.
    pub name: String,
    /// Its unique id.
    pub id: String,
}

impl ToXml for Page<Reference> {
    fn write(&self, xml: &mut Xml) {
        let kinds = [
            (EntityKind::Group, "PolicyGroups", "GroupName", "GroupId"),
            (EntityKind::User, "PolicyUsers", "UserName", "UserId"),
            (EntityKind::Role, "PolicyRoles", "RoleName", "RoleId"),
        ];
        for (kind, list, name, id) in kinds {
            let items = self.items.iter().filter(|item| item.kind == kind);
            xml.list(list, items, |xml, item| {
                xml.text(name, &item.name);
                xml.text(id, &item.id);
            });
        }
        xml.flag("IsTruncated", self.next.is_some());
        xml.optional("Marker", self.next.as_deref());
    }
}

iam_request! {
    /// Who a managed policy is attached to, or limits.
    ListEntitiesForPolicyRequest "ListEntitiesForPolicy" true -> Page<Reference> {
        /// The policy.
        policy_arn: PolicyArn = "policyArn",
        /// `User`, `Role` or `Group`: only those.
        entity_filter: Option<String> = "entityFilter",
        /// Only those whose path begins so.
        path_prefix: Option<PathPrefix> = "pathPrefix",
        /// `PermissionsPolicy` or `PermissionsBoundary`: only those that use it so.
        policy_usage_filter: Option<String> = "policyUsageFilter",
        /// Where the last page ended.
        marker: Option<String> = "marker",
        /// The most items of the page.
        max_items: Option<u32> = "maxItems",
    }
}

paged!(ListEntitiesForPolicyRequest);

const FILTERS: [&str; 5] = [
    "User",
    "Role",
    "Group",
    "LocalManagedPolicy",
    "AWSManagedPolicy",
];

impl ListEntitiesForPolicyRequest {
    fn wants(&self, kind: &str, path: &EntityPath, attached: bool, boundary: bool) -> bool {
        let used = match self.policy_usage_filter.as_deref() {
            Some("PermissionsPolicy") => attached,
            Some(_) => boundary,
            None => attached || boundary,
        };
        let filter = self.entity_filter.as_deref();
        used && filter.is_none_or(|filter| filter == kind) && below(path, self.path_prefix.as_ref())
    }

    fn references(&self, step: &Step<'_>) -> Vec<(String, Reference)> {
        let (arn, account) = (&self.policy_arn, step.call.account());
        let reference = |kind, name: &str, id: &str| {
            let (name, id) = (name.to_owned(), id.to_owned());
            (id.clone(), Reference { kind, name, id })
        };
        let groups = step.state.groups(account).map(|entry| &entry.group);
        let groups = groups
            .filter(|group| self.wants("Group", &group.path, group.attached.contains(arn), false))
            .map(|one| reference(EntityKind::Group, one.name.as_str(), one.id.as_str()));
        let users = step.state.users(account).map(|entry| &entry.user);
        let users = users
            .filter(|user| {
                let limits = user.boundary.as_ref() == Some(arn);
                self.wants("User", &user.path, user.attached.contains(arn), limits)
            })
            .map(|one| reference(EntityKind::User, one.name.as_str(), one.id.as_str()));
        let roles = step.state.roles(account).map(|entry| &entry.role);
        let roles = roles
            .filter(|role| {
                let limits = role.boundary.as_ref() == Some(arn);
                self.wants("Role", &role.path, role.attached.contains(arn), limits)
            })
            .map(|one| reference(EntityKind::Role, one.name.as_str(), one.id.as_str()));
        let mut all: Vec<_> = groups.chain(users).chain(roles).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }
}

impl IamRequest for ListEntitiesForPolicyRequest {
    type Response = Page<Reference>;

    fn subject(&self) -> Subject {
        Subject::Policy(self.policy_arn.clone())
    }

    fn check(&self) -> Result<(), Error> {
        one_of("entityFilter", self.entity_filter.as_ref(), &FILTERS)?;
        one_of(
            "policyUsageFilter",
            self.policy_usage_filter.as_ref(),
            &USAGES,
        )?;
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
        let policy = ManagedPolicy::existing(step, &self.policy_arn)?;
        let references = self.references(step).into_iter();
        let listing = format!("ListEntitiesForPolicy/{}", policy.id);
        self.paging()
            .page(step, &listing, references)
            .map(Performed::read)
    }
}
