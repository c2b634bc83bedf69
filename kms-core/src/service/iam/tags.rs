//! Tags of users, roles and managed policies: add, remove, list.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::answers::{Page, Shape, paged};
use super::holder::{Kept, Tagged};
use super::subject::Subject;
use super::{IamRequest, iam_request, invalid_input, limits};
use crate::Error;
use crate::api::query::{Form, InvalidForm, Member, Xml, on_the_wire};
use crate::identity::{ManagedPolicy, Role, User};
use crate::ids::{PolicyArn, RoleName, UserName};
use crate::service::operation::{Loaded, Performed, Step};
use crate::service::values::Specific;

/// The tags of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    tags: BTreeMap<String, String>,
    /// Whether a key stands there twice, in whatever case.
    repeated: bool,
}

impl Tags {
    /// Tags with those keys and values.
    #[must_use]
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut read = Self::default();
        for (key, value) in pairs {
            read.repeated |= read.tags.keys().any(|known| same_key(known, &key));
            read.tags.insert(key, value);
        }
        read
    }

    /// Refuses tags that no entity can have.
    pub(in crate::service) fn check(&self) -> Result<(), Error> {
        if self.repeated {
            return Err(invalid_input(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        for (key, value) in &self.tags {
            check_key(key)?;
            if value.chars().count() > 256 || !value.chars().all(is_of_tag) {
                return Err(malformed("tags", "value"));
            }
        }
        limits::within(
            self.tags.len().saturating_sub(1),
            "TagsPerEntity",
            limits::TAGS,
        )
    }

    pub(super) fn map(&self) -> &BTreeMap<String, String> {
        &self.tags
    }
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.tags.iter().map(|(key, value)| {
                BTreeMap::from([("key", key.as_str()), ("value", value.as_str())])
            }),
        )
    }
}

impl Member for Option<Tags> {
    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
        let rows = form.rows(&on_the_wire(name), |row| {
            Ok((String::take(row, "key")?, String::take(row, "value")?))
        })?;
        Ok(rows.map(Tags::new))
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl Member for Tags {
    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
        let tags: Option<Self> = Member::take(form, name)?;
        tags.ok_or_else(|| InvalidForm::Missing(name.to_owned()))
    }
}

