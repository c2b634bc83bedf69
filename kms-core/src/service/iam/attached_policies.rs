//! Managed policies that are attached to users, groups and roles: attach, detach, list.

use super::answers::{Page, Shape, paged};
use super::holder::{Holder, Kept};
use super::subject::Subject;
use super::{IamRequest, iam_request, limits};
use crate::Error;
use crate::api::query::Xml;
use crate::identity::{Group, ManagedPolicy, Role, User};
use crate::ids::{GroupName, PathPrefix, PolicyArn, RoleName, UserName};
use crate::service::operation::{Loaded, Performed, Step};
use crate::service::values::Specific;

/// A managed policy that is attached.
#[derive(Clone, Debug)]
pub struct AttachedPolicy(
    /// Its ARN.
    pub PolicyArn,
);

impl Shape for AttachedPolicy {
    const ONE: &'static str = "AttachedPolicy";
    const LIST: &'static str = "AttachedPolicies";

    fn write(&self, xml: &mut Xml) {
        xml.text("PolicyName", self.0.name());
        xml.text("PolicyArn", self.0.as_str());
    }
}

/// The managed policy, in the caller's account.
pub(super) fn managed<'a>(step: &'a Step<'_>, arn: &PolicyArn) -> Result<&'a ManagedPolicy, Error> {
    let own = arn
        .account()
        .is_some_and(|account| account == *step.call.account());
    let entry = own.then(|| step.state.managed_policy(arn)).flatten();
    entry
        .map(|entry| &entry.policy)
        .ok_or_else(|| ManagedPolicy::no_such(arn))
}

/// Attaching what is attached changes nothing and succeeds, as at AWS.
fn attach<H: Holder>(
    mut holder: H,
    arn: PolicyArn,
    step: &Step<'_>,
) -> Result<Performed<()>, Error> {
    managed(step, &arn)?;
    if holder.attached().contains(&arn) {
        return Ok(Performed::read(()));
    }
    let quota = match H::KIND {
        "user" => "PoliciesPerUser",
        "group" => "PoliciesPerGroup",
        _ => "PoliciesPerRole",
    };
    limits::within(holder.attached().len(), quota, limits::ATTACHED)?;
    holder.attached_mut().insert(arn);
    Ok(Performed::changed((), vec![holder.put()]))
}

fn detach<H: Holder>(mut holder: H, arn: &PolicyArn) -> Result<Performed<()>, Error> {
    if holder.attached_mut().remove(arn) {
        return Ok(Performed::changed((), vec![holder.put()]));
    }
    Err(Error::NotFound(format!("Policy {arn} was not found.")))
}

/// Whether the policy stands below the path.
fn below(arn: &PolicyArn, prefix: Option<&PathPrefix>) -> bool {
    let path = arn
        .as_str()
        .split_once(":policy")
        .map_or("", |(_, path)| path);
    prefix.is_none_or(|prefix| path.starts_with(prefix.as_str()))
}

macro_rules! attached_policies {
    (
        $holder:ident $name:ident $field:ident $member:literal
        $attach:ident $attach_name:literal $detach:ident $detach_name:literal
        $list:ident $list_name:literal
    ) => {
        iam_request! {
            /// Attaches a managed policy.
            $attach $attach_name false -> () {
                /// What it is attached to.
                $field: $name = $member,
                /// The policy.
                policy_arn: PolicyArn = "policyArn",
            }
        }

        impl IamRequest for $attach {
            type Response = ();

            fn subject(&self) -> Subject {
                $holder::subject(&self.$field)
            }

            fn specific<'a>(&'a self, loaded: &'a Loaded) -> Specific<'a> {
                Specific {
                    policy_arn: Some(&self.policy_arn),
                    ..loaded.iam().specific()
                }
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
                let holder = $holder::existing(step, &self.$field)?;
                attach(holder, self.policy_arn, step)
            }
        }

        iam_request! {
            /// Detaches a managed policy.
            $detach $detach_name false -> () {
                /// What it is detached from.
                $field: $name = $member,
                /// The policy.
                policy_arn: PolicyArn = "policyArn",
            }
        }

        impl IamRequest for $detach {
            type Response = ();

            fn subject(&self) -> Subject {
                $holder::subject(&self.$field)
            }

            fn specific<'a>(&'a self, loaded: &'a Loaded) -> Specific<'a> {
                Specific {
                    policy_arn: Some(&self.policy_arn),
                    ..loaded.iam().specific()
                }
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
                detach($holder::existing(step, &self.$field)?, &self.policy_arn)
            }
        }

        iam_request! {
            /// The managed policies that are attached.
            $list $list_name true -> Page<AttachedPolicy> {
                /// What they are attached to.
                $field: $name = $member,
                /// Only those whose path begins so.
                path_prefix: Option<PathPrefix> = "pathPrefix",
                /// Where the last page ended.
                marker: Option<String> = "marker",
                /// The most items of the page.
                max_items: Option<u32> = "maxItems",
            }
        }

        paged!($list);

        impl IamRequest for $list {
            type Response = Page<AttachedPolicy>;

            fn subject(&self) -> Subject {
                $holder::subject(&self.$field)
            }

            fn check(&self) -> Result<(), Error> {
                self.paging().check()
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
                let holder = $holder::existing(step, &self.$field)?;
                let prefix = self.path_prefix.as_ref();
                let policies = holder.attached().iter().filter(|arn| below(arn, prefix));
                let policies = policies.map(|arn| (arn.to_string(), AttachedPolicy(arn.clone())));
                let listing = format!("{}/{}", $list_name, self.$field);
                self.paging()
                    .page(step, &listing, policies)
                    .map(Performed::read)
            }
        }
    };
}

attached_policies! {
    User UserName user_name "userName"
    AttachUserPolicyRequest "AttachUserPolicy" DetachUserPolicyRequest "DetachUserPolicy"
    ListAttachedUserPoliciesRequest "ListAttachedUserPolicies"
}

attached_policies! {
    Group GroupName group_name "groupName"
    AttachGroupPolicyRequest "AttachGroupPolicy" DetachGroupPolicyRequest "DetachGroupPolicy"
    ListAttachedGroupPoliciesRequest "ListAttachedGroupPolicies"
}

attached_policies! {
    Role RoleName role_name "roleName"
    AttachRolePolicyRequest "AttachRolePolicy" DetachRolePolicyRequest "DetachRolePolicy"
    ListAttachedRolePoliciesRequest "ListAttachedRolePolicies"
}
