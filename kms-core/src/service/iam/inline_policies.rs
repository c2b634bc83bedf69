//! Inline policies of users, groups and roles: put, get, list, delete.

use super::answers::{InlinePolicyName, Page, Shape, document, paged};
use super::holder::{Holder, Kept, no_such_inline};
use super::subject::Subject;
use super::{IamRequest, documents, iam_request};
use crate::Error;
use crate::api::query::{ToXml, Xml};
use crate::identity::{Group, Role, User};
use crate::ids::{GroupName, PolicyName, RoleName, UserName};
use crate::service::operation::{Performed, Step};

/// The answer with the text of an inline policy.
#[derive(Clone, Debug)]
pub struct InlinePolicy {
    owner: &'static str,
    /// The name of the user, group or role.
    pub holder: String,
    /// The policy's name.
    pub policy_name: String,
    /// The document, as it was put.
    pub policy_document: String,
}

impl ToXml for InlinePolicy {
    fn write(&self, xml: &mut Xml) {
        xml.text(self.owner, &self.holder);
        xml.text("PolicyName", &self.policy_name);
        document(xml, "PolicyDocument", &self.policy_document);
    }
}

impl Shape for InlinePolicyName {
    const ONE: &'static str = "PolicyName";
    const LIST: &'static str = "PolicyNames";

    fn write(&self, xml: &mut Xml) {
        xml.characters(&self.0);
    }
}

/// The most bytes of one entity's inline policies, white space too: its record is written whole.
const MOST_WRITTEN: usize = 128 * 1024;

fn put<H: Holder>(mut holder: H, name: &PolicyName, text: String) -> Result<Performed<()>, Error> {
    holder.inline_mut().insert(name.to_string(), text);
    check_inline(&holder)?;
    Ok(Performed::changed((), vec![holder.put()]))
}

/// Refuses inline policies that are too long together.
pub(in crate::service) fn check_inline<H: Holder>(holder: &H) -> Result<(), Error> {
    let length: usize = holder
        .inline()
        .values()
        .map(|text| documents::dense(text))
        .sum();
    let written: usize = holder.inline().values().map(String::len).sum();
    if length > H::INLINE || written > MOST_WRITTEN {
        return Err(Error::LimitExceeded(format!(
            "Maximum policy size of {} bytes exceeded for {}",
            H::INLINE,
            H::KIND
        )));
    }
    Ok(())
}

fn delete<H: Holder>(mut holder: H, name: &PolicyName) -> Result<Performed<()>, Error> {
    match holder.inline_mut().remove(name.as_str()) {
        Some(_) => Ok(Performed::changed((), vec![holder.put()])),
        None => Err(no_such_inline::<H>(name)),
    }
}

macro_rules! inline_policies {
    (
        $holder:ident $name:ident $field:ident $member:literal $element:literal
        $put:ident $put_name:literal $get:ident $get_name:literal
        $list:ident $list_name:literal $delete:ident $delete_name:literal
    ) => {
        iam_request! {
            /// A new inline policy, in the place of one of the same name.
            $put $put_name false -> () {
                /// Whose it will be.
                $field: $name = $member,
                /// Its name.
                policy_name: PolicyName = "policyName",
                /// An identity policy.
                policy_document: String = "policyDocument",
            }
        }

        impl IamRequest for $put {
            type Response = ();

            fn subject(&self) -> Subject {
                $holder::subject(&self.$field)
            }

            fn check(&self) -> Result<(), Error> {
                documents::inline(&self.policy_document)
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
                let holder = $holder::existing(step, &self.$field)?;
                put(holder, &self.policy_name, self.policy_document)
            }
        }

        iam_request! {
            /// The text of an inline policy.
            $get $get_name true -> InlinePolicy {
                /// Whose it is.
                $field: $name = $member,
                /// Its name.
                policy_name: PolicyName = "policyName",
            }
        }

        impl IamRequest for $get {
            type Response = InlinePolicy;

            fn subject(&self) -> Subject {
                $holder::subject(&self.$field)
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<InlinePolicy>, Error> {
                let mut holder = $holder::existing(step, &self.$field)?;
                let text = holder.inline_mut().remove(self.policy_name.as_str());
                let text = text.ok_or_else(|| no_such_inline::<$holder>(&self.policy_name))?;
                Ok(Performed::read(InlinePolicy {
                    owner: $element,
                    holder: self.$field.to_string(),
                    policy_name: self.policy_name.to_string(),
                    policy_document: text,
                }))
            }
        }

        iam_request! {
            /// The names of the inline policies.
            $list $list_name true -> Page<InlinePolicyName> {
                /// Whose they are.
                $field: $name = $member,
                /// Where the last page ended.
                marker: Option<String> = "marker",
                /// The most items of the page.
                max_items: Option<u32> = "maxItems",
            }
        }

        paged!($list);

        impl IamRequest for $list {
            type Response = Page<InlinePolicyName>;

            fn subject(&self) -> Subject {
                $holder::subject(&self.$field)
            }

            fn check(&self) -> Result<(), Error> {
                self.paging().check()
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
                let holder = $holder::existing(step, &self.$field)?;
                let names = holder.inline().keys();
                let names = names.map(|name| (name.clone(), InlinePolicyName(name.clone())));
                let listing = format!("{}/{}", $list_name, self.$field);
                self.paging()
                    .page(step, &listing, names)
                    .map(Performed::read)
            }
        }

        iam_request! {
            /// The end of an inline policy.
            $delete $delete_name false -> () {
                /// Whose it is.
                $field: $name = $member,
                /// Its name.
                policy_name: PolicyName = "policyName",
            }
        }

        impl IamRequest for $delete {
            type Response = ();

            fn subject(&self) -> Subject {
                $holder::subject(&self.$field)
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
                delete($holder::existing(step, &self.$field)?, &self.policy_name)
            }
        }
    };
}

inline_policies! {
    User UserName user_name "userName" "UserName"
    PutUserPolicyRequest "PutUserPolicy" GetUserPolicyRequest "GetUserPolicy"
    ListUserPoliciesRequest "ListUserPolicies" DeleteUserPolicyRequest "DeleteUserPolicy"
}

inline_policies! {
    Group GroupName group_name "groupName" "GroupName"
    PutGroupPolicyRequest "PutGroupPolicy" GetGroupPolicyRequest "GetGroupPolicy"
    ListGroupPoliciesRequest "ListGroupPolicies" DeleteGroupPolicyRequest "DeleteGroupPolicy"
}

inline_policies! {
    Role RoleName role_name "roleName" "RoleName"
    PutRolePolicyRequest "PutRolePolicy" GetRolePolicyRequest "GetRolePolicy"
    ListRolePoliciesRequest "ListRolePolicies" DeleteRolePolicyRequest "DeleteRolePolicy"
}
