//! Tags: `TagResource`, `UntagResource`, `ListResourceTags`.

use serde::{Deserialize, Deserializer, Serialize};

use super::message::{Response, empty_response, object, request};
use super::validation::TAG_KEY;

/// A tag in a request; both parts are required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestTag {
    /// `TagKey`
    pub tag_key: Option<String>,
    /// `TagValue`
    pub tag_value: Option<String>,
}

impl RequestTag {
    /// The whole tag; `None` when a part is missing, which validation refuses.
    #[must_use]
    pub fn into_tag(self) -> Option<Tag> {
        Some(Tag {
            tag_key: self.tag_key?,
            tag_value: self.tag_value?,
        })
    }
}

impl<'de> Deserialize<'de> for RequestTag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Members {
            tag_key: Option<String>,
            tag_value: Option<String>,
        }
        let members: Members = object(deserializer)?;
        Ok(Self {
            tag_key: members.tag_key,
            tag_value: members.tag_value,
        })
    }
}

/// A tag of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// The name, unique among the tags of its key: 1–128 characters.
    pub tag_key: String,
    /// The value: up to 256 characters.
    pub tag_value: String,
}

/// `TagResource`: adds tags to a key, replacing those with the same name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TagResourceRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The tags. Required.
    pub tags: Option<Vec<RequestTag>>,
}

request!(
    TagResourceRequest,
    TagResource,
    TagResourceResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("tags", this.tags.as_ref());
        check.tags(this.tags.as_ref());
    }
);

/// `UntagResource`: takes tags away by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UntagResourceRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The names of the tags. Required.
    pub tag_keys: Option<Vec<String>>,
}

request!(
    UntagResourceRequest,
    UntagResource,
    UntagResourceResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.required("tagKeys", this.tag_keys.as_ref());
        check.texts("tagKeys", this.tag_keys.as_ref(), &TAG_KEY);
    }
);

empty_response! {
    /// `TagResource` answers nothing.
    TagResourceResponse
    /// `UntagResource` answers nothing.
    UntagResourceResponse
}

/// `ListResourceTags`: the tags of a key, a page at a time.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ListResourceTagsRequest {
    /// The key, by id or ARN. Required.
    pub key_id: Option<String>,
    /// The most entries to answer.
    pub limit: Option<i32>,
    /// The `NextMarker` of the page before.
    pub marker: Option<String>,
}

request!(
    ListResourceTagsRequest,
    ListResourceTags,
    ListResourceTagsResponse,
    |this, check| {
        check.required_key_id(this.key_id.as_ref());
        check.page(this.limit, this.marker.as_ref());
    }
);

/// The answer to `ListResourceTags`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListResourceTagsResponse {
    /// The tags of this page.
    pub tags: Vec<Tag>,
    /// What to ask the next page with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// Whether there is a next page.
    pub truncated: bool,
}

impl Response for ListResourceTagsResponse {}
