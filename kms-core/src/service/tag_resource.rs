//! `TagResource` and `UntagResource`

use std::collections::BTreeMap;

use super::change::Edit;
use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::request::present;
use super::tags;
use super::values::Specific;
use crate::Error;
use crate::api::{
    TagResourceRequest, TagResourceResponse, UntagResourceRequest, UntagResourceResponse,
};

impl KeyOperation for TagResourceRequest {
    /// The tags to add.
    type Checked = BTreeMap<String, String>;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters.optional("tags", tags::recorded(self.tags.as_ref()).as_ref());
    }

    fn check(self) -> Result<Self::Checked, Error> {
        tags::requested(self.tags)
    }

    fn specific(tags: &Self::Checked) -> Specific<'_> {
        Specific {
            request_tags: Some(tags),
            ..Specific::default()
        }
    }

    fn perform(
        added: Self::Checked,
        step: &Step<'_>,
    ) -> Result<Performed<TagResourceResponse>, Error> {
        let mut key = step.loaded.primary()?.key.key.clone();
        key.tags.extend(added);
        tags::within_quota(&key.tags)?;
        Ok(Performed::changed(
            TagResourceResponse {},
            vec![Edit::PutKey(Box::new(key))],
        ))
    }
}

impl KeyOperation for UntagResourceRequest {
    /// The keys of the tags to remove.
    type Checked = Vec<String>;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters.optional("tagKeys", self.tag_keys.as_ref());
    }

    fn check(self) -> Result<Vec<String>, Error> {
        let keys = present(self.tag_keys)?;
        keys.iter().try_for_each(|key| tags::not_reserved(key))?;
        Ok(keys)
    }

    fn specific(keys: &Vec<String>) -> Specific<'_> {
        Specific {
            tag_keys: Some(keys),
            ..Specific::default()
        }
    }

    fn perform(
        removed: Vec<String>,
        step: &Step<'_>,
    ) -> Result<Performed<UntagResourceResponse>, Error> {
        let mut key = step.loaded.primary()?.key.key.clone();
        key.tags.retain(|name, _| !removed.contains(name));
        Ok(Performed::changed(
            UntagResourceResponse {},
            vec![Edit::PutKey(Box::new(key))],
        ))
    }
}
