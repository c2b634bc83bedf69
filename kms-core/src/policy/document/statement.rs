//! One statement: from JSON to its compiled form.

use super::action::{self, ActionElement};
use smol_str::SmolStr;

use super::json::Json;
use super::kind::Kind;
use super::malformed::MalformedPolicy;
use super::named::Named;
use super::principal::{self, PrincipalElement};
use super::resource::{self, ResourceElement, ResourcePattern};
use crate::policy::condition::{Condition, ConditionKey};
use crate::policy::variable::Variables;

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
    pub(in crate::policy) sid: Option<SmolStr>,
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
    if kind == Kind::ResourceControl && effect == Effect::Allow {
        return Err(MalformedPolicy::OnlyDeny);
    }
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

fn sid(elements: &Elements<'_>, kind: Kind) -> Result<Option<SmolStr>, MalformedPolicy> {
    let text = match elements.get("Sid") {
        None => return Ok(None),
        Some(Json::Text(text)) => text,
        Some(_) => return Err(MalformedPolicy::Syntax),
    };
    if kind.has_unique_sids() && !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(MalformedPolicy::Sid);
    }
    if text.chars().any(char::is_control) {
        return Err(MalformedPolicy::Syntax);
    }
    Ok(Some(SmolStr::new(text)))
}

fn principal(
    elements: &Elements<'_>,
    kind: Kind,
    effect: Effect,
) -> Result<PrincipalElement, MalformedPolicy> {
    let element = elements.either("Principal", "NotPrincipal")?;
    match (kind, element) {
        (Kind::Identity | Kind::ServiceControl, None) => Ok(PrincipalElement::Attached),
        (Kind::Identity | Kind::ServiceControl, Some(_)) => {
            Err(MalformedPolicy::UnexpectedPrincipal)
        }
        (Kind::Key, None) => Err(MalformedPolicy::NoPrincipal),
        (Kind::Trust | Kind::ResourceControl, None) => {
            Err(MalformedPolicy::MissingField("Principal"))
        }
        (Kind::Trust | Kind::ResourceControl, Some((true, _))) => {
            Err(MalformedPolicy::ProhibitedField("NotPrincipal"))
        }
        (Kind::ResourceControl, Some((false, json))) => match json {
            Json::Text(text) if text == "*" => Ok(PrincipalElement::Is(vec![Named::Anyone])),
            _ => Err(MalformedPolicy::InvalidPrincipal),
        },
        (Kind::Key | Kind::Trust, Some((false, json))) => {
            Ok(PrincipalElement::Is(principal::parse(json)?))
        }
        // An Allow for everybody but a few would hold for every stranger.
        (Kind::Key, Some((true, _))) if effect == Effect::Allow => Err(MalformedPolicy::Syntax),
        (Kind::Key, Some((true, json))) => Ok(PrincipalElement::IsNot(principal::parse(json)?)),
    }
}

fn action(elements: &Elements<'_>, kind: Kind) -> Result<ActionElement, MalformedPolicy> {
    let Some((negated, json)) = elements.either("Action", "NotAction")? else {
        return match kind {
            Kind::Key => Ok(ActionElement::Nothing),
            _ => Err(MalformedPolicy::NoAction),
        };
    };
    if negated && kind == Kind::ResourceControl {
        return Err(MalformedPolicy::ProhibitedField("NotAction"));
    }
    let texts = texts(json)?;
    for text in &texts {
        check_action(text, kind)?;
    }
    let patterns = texts
        .into_iter()
        .map(action::parse)
        .collect::<Result<Vec<_>, _>>()?;
    match (patterns.is_empty(), negated) {
        (true, _) => Err(MalformedPolicy::NoAction),
        (false, false) => Ok(ActionElement::Is(patterns)),
        (false, true) => Ok(ActionElement::IsNot(patterns)),
    }
}

/// What a type of document asks of an action beside its form.
fn check_action(text: &str, kind: Kind) -> Result<(), MalformedPolicy> {
    let vendor = text.split_once(':').map_or(text, |(vendor, _)| vendor);
    match kind {
        // Whoever denies everything on every resource has to say of which services.
        Kind::ResourceControl if vendor == "*" => Err(MalformedPolicy::EveryAction),
        Kind::Trust if vendor != "*" && !vendor.eq_ignore_ascii_case("sts") => {
            Err(MalformedPolicy::NotAssuming)
        }
        _ => Ok(()),
    }
}

fn resource(
    elements: &Elements<'_>,
    kind: Kind,
    variables: Variables,
) -> Result<ResourceElement, MalformedPolicy> {
    let element = elements.either("Resource", "NotResource")?;
    let (negated, json) = match (kind, element) {
        // The role that the policy is of.
        (Kind::Trust, None) => {
            return Ok(ResourceElement::Is(vec![ResourcePattern::Everything]));
        }
        (Kind::Trust, Some((false, _))) => {
            return Err(MalformedPolicy::ProhibitedField("Resource"));
        }
        (Kind::Trust, Some((true, _))) => {
            return Err(MalformedPolicy::ProhibitedField("NotResource"));
        }
        (Kind::Key, None) => return Ok(ResourceElement::Nothing),
        (_, None) => return Err(MalformedPolicy::NoResource),
        (_, Some(element)) => element,
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
