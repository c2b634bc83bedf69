//! Rules for tags that `CreateKey`, `TagResource` and `UntagResource` share.

use std::collections::BTreeMap;

use crate::Error;
use crate::api::RequestTag;
use crate::api::limits::MAX_TAGS;
use crate::seed::MARK;

/// The tags of a request: no key twice, none of AWS's own.
pub(super) fn requested(tags: Option<Vec<RequestTag>>) -> Result<BTreeMap<String, String>, Error> {
    let mut checked = BTreeMap::new();
    for tag in tags
        .unwrap_or_default()
        .into_iter()
        .filter_map(RequestTag::into_tag)
    {
        not_reserved(&tag.tag_key)?;
        if checked.insert(tag.tag_key, tag.tag_value).is_some() {
            return Err(Error::Tag("Duplicate tag keys".to_owned()));
        }
    }
    within_quota(&checked)?;
    Ok(checked)
}

/// The prefix `aws:` belongs to AWS, in any case, and the mark to whoever seeds the store: taken
/// away over the wire it would have the next start refused.
pub(super) fn not_reserved(key: &str) -> Result<(), Error> {
    if key
        .get(..4)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
    {
        return Err(Error::Tag(
            "Tags beginning with aws: are reserved".to_owned(),
        ));
    }
    if key == MARK {
        return Err(Error::Tag(format!("The tag {MARK} is reserved")));
    }
    Ok(())
}

/// A key has at most 50 tags.
pub(super) fn within_quota(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if tags.len() > MAX_TAGS {
        return Err(Error::Tag("Too many tags".to_owned()));
    }
    Ok(())
}

/// The tags of a request as the ledger keeps them.
pub(super) fn recorded(
    tags: Option<&Vec<RequestTag>>,
) -> Option<Vec<BTreeMap<&'static str, &str>>> {
    tags.map(|tags| tags.iter().map(members).collect())
}

fn members(tag: &RequestTag) -> BTreeMap<&'static str, &str> {
    let key = tag.tag_key.as_deref().map(|text| ("tagKey", text));
    let value = tag.tag_value.as_deref().map(|text| ("tagValue", text));
    key.into_iter().chain(value).collect()
}
