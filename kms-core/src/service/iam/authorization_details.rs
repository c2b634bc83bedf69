//! `GetAccountAuthorizationDetails`: everything in an account that says who may do what.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::answers::{Page, Shape, boundary, document, paged, time};
use super::attached_policies::AttachedPolicy;
use super::policies::{DescribedPolicy, Uses, one_of, uses};
use super::policy_versions::{self, DescribedVersion};
use super::subject::Subject;
use super::tags;
use super::{IamRequest, iam_request};
use crate::Error;
use crate::api::query::{ToXml, Xml};
use crate::identity::{Group, Role, User};
use crate::ids::{AccountId, PolicyArn};
use crate::service::identity_state::{GroupEntry, PolicyEntry, RoleEntry, UserEntry};
use crate::service::operation::{Performed, Step};
use crate::service::state::State;

const USER: &str = "User";
const GROUP: &str = "Group";
const ROLE: &str = "Role";
const LOCAL_POLICY: &str = "LocalManagedPolicy";

/// What a filter can name. Of the policies that AWS manages there are none.
const TYPES: [&str; 5] = [USER, ROLE, GROUP, LOCAL_POLICY, "AWSManagedPolicy"];

iam_request! {
    /// All users, groups, roles and managed policies of the account, with what they say.
    GetAccountAuthorizationDetailsRequest "GetAccountAuthorizationDetails" true -> AuthorizationDetails {
        /// The types that are asked for; all where there is none.
        filter: Option<Vec<String>> = "filter",
        /// The most items of the page, of whatever type.
        max_items: Option<u32> = "maxItems",
        /// Where the last page ended.
        marker: Option<String> = "marker",
    }
}

paged!(GetAccountAuthorizationDetailsRequest);

/// One entity of an account.
#[derive(Clone, Debug)]
enum Detail {
    /// With the names of the groups that it is in.
    User(Arc<UserEntry>, Vec<String>),
    Group(Arc<GroupEntry>),
    Role(Arc<RoleEntry>),
    Policy(Arc<PolicyEntry>, Uses),
}

impl Detail {
    /// The bytes of its documents.
    fn weight(&self) -> usize {
        match self {
            Self::User(entry, _) => length(entry.user.policies.values()),
            Self::Group(entry) => length(entry.group.policies.values()),
            Self::Role(entry) => {
                let inline = length(entry.role.policies.values());
                inline.saturating_add(entry.role.trust_policy.len())
            }
            Self::Policy(entry, _) => {
                let versions = entry.policy.versions.values();
                length(versions.map(|version| &version.document))
            }
        }
    }
}

fn length<'a>(documents: impl Iterator<Item = &'a String>) -> usize {
    documents.map(String::len).sum()
}

/// The entities of an account, or a page of them.
#[derive(Clone, Debug)]
pub struct AuthorizationDetails(Page<Detail>);

impl GetAccountAuthorizationDetailsRequest {
    fn wants(&self, kind: &str) -> bool {
        let filter = self.filter.as_deref().unwrap_or_default();
        filter.is_empty() || filter.iter().any(|wanted| wanted == kind)
    }

    /// The entities that are asked for, in the order of the pages.
    fn details<'a>(
        &self,
        account: &'a AccountId,
        state: &'a State,
    ) -> impl Iterator<Item = (String, Detail)> + use<'a> {
        let used: HashMap<PolicyArn, Uses> = match self.wants(LOCAL_POLICY) {
            true => uses(state, account),
            false => HashMap::new(),
        };
        let wanted = [USER, GROUP, ROLE, LOCAL_POLICY].map(|kind| self.wants(kind));
        let [users, groups, roles, policies] = wanted;
        let users = users.then(|| state.users(account)).into_iter().flatten();
        let groups = groups.then(|| state.groups(account)).into_iter().flatten();
        let roles = roles.then(|| state.roles(account)).into_iter().flatten();
        let policies = policies.then(|| state.managed_policies(account));
        let users = users.map(|entry| {
            let groups = entry.user.groups.iter();
            let groups = groups.filter_map(|id| state.group_of_id(id));
            let groups = groups.map(|entry| entry.group.name.to_string()).collect();
            let detail = Detail::User(Arc::clone(entry), groups);
            (format!("1/{}", entry.user.name), detail)
        });
        let groups = groups.map(|entry| {
            let name = format!("2/{}", entry.group.name);
            (name, Detail::Group(Arc::clone(entry)))
        });
        let roles = roles.map(|entry| {
            let name = format!("3/{}", entry.role.name);
            (name, Detail::Role(Arc::clone(entry)))
        });
        let policies = policies.into_iter().flatten().map(move |entry| {
            let uses = used.get(&entry.policy.arn()).copied().unwrap_or_default();
            let detail = Detail::Policy(Arc::clone(entry), uses);
            (format!("4/{}", entry.policy.name), detail)
        });
        users.chain(groups).chain(roles).chain(policies)
    }
}

