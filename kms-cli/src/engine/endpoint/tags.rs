//! Tags of keys.

use aws_sdk_kms::Client;
use aws_sdk_kms::types;
use kms_core::api::{
    ListResourceTagsRequest, ListResourceTagsResponse, RequestTag, Tag, TagResourceRequest,
    TagResourceResponse, UntagResourceRequest, UntagResourceResponse,
};

use super::{Remote, failed};
use crate::failure::{Failure, Kind};

pub(super) fn to_sdk(tags: Option<Vec<RequestTag>>) -> Result<Option<Vec<types::Tag>>, Failure> {
    let one = |tag: RequestTag| {
        types::Tag::builder()
            .set_tag_key(tag.tag_key)
            .set_tag_value(tag.tag_value)
            .build()
            .map_err(|_| Failure::new(Kind::Usage, "a tag needs a key and a value"))
    };
    tags.map(|tags| tags.into_iter().map(one).collect())
        .transpose()
}

pub(super) fn from_sdk(tags: Option<Vec<types::Tag>>) -> Vec<Tag> {
    let tags = tags.unwrap_or_default().into_iter().map(|tag| Tag {
        tag_key: tag.tag_key,
        tag_value: tag.tag_value,
    });
    tags.collect()
}

impl Remote for TagResourceRequest {
    async fn send(self, client: &Client) -> Result<TagResourceResponse, Failure> {
        let call = client
            .tag_resource()
            .set_key_id(self.key_id)
            .set_tags(to_sdk(self.tags)?);
        call.send().await.map_err(failed)?;
        Ok(TagResourceResponse {})
    }
}

impl Remote for UntagResourceRequest {
    async fn send(self, client: &Client) -> Result<UntagResourceResponse, Failure> {
        let call = client
            .untag_resource()
            .set_key_id(self.key_id)
            .set_tag_keys(self.tag_keys);
        call.send().await.map_err(failed)?;
        Ok(UntagResourceResponse {})
    }
}

impl Remote for ListResourceTagsRequest {
    async fn send(self, client: &Client) -> Result<ListResourceTagsResponse, Failure> {
        let call = client
            .list_resource_tags()
            .set_key_id(self.key_id)
            .set_limit(self.limit)
            .set_marker(self.marker);
        let answer = call.send().await.map_err(failed)?;
        Ok(ListResourceTagsResponse {
            tags: from_sdk(answer.tags),
            next_marker: answer.next_marker,
            truncated: answer.truncated,
        })
    }
}
