//! What a verified token says.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::jwt::Refused;
use super::members::Members;

/// The claim that carries tags of the session.
const TAGS: &str = "https://aws.amazon.com/tags";
/// The claim that carries who is behind the session.
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// The longest claim that conditions can ask for, and of how many, and how many bytes of them.
const LONGEST_VALUE: usize = 512;
const MOST_VALUES: usize = 25;
const MOST_CLAIMS: usize = 30;
const MOST_BYTES: usize = 1536;
/// AWS's bound on a subject.
const LONGEST_SUBJECT: usize = 255;

/// Tags that the provider gives a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionTags {
    /// By key.
    pub tags: BTreeMap<String, String>,
    /// Which of them the sessions that this one makes have too.
    pub transitive: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TagsClaim {
    principal_tags: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
}

/// What a verified token says of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    subject: String,
    audience: Vec<String>,
    authorized_party: Option<String>,
    others: BTreeMap<String, Vec<String>>,
    tags: SessionTags,
    source_identity: Option<String>,
}

impl Claims {
    pub(super) fn read(members: &Members) -> Result<Self, Refused> {
        let subject = members.text("sub").flatten();
        let fits = |subject: &&str| !subject.is_empty() && subject.len() <= LONGEST_SUBJECT;
        let subject = subject.filter(fits).ok_or(Refused::Claim("sub"))?;
        let audience = members.get("aud").and_then(texts);
        let audience = audience.filter(|all| !all.is_empty());
        let party = members.text("azp").ok_or(Refused::Claim("azp"))?;
        let source = members.text(SOURCE_IDENTITY);
        Ok(Self {
            subject: subject.to_owned(),
            audience: audience.ok_or(Refused::Claim("aud"))?,
            authorized_party: party.map(str::to_owned),
            others: others(members)?,
            tags: tags(members)?,
            source_identity: source
                .ok_or(Refused::Claim(SOURCE_IDENTITY))?
                .map(str::to_owned),
        })
    }

    /// Who it is about.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whom it is for: the party that it was given to where it names one (`azp`), else `aud`.
    #[must_use]
    pub fn audience(&self) -> &[String] {
        match &self.authorized_party {
            Some(party) => std::slice::from_ref(party),
            None => &self.audience,
        }
    }

    /// Tags for the session.
    #[must_use]
    pub fn tags(&self) -> &SessionTags {
        &self.tags
    }

    /// Who is behind the session.
    #[must_use]
    pub fn source_identity(&self) -> Option<&str> {
        self.source_identity.as_deref()
    }

    /// What conditions can ask for by `PROVIDER:NAME`: `sub`, `aud` as [`Claims::audience`] tells
    /// it, `oaud` as the token has it where that differs, `azp`, and every other claim that is a
    /// short text, number or truth value, or a list of such texts, as long as there is room.
    #[must_use]
    pub fn for_conditions(&self) -> BTreeMap<String, Vec<String>> {
        let mut all = self.others.clone();
        all.insert("sub".to_owned(), vec![self.subject.clone()]);
        all.insert("aud".to_owned(), self.audience().to_vec());
        if let Some(party) = &self.authorized_party {
            all.insert("azp".to_owned(), vec![party.clone()]);
            all.insert("oaud".to_owned(), self.audience.clone());
        }
        all
    }
}

/// The claims that are neither the token's own matter nor read apart. All of them or none: a condition
/// that asks for one that was left out would take it for absent.
fn others(members: &Members) -> Result<BTreeMap<String, Vec<String>>, Refused> {
    const OWN: &[&str] = &[
        "iss",
        "sub",
        "aud",
        "azp",
        "oaud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "nonce",
        "at_hash",
        "c_hash",
        "s_hash",
        TAGS,
        SOURCE_IDENTITY,
    ];
    let mut kept = BTreeMap::new();
    let mut room = MOST_BYTES;
    for (name, value) in members.iter() {
        if OWN.contains(&name.as_str()) {
            continue;
        }
        let Some(values) = texts(value).filter(|values| !values.is_empty()) else {
            continue;
        };
        let size = values.iter().map(String::len).sum::<usize>();
        let left = room.checked_sub(size.saturating_add(name.len()));
        let left = left.filter(|_| fit(&values) && kept.len() < MOST_CLAIMS);
        room = left.ok_or(Refused::Claim("more claims than a session keeps"))?;
        kept.insert(name.clone(), values);
    }
    Ok(kept)
}

fn fit(values: &[String]) -> bool {
    (1..=MOST_VALUES).contains(&values.len())
        && values.iter().all(|value| value.len() <= LONGEST_VALUE)
}

/// One text or number or truth value, or a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Number(number) => Some(vec![number.to_string()]),
        Value::Bool(flag) => Some(vec![flag.to_string()]),
        Value::Array(values) => values
            .iter()
            .map(|value| value.as_str().map(str::to_owned))
            .collect(),
        Value::Null | Value::Object(_) => None,
    }
}

fn tags(members: &Members) -> Result<SessionTags, Refused> {
    let Some(value) = members.get(TAGS) else {
        return Ok(SessionTags::default());
    };
    let claim: TagsClaim =
        serde_json::from_value(value.clone()).map_err(|_| Refused::Claim(TAGS))?;
    let mut tags = BTreeMap::new();
    for (key, values) in claim.principal_tags {
        let [value] = values.as_slice() else {
            return Err(Refused::Claim(TAGS));
        };
        tags.insert(key, value.clone());
    }
    Ok(SessionTags {
        tags,
        transitive: claim.transitive_tag_keys,
    })
}