impl IamRequest for GetAccountAuthorizationDetailsRequest {
    type Response = AuthorizationDetails;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn check(&self) -> Result<(), Error> {
        for kind in self.filter.iter().flatten() {
            one_of("filter", Some(kind), &TYPES)?;
        }
        self.paging().check()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<AuthorizationDetails>, Error> {
        // A marker goes on with what it was given out for.
        let wanted: BTreeSet<&String> = self.filter.iter().flatten().collect();
        let wanted: Vec<&str> = wanted.into_iter().map(String::as_str).collect();
        let listing = format!("GetAccountAuthorizationDetails/{}", wanted.join(","));
        let details = self.details(step.call.account(), step.state);
        let page = self
            .paging()
            .page_of_weight(step, &listing, Detail::weight, details)?;
        Ok(Performed::read(AuthorizationDetails(page)))
    }
}

fn inline(xml: &mut Xml, name: &'static str, policies: &BTreeMap<String, String>) {
    xml.list(name, policies, |xml, (name, text)| {
        xml.text("PolicyName", name);
        document(xml, "PolicyDocument", text);
    });
}

fn attached(xml: &mut Xml, policies: &BTreeSet<PolicyArn>) {
    xml.list("AttachedManagedPolicies", policies, |xml, arn| {
        AttachedPolicy(arn.clone()).write(xml);
    });
}

fn user(xml: &mut Xml, user: &User, groups: &[String]) {
    user.write_listed(xml);
    inline(xml, "UserPolicyList", &user.policies);
    xml.list("GroupList", groups, |xml, group| xml.characters(group));
    attached(xml, &user.attached);
    boundary(xml, user.boundary.as_ref());
    tags::written(xml, &user.tags);
}

fn group(xml: &mut Xml, group: &Group) {
    group.write_listed(xml);
    inline(xml, "GroupPolicyList", &group.policies);
    attached(xml, &group.attached);
}

fn role(xml: &mut Xml, role: &Role) {
    xml.text("Path", role.path.as_str());
    xml.text("RoleName", role.name.as_str());
    xml.text("RoleId", role.id.as_str());
    xml.text("Arn", &role.arn());
    time(xml, "CreateDate", role.created);
    document(xml, "AssumeRolePolicyDocument", &role.trust_policy);
    xml.list("InstanceProfileList", std::iter::empty::<()>(), |_, ()| {});
    inline(xml, "RolePolicyList", &role.policies);
    attached(xml, &role.attached);
    boundary(xml, role.boundary.as_ref());
    tags::written(xml, &role.tags);
}

fn policy(xml: &mut Xml, entry: &PolicyEntry, uses: Uses) {
    let policy = &entry.policy;
    let described = DescribedPolicy {
        policy: policy.clone(),
        uses,
    };
    described.write_listed(xml);
    xml.optional("Description", policy.description.as_deref());
    xml.list(
        "PolicyVersionList",
        &policy.versions,
        |xml, (number, version)| {
            let described = policy_versions::described(policy, *number, version);
            let document = Some(version.document.clone());
            DescribedVersion {
                document,
                ..described
            }
            .write(xml);
        },
    );
}

impl ToXml for AuthorizationDetails {
    fn write(&self, xml: &mut Xml) {
        let Page { items, next } = &self.0;
        let users = items.iter().filter_map(|item| match item {
            Detail::User(entry, groups) => Some((entry, groups)),
            _ => None,
        });
        xml.list("UserDetailList", users, |xml, (entry, groups)| {
            user(xml, &entry.user, groups);
        });
        let groups = items.iter().filter_map(|item| match item {
            Detail::Group(entry) => Some(entry),
            _ => None,
        });
        xml.list("GroupDetailList", groups, |xml, entry| {
            group(xml, &entry.group)
        });
        let roles = items.iter().filter_map(|item| match item {
            Detail::Role(entry) => Some(entry),
            _ => None,
        });
        xml.list("RoleDetailList", roles, |xml, entry| role(xml, &entry.role));
        let policies = items.iter().filter_map(|item| match item {
            Detail::Policy(entry, uses) => Some((entry, uses)),
            _ => None,
        });
        xml.list("Policies", policies, |xml, (entry, uses)| {
            policy(xml, entry, *uses)
        });
        xml.flag("IsTruncated", next.is_some());
        xml.optional("Marker", next.as_deref());
    }
}
