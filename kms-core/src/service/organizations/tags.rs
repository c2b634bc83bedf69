//! Tags of roots, units, accounts and policies.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::answers::{Nothing, page, page_answer};
use super::rules::{NEXT_TOKEN, RESOURCE_ID, TAG_KEYS, TAGS, given, invalid, parsed, refused};
use super::subject::managed;
use super::{OrganizationEdit, OrganizationsRequest, limits, organization, organizations_request};
use crate::Error;
use crate::api::{ConstraintReason, InputReason, OrganizationsCode, Response, object};
use crate::ids::{OrganizationPolicyId, TargetId};
use crate::service::operation::{Performed, Step};
use crate::service::page;
use crate::service::values::Specific;

/// A tag in a request or an answer; both parts are required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrganizationTag {
    /// The name, unique among the tags of one thing.
    pub key: Option<String>,
    /// The value.
    pub value: Option<String>,
}

impl<'de> Deserialize<'de> for OrganizationTag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Members {
            key: Option<String>,
            value: Option<String>,
        }
        let Members { key, value } = object(deserializer)?;
        Ok(Self { key, value })
    }
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`
pub(super) fn is_of_tag(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

/// The tags of a request, in the order that it has them.
#[derive(Clone, Debug, Default)]
pub struct OrganizationTags {
    given: Vec<OrganizationTag>,
    by_key: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for OrganizationTags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Vec::<OrganizationTag>::deserialize(deserializer)?;
        let whole = given.iter().filter_map(OrganizationTag::whole);
        let by_key = whole.collect();
        Ok(Self { given, by_key })
    }
}

impl Serialize for OrganizationTags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.given)
    }
}

impl OrganizationTag {
    fn whole(&self) -> Option<(String, String)> {
        Some((self.key.clone()?, self.value.clone()?))
    }
}

impl OrganizationTags {
    pub(super) fn iter(&self) -> impl Iterator<Item = &OrganizationTag> {
        self.given.iter()
    }

    pub(super) fn map(&self) -> &BTreeMap<String, String> {
        &self.by_key
    }
}

/// The tags of something new.
pub(super) fn of_new(tags: Option<&OrganizationTags>) -> Result<BTreeMap<String, String>, Error> {
    let tags = tags.map(|tags| tags.map().clone()).unwrap_or_default();
    within_quota(&tags)?;
    Ok(tags)
}

/// Refuses tags that nothing can have.
pub(in crate::service) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    let given = tags.iter().map(|(key, value)| OrganizationTag {
        key: Some(key.clone()),
        value: Some(value.clone()),
    });
    let given = OrganizationTags {
        given: given.collect(),
        by_key: tags.clone(),
    };
    TAGS(&given).map_err(invalid)?;
    within_quota(tags)
}

/// Whether a request gives tags: it asks for permission to tag then.
pub(super) fn are_given(tags: Option<&OrganizationTags>) -> bool {
    tags.is_some_and(|tags| !tags.map().is_empty())
}

/// The values of condition keys that the tags of a request have.
pub(super) fn specific(tags: Option<&OrganizationTags>) -> Specific<'_> {
    Specific {
        request_tags: tags.map(OrganizationTags::map),
        ..Specific::default()
    }
}

/// Refuses more tags than one thing can have.
fn within_quota(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if tags.len() <= limits::TAGS {
        return Ok(());
    }
    let reason = ConstraintReason::MaxTags;
    Err(refused(OrganizationsCode::ConstraintViolationException(
        reason,
    )))
}

/// Makes the change of tags of whatever has that id.
fn changed(
    step: &Step<'_>,
    id: Option<&String>,
    change: impl FnOnce(&mut BTreeMap<String, String>),
) -> Result<OrganizationEdit, Error> {
    let organizations = &step.state.organizations;
    let absent = || refused(OrganizationsCode::TargetNotFoundException);
    if let Ok(id) = parsed::<OrganizationPolicyId>(id) {
        if managed(&id).is_some() {
            return Err(invalid(InputReason::ImmutablePolicy));
        }
        let mut policy = organizations.policy(&id).ok_or_else(absent)?.clone();
        change(&mut policy.tags);
        within_quota(&policy.tags)?;
        return Ok(OrganizationEdit::PutPolicy(policy));
    }
    Ok(match parsed::<TargetId>(id)? {
        TargetId::Root(id) => {
            let mut organization = organization(step)?.clone();
            if organization.root.id != id {
                return Err(absent());
            }
            change(&mut organization.root.tags);
            within_quota(&organization.root.tags)?;
            OrganizationEdit::Put(organization)
        }
        TargetId::Unit(id) => {
            let mut unit = organizations.unit(&id).ok_or_else(absent)?.clone();
            change(&mut unit.tags);
            within_quota(&unit.tags)?;
            OrganizationEdit::PutUnit(unit)
        }
        TargetId::Account(id) => {
            let mut member = organizations.member(&id).ok_or_else(absent)?.clone();
            change(&mut member.tags);
            within_quota(&member.tags)?;
            OrganizationEdit::PutMember(member)
        }
    })
}

organizations_request! {
    /// Gives tags, in the place of those that have the same keys.
    TagOrganizationsResourceRequest "TagResource" false -> Nothing {
        /// A root, a unit, an account or a policy.
        resource_id: String = "resourceId", Required, RESOURCE_ID;
        /// The tags.
        tags: OrganizationTags = "tags", Required, TAGS;
    }
}

impl OrganizationsRequest for TagOrganizationsResourceRequest {
    type Response = Nothing;

    fn subjects(&self) -> Vec<String> {
        self.resource_id.iter().cloned().collect()
    }

    fn specific(&self) -> Specific<'_> {
        specific(self.tags.as_ref())
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let tags = given(self.tags)?.by_key;
        let edit = changed(step, self.resource_id.as_ref(), |held| held.extend(tags))?;
        Ok(Performed::changed(Nothing {}, vec![edit.into()]))
    }
}

organizations_request! {
    /// Takes tags away.
    UntagOrganizationsResourceRequest "UntagResource" false -> Nothing {
        /// A root, a unit, an account or a policy.
        resource_id: String = "resourceId", Required, RESOURCE_ID;
        /// The keys of the tags.
        tag_keys: Vec<String> = "tagKeys", Required, TAG_KEYS;
    }
}

impl OrganizationsRequest for UntagOrganizationsResourceRequest {
    type Response = Nothing;

    fn subjects(&self) -> Vec<String> {
        self.resource_id.iter().cloned().collect()
    }

    fn specific(&self) -> Specific<'_> {
        Specific {
            tag_keys: self.tag_keys.as_deref(),
            ..Specific::default()
        }
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<Nothing>, Error> {
        let keys = given(self.tag_keys)?;
        let edit = changed(step, self.resource_id.as_ref(), |held| {
            held.retain(|key, _| !keys.contains(key));
        })?;
        Ok(Performed::changed(Nothing {}, vec![edit.into()]))
    }
}

page_answer! {
    /// Tags.
    TagsAnswer { tags: OrganizationTag }
}

organizations_request! {
    /// The tags of something.
    ListTagsForOrganizationsResourceRequest "ListTagsForResource" true -> TagsAnswer {
        /// A root, a unit, an account or a policy.
        resource_id: String = "resourceId", Required, RESOURCE_ID;
        /// Where the page starts.
        next_token: String = "nextToken", Optional, NEXT_TOKEN;
    }
}

impl OrganizationsRequest for ListTagsForOrganizationsResourceRequest {
    type Response = TagsAnswer;

    fn subjects(&self) -> Vec<String> {
        self.resource_id.iter().cloned().collect()
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<TagsAnswer>, Error> {
        let id = self.resource_id.as_ref();
        let tags = held(step, id)?;
        let listing = format!("ListTagsForResource/{}", id.map_or("", String::as_str));
        let shown = tags.iter().map(|(key, value)| {
            let tag = OrganizationTag {
                key: Some(key.clone()),
                value: Some(value.clone()),
            };
            (key.clone(), tag)
        });
        let page = page(step, &listing, (self.next_token.as_ref(), None), shown)?;
        Ok(Performed::read(page.into()))
    }
}

/// The tags of whatever has that id; AWS's own policies have none.
fn held(step: &Step<'_>, id: Option<&String>) -> Result<BTreeMap<String, String>, Error> {
    let organizations = &step.state.organizations;
    let absent = || refused(OrganizationsCode::TargetNotFoundException);
    if let Ok(id) = parsed::<OrganizationPolicyId>(id) {
        let policy = super::subject::policy_of(&id, organizations);
        return Ok(policy.ok_or_else(absent)?.tags);
    }
    let tags = match parsed::<TargetId>(id)? {
        TargetId::Root(id) => {
            let organization = organization(step)?;
            (organization.root.id == id).then_some(&organization.root.tags)
        }
        TargetId::Unit(id) => organizations.unit(&id).map(|unit| &unit.tags),
        TargetId::Account(id) => organizations.member(&id).map(|member| &member.tags),
    };
    tags.cloned().ok_or_else(absent)
}
