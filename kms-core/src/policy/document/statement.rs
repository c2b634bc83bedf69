//! One statement: from JSON to its compiled form.

use super::action::{self, ActionElement};
use super::json::Json;
use super::malformed::MalformedPolicy;
use super::principal::{self, PrincipalElement};
use super::resource::{self, ResourceElement};
use crate::policy::condition::{Condition, ConditionKey};
use crate::policy::variable::Variables;

/// The type of a policy document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Key,
    Identity,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// A compiled statement.
#[derive(Debug)]
pub(in crate::policy) struct Statement {
    /// The position in the document, from 0.
    pub(in crate::policy) index: usize,
    pub(in crate::policy) sid: Option<String>,
    pub(in crate::policy) principal: PrincipalElement,
    pub(in crate::policy) action: ActionElement,
    pub(in crate::policy) resource: ResourceElement,
    pub(in crate::policy) condition: Condition,
}

/// The members of a statement's object.
struct Elements<'a>(&'a [(String, Json)]);

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl<'a> Elements<'a> {
    fn of(json: &'a Json) -> Result<Self, MalformedPolicy> {
        match json {
            Json::Object(members)
                if members.iter().all(|(name, _)| ELEMENTS.contains(&&**name)) =>
            {
                Ok(Self(members))
            }
            _ => Err(MalformedPolicy::Syntax),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Json> {
        let member = self.0.iter().find(|(found, _)| found == name);
        member.map(|(_, json)| json)
    }

    /// One of an element and its `Not` form, never both; `true` for the latter.
    fn either(&self, name: &str, not: &str) -> Result<Option<(bool, &'a Json)>, MalformedPolicy> {
        match (self.get(name), self.get(not)) {
            (Some(_), Some(_)) => Err(MalformedPolicy::Syntax),
            (Some(json), None) => Ok(Some((false, json))),
            (None, Some(json)) => Ok(Some((true, json))),
            (None, None) => Ok(None),
        }
    }
}

/// Compiles the statement at `index` of its document.
pub(super) fn parse(
    json: &Json,
    index: usize,
    kind: Kind,
    variables: Variables,
) -> Result<(Effect, Statement), MalformedPolicy> {
    let elements = Elements::of(json)?;
    let effect = match elements.get("Effect") {
        Some(Json::Text(text)) if text == "Allow" => Effect::Allow,
        Some(Json::Text(text)) if text == "Deny" => Effect::Deny,
        _ => return Err(MalformedPolicy::Syntax),
    };
    let statement = Statement {
        index,
        sid: sid(&elements, kind)?,
        principal: principal(&elements, kind, effect)?,
        action: action(&elements, kind)?,
        resource: resource(&elements, kind, variables)?,
        condition: condition(&elements, variables)?,
    };
    Ok((effect, statement))
}

fn sid(elements: &Elements<'_>, kind: Kind) -> Result<Option<String>, MalformedPolicy> {
    let text = match elements.get("Sid") {
        None => return Ok(None),
        Some(Json::Text(text)) => text,
        Some(_) => return Err(MalformedPolicy::Syntax),
    };
    match kind {
        Kind::Identity if !text.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Err(MalformedPolicy::Sid)
        }
        Kind::Key if text.chars().any(char::is_control) => Err(MalformedPolicy::Syntax),
        _ => Ok(Some(text.clone())),
    }
}

fn principal(
    elements: &Elements<'_>,
    kind: Kind,
    effect: Effect,
) -> Result<PrincipalElement, MalformedPolicy> {
    match (kind, elements.either("Principal", "NotPrincipal")?) {
        (Kind::Identity, None) => Ok(PrincipalElement::Attached),
        (Kind::Identity, Some(_)) => Err(MalformedPolicy::UnexpectedPrincipal),
        (Kind::Key, None) => Err(MalformedPolicy::NoPrincipal),
        (Kind::Key, Some((false, json))) => Ok(PrincipalElement::Is(principal::parse(json)?)),
        // An Allow for everybody but a few would hold for every stranger.
        (Kind::Key, Some((true, _))) if effect == Effect::Allow => Err(MalformedPolicy::Syntax),
        (Kind::Key, Some((true, json))) => Ok(PrincipalElement::IsNot(principal::parse(json)?)),
    }
}

fn action(elements: &Elements<'_>, kind: Kind) -> Result<ActionElement, MalformedPolicy> {
    let Some((negated, json)) = elements.either("Action", "NotAction")? else {
        return match kind {
            Kind::Key => Ok(ActionElement::Nothing),
            Kind::Identity => Err(MalformedPolicy::NoAction),
        };
    };
    let patterns = texts(json)?
        .into_iter()
        .map(action::parse)
        .collect::<Result<Vec<_>, _>>()?;
    match (patterns.is_empty(), negated) {
        (true, _) => Err(MalformedPolicy::NoAction),
        (false, false) => Ok(ActionElement::Is(patterns)),
        (false, true) => Ok(ActionElement::IsNot(patterns)),
    }
}

fn resource(
    elements: &Elements<'_>,
    kind: Kind,
    variables: Variables,
) -> Result<ResourceElement, MalformedPolicy> {
    let Some((negated, json)) = elements.either("Resource", "NotResource")? else {
        return match kind {
            Kind::Key => Ok(ResourceElement::Nothing),
            Kind::Identity => Err(MalformedPolicy::NoResource),
        };
    };
    let patterns = texts(json)?
        .into_iter()
        .map(|text| resource::parse(text, variables))
        .collect::<Result<Vec<_>, _>>()?;
    match (patterns.is_empty(), negated) {
        (true, _) => Err(MalformedPolicy::NoResource),
        (false, false) => Ok(ResourceElement::Is(patterns)),
        (false, true) => Ok(ResourceElement::IsNot(patterns)),
    }
}

fn condition(elements: &Elements<'_>, variables: Variables) -> Result<Condition, MalformedPolicy> {
    let mut condition = Condition::default();
    let operators = match elements.get("Condition") {
        None => return Ok(condition),
        Some(json) => members(json)?,
    };
    for (operator, keys) in operators {
        let keys = members(keys)?;
        if keys.is_empty() || !Condition::is_operator(operator) {
            return Err(MalformedPolicy::Syntax);
        }
        for (key, values) in keys {
            let key: ConditionKey = key.parse().map_err(|_| MalformedPolicy::NoVendor)?;
            condition
                .add(operator, key, &scalars(values)?, variables)
                .map_err(|_| MalformedPolicy::Syntax)?;
        }
    }
    Ok(condition)
}

fn members(json: &Json) -> Result<&[(String, Json)], MalformedPolicy> {
    match json {
        Json::Object(members) => Ok(members),
        _ => Err(MalformedPolicy::Syntax),
    }
}

/// A text or a list of texts.
pub(super) fn texts(json: &Json) -> Result<Vec<&str>, MalformedPolicy> {
    match json {
        Json::List(items) => items.iter().map(text).collect(),
        single => Ok(vec![text(single)?]),
    }
}

fn text(json: &Json) -> Result<&str, MalformedPolicy> {
    match json {
        Json::Text(text) => Ok(text),
        _ => Err(MalformedPolicy::Syntax),
    }
}

/// A scalar or a list of scalars, as text.
fn scalars(json: &Json) -> Result<Vec<String>, MalformedPolicy> {
    let scalar = |json: &Json| match json {
        Json::Text(text) | Json::Number(text) => Ok(text.clone()),
        Json::Bool(value) => Ok(value.to_string()),
        Json::Null | Json::List(_) | Json::Object(_) => Err(MalformedPolicy::Syntax),
    };
    match json {
        Json::List(items) => items.iter().map(scalar).collect(),
        single => Ok(vec![scalar(single)?]),
    }
}