/// Keys are the same whatever their case.
fn same_key(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`
fn is_of_tag(character: char) -> bool {
    let space = character.is_whitespace() && !character.is_control();
    character.is_alphanumeric() || space || "_.:/=+-@".contains(character)
}

fn check_key(key: &str) -> Result<(), Error> {
    let length = key.chars().count();
    if !(1..=128).contains(&length) || !key.chars().all(is_of_tag) {
        return Err(malformed("tags", "key"));
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(invalid_input(
            "Service-managed tag keys cannot be created or changed: they begin with aws:.",
        ));
    }
    Ok(())
}

fn malformed(list: &str, member: &str) -> Error {
    Error::Validation(format!(
        "1 validation error detected: Value at '{list}.member.{member}' failed to satisfy \
         constraint: Member must satisfy regular expression pattern: [\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]+"
    ))
}

/// A tag of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Shape for Tag {
    const ONE: &'static str = "Tag";
    const LIST: &'static str = "Tags";

    fn write(&self, xml: &mut Xml) {
        xml.text("Key", &self.key);
        xml.text("Value", &self.value);
    }
}

/// The member `Tags` of an entity, which one without tags does not have.
pub(super) fn written(xml: &mut Xml, tags: &BTreeMap<String, String>) {
    if !tags.is_empty() {
        xml.list("Tags", tags, |xml, (key, value)| {
            xml.text("Key", key);
            xml.text("Value", value);
        });
    }
}

/// A tag takes the place of one whose key differs in case alone.
fn tag<T: Tagged>(mut entity: T, tags: &Tags) -> Result<Performed<()>, Error> {
    for (key, value) in tags.map() {
        entity.tags_mut().retain(|known, _| !same_key(known, key));
        entity.tags_mut().insert(key.clone(), value.clone());
    }
    if entity.tags().len() > limits::TAGS {
        return Err(limits::exceeded("TagsPerEntity", limits::TAGS));
    }
    Ok(Performed::changed((), vec![entity.put()]))
}

/// Keys that are not there are passed over, as at AWS.
fn untag<T: Tagged>(mut entity: T, keys: &[String]) -> Result<Performed<()>, Error> {
    let gone = |known: &String| keys.iter().any(|key| same_key(known, key));
    entity.tags_mut().retain(|known, _| !gone(known));
    Ok(Performed::changed((), vec![entity.put()]))
}

macro_rules! tags {
    (
        $entity:ident $name:ident $field:ident $member:literal
        $tag:ident $tag_name:literal $untag:ident $untag_name:literal $list:ident $list_name:literal
    ) => {
        iam_request! {
            /// Adds tags.
            $tag $tag_name false -> () {
                /// What is tagged.
                $field: $name = $member,
                /// The tags.
                tags: Tags = "tags",
            }
        }

        impl IamRequest for $tag {
            type Response = ();

            fn subject(&self) -> Subject {
                $entity::subject(&self.$field)
            }

            fn check(&self) -> Result<(), Error> {
                self.tags.check()
            }

            fn specific<'a>(&'a self, loaded: &'a Loaded) -> Specific<'a> {
                Specific {
                    request_tags: Some(self.tags.map()),
                    ..loaded.iam().specific()
                }
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
                tag($entity::existing(step, &self.$field)?, &self.tags)
            }
        }

        iam_request! {
            /// Removes tags.
            $untag $untag_name false -> () {
                /// What is tagged.
                $field: $name = $member,
                /// The keys of the tags.
                tag_keys: Vec<String> = "tagKeys",
            }
        }

        impl IamRequest for $untag {
            type Response = ();

            fn subject(&self) -> Subject {
                $entity::subject(&self.$field)
            }

            fn check(&self) -> Result<(), Error> {
                limits::within(
                    self.tag_keys.len().saturating_sub(1),
                    "TagsPerEntity",
                    limits::TAGS,
                )
            }

            fn specific<'a>(&'a self, loaded: &'a Loaded) -> Specific<'a> {
                Specific {
                    tag_keys: Some(&self.tag_keys),
                    ..loaded.iam().specific()
                }
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<()>, Error> {
                untag($entity::existing(step, &self.$field)?, &self.tag_keys)
            }
        }

        iam_request! {
            /// The tags of an entity.
            $list $list_name true -> Page<Tag> {
                /// What is tagged.
                $field: $name = $member,
                /// Where the last page ended.
                marker: Option<String> = "marker",
                /// The most items of the page.
                max_items: Option<u32> = "maxItems",
            }
        }

        paged!($list);

        impl IamRequest for $list {
            type Response = Page<Tag>;

            fn subject(&self) -> Subject {
                $entity::subject(&self.$field)
            }

            fn check(&self) -> Result<(), Error> {
                self.paging().check()
            }

            fn perform(self, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
                let entity = $entity::existing(step, &self.$field)?;
                let tags = entity.tags().iter().map(|(key, value)| {
                    let (key, value) = (key.clone(), value.clone());
                    (key.clone(), Tag { key, value })
                });
                let listing = format!("{}/{}", $list_name, self.$field);
                self.paging()
                    .page(step, &listing, tags)
                    .map(Performed::read)
            }
        }
    };
}

tags! {
    User UserName user_name "userName"
    TagUserRequest "TagUser" UntagUserRequest "UntagUser" ListUserTagsRequest "ListUserTags"
}

tags! {
    Role RoleName role_name "roleName"
    TagRoleRequest "TagRole" UntagRoleRequest "UntagRole" ListRoleTagsRequest "ListRoleTags"
}

tags! {
    ManagedPolicy PolicyArn policy_arn "policyArn"
    TagPolicyRequest "TagPolicy" UntagPolicyRequest "UntagPolicy" ListPolicyTagsRequest "ListPolicyTags"
}
