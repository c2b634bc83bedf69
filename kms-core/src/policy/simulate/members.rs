//! The members of a case, by their types.

use super::super::condition::{ConditionKey, Context};
use super::super::document::MalformedPolicy;
use super::super::document::json::Json;
use super::InvalidSimulation;

/// What a case may have.
const NAMES: [&str; 11] = [
    "principal",
    "action",
    "resource",
    "resourceAccount",
    "context",
    "identityPolicies",
    "resourcePolicy",
    "sessionPolicy",
    "permissionBoundary",
    "scps",
    "rcps",
];

/// The members of the object of a case.
pub(super) struct Members<'a>(&'a Json);

/// Reads a policy of one type.
type Parse<T> = fn(&str) -> Result<T, MalformedPolicy>;

impl<'a> Members<'a> {
    pub(super) fn of(json: &'a Json) -> Result<Self, InvalidSimulation> {
        let Json::Object(members) = json else {
            return Err(InvalidSimulation("a case is a JSON object".to_owned()));
        };
        match members.iter().find(|(name, _)| !NAMES.contains(&&**name)) {
            Some((name, _)) => Err(InvalidSimulation(format!("{name:?}: unknown member"))),
            None => Ok(Self(json)),
        }
    }

    /// A member; `null` is none.
    fn get(&self, name: &str) -> Option<&'a Json> {
        self.0.member(name).filter(|json| **json != Json::Null)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, InvalidSimulation> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "not a string")),
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a str, InvalidSimulation> {
        self.text(name)?.ok_or_else(|| wrong(name, "missing"))
    }

    pub(super) fn policy<T>(
        &self,
        name: &str,
        parse: Parse<T>,
    ) -> Result<Option<T>, InvalidSimulation> {
        let policy = self.get(name).map(|json| policy(json, name, parse));
        policy.transpose()
    }

    pub(super) fn policies<T>(
        &self,
        name: &str,
        parse: Parse<T>,
    ) -> Result<Vec<T>, InvalidSimulation> {
        self.get(name)
            .map_or(Ok(Vec::new()), |json| policies(json, name, parse))
    }

    /// The policies of an organization, a list for each level.
    pub(super) fn levels<T>(
        &self,
        name: &str,
        parse: Parse<T>,
    ) -> Result<Vec<Vec<T>>, InvalidSimulation> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Json::List(levels)) => levels
                .iter()
                .map(|level| policies(level, name, parse))
                .collect(),
            Some(_) => Err(wrong(name, "not a list of lists of policies")),
        }
    }

    /// The condition keys of the request: a list for a multivalued key, else one value.
    pub(super) fn context(
        &self,
        defaults: Vec<(&'static str, String)>,
    ) -> Result<Context, InvalidSimulation> {
        let mut context = Context::new();
        for (key, value) in &defaults {
            context = context.with(key, value);
        }
        let members = match self.get("context") {
            None => return Ok(context),
            Some(Json::Object(members)) => members,
            Some(_) => return Err(wrong("context", "not an object")),
        };
        let mut seen = std::collections::BTreeSet::new();
        for (name, value) in members {
            let key: ConditionKey = name
                .parse()
                .map_err(|error| wrong("context", &format!("{name:?}: {error}")))?;
            if !seen.insert(key.folded().to_owned()) {
                return Err(wrong("context", &format!("{name:?}: given twice")));
            }
            context = match value {
                Json::List(items) => {
                    let items: Option<Vec<String>> = items.iter().map(scalar).collect();
                    let items = items.ok_or_else(|| wrong("context", "not a value"))?;
                    let items: Vec<&str> = items.iter().map(String::as_str).collect();
                    context.with_many(name, &items)
                }
                single => {
                    let value = scalar(single).ok_or_else(|| wrong("context", "not a value"))?;
                    context.with(name, &value)
                }
            };
        }
        Ok(context)
    }
}

fn policies<T>(json: &Json, name: &str, parse: Parse<T>) -> Result<Vec<T>, InvalidSimulation> {
    match json {
        Json::List(items) => items.iter().map(|item| policy(item, name, parse)).collect(),
        _ => Err(wrong(name, "not a list of policies")),
    }
}

/// A policy as an object, or as the text of one.
fn policy<T>(json: &Json, name: &str, parse: Parse<T>) -> Result<T, InvalidSimulation> {
    let parsed = match json {
        Json::Text(text) => parse(text),
        Json::Object(_) => parse(&json.to_text()),
        _ => return Err(wrong(name, "not a policy")),
    };
    parsed.map_err(|malformed| wrong(name, &malformed.to_string()))
}

fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::Text(text) | Json::Number(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    }
}

pub(super) fn wrong(name: &str, what: &str) -> InvalidSimulation {
    InvalidSimulation(format!("{name}: {what}"))
}
