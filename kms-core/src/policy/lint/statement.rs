//! A statement as it is written, before anything about it is certain.

use super::super::document::action;
use super::super::document::json::Json;
use super::super::pattern::Glob;
use super::{Finding, PolicyType};

/// One statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement<'a> {
    pub(super) kind: PolicyType,
    /// Whether the document is of version 2012-10-17, in which variables have a meaning.
    pub(super) has_variables: bool,
    index: usize,
    json: &'a Json,
}

/// One key under one operator.
#[derive(Clone, Debug)]
pub(super) struct Clause<'a> {
    pub(super) operator: &'a str,
    /// In lower case.
    pub(super) key: String,
    pub(super) values: Vec<&'a Json>,
}

impl Clause<'_> {
    pub(super) fn is_for_all(&self) -> bool {
        self.operator.starts_with("ForAllValues:")
    }

    pub(super) fn has_set_operator(&self) -> bool {
        self.operator.contains(':')
    }

    /// Whether the clause holds only for requests that have one of its values.
    pub(super) fn demands_a_value(&self) -> bool {
        let name = self.operator.rsplit(':').next().unwrap_or_default();
        !self.is_for_all() && !name.ends_with("IfExists") && !name.contains("Not") && name != "Null"
    }

    pub(super) fn says(&self, value: &str) -> bool {
        self.values.iter().any(|json| match json {
            Json::Text(text) => text.eq_ignore_ascii_case(value),
            Json::Bool(found) => found.to_string() == value,
            _ => false,
        })
    }
}

impl<'a> Statement<'a> {
    pub(super) fn all(document: &'a Json, kind: PolicyType) -> Vec<Self> {
        let version = document.member("Version");
        let has_variables = matches!(version, Some(Json::Text(text)) if text == "2012-10-17");
        document
            .member("Statement")
            .map(items)
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .map(|(index, json)| Self {
                kind,
                has_variables,
                index,
                json,
            })
            .collect()
    }

    pub(super) fn finding(&self, code: &'static str, message: impl Into<String>) -> Finding {
        let sid = match self.json.member("Sid") {
            Some(Json::Text(text)) => Some(text.clone()),
            _ => None,
        };
        Finding {
            code,
            statement: Some(self.index),
            sid,
            message: message.into(),
        }
    }

    pub(super) fn has(&self, element: &str) -> bool {
        self.json.member(element).is_some()
    }

    pub(super) fn has_principal(&self) -> bool {
        self.has("Principal") || self.has("NotPrincipal")
    }

    fn effect_is(&self, effect: &str) -> bool {
        matches!(self.json.member("Effect"), Some(Json::Text(text)) if text == effect)
    }

    pub(super) fn allows(&self) -> bool {
        self.effect_is("Allow")
    }

    pub(super) fn denies(&self) -> bool {
        self.effect_is("Deny")
    }

    /// The texts of an element that is a text or a list of them.
    pub(super) fn texts(&self, element: &str) -> Vec<&'a str> {
        self.json.member(element).map(texts).unwrap_or_default()
    }

    /// Whether every action that the statement names is one of STS.
    pub(super) fn is_of_sts(&self) -> bool {
        let actions = self.texts("Action");
        let of_sts = |action: &&str| action.to_ascii_lowercase().starts_with("sts:");
        !actions.is_empty() && actions.iter().all(of_sts)
    }

    /// Whether the statement is about the action.
    pub(super) fn covers_action(&self, action: &str) -> bool {
        let named = |element| {
            self.texts(element)
                .into_iter()
                .filter_map(|text| action::parse(text).ok())
                .any(|pattern| pattern.matches(action))
        };
        match self.has("NotAction") {
            true => !named("NotAction"),
            false => named("Action"),
        }
    }

    /// Whether the statement is about every key, of one account and one Region at least.
    pub(super) fn covers_every_key(&self) -> bool {
        self.has("NotResource") || self.texts("Resource").into_iter().any(covers_every_key)
    }

    /// The names under a kind of the `Principal` element; `*` alone is of the kind `AWS`.
    pub(super) fn principals(&self, kind: &str) -> Vec<&'a str> {
        match self.json.member("Principal") {
            Some(Json::Text(text)) if kind == "AWS" => vec![text],
            Some(object) => object.member(kind).map(texts).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    pub(super) fn clauses(&self) -> Vec<Clause<'a>> {
        let mut clauses = Vec::new();
        let Some(Json::Object(operators)) = self.json.member("Condition") else {
            return clauses;
        };
        for (operator, keys) in operators {
            let Json::Object(keys) = keys else { continue };
            clauses.extend(keys.iter().map(|(key, values)| Clause {
                operator,
                key: key.to_ascii_lowercase(),
                values: items(values),
            }));
        }
        clauses
    }

    /// The first text in the resources or the conditions in which `test` finds something.
    pub(super) fn find_pattern(&self, test: impl Fn(&str) -> bool) -> Option<&'a str> {
        let resources = ["Resource", "NotResource"].map(|element| self.texts(element));
        let values = self.clauses().into_iter().flat_map(|clause| clause.values);
        let values = values.filter_map(|json| match json {
            Json::Text(text) => Some(text.as_str()),
            _ => None,
        });
        resources
            .into_iter()
            .flatten()
            .chain(values)
            .find(|text| test(text))
    }
}

fn covers_every_key(resource: &str) -> bool {
    if resource == "*" {
        return true;
    }
    let segments: Vec<&str> = resource.splitn(6, ':').collect();
    matches!(segments.as_slice(), ["arn", _, service, _, _, last]
        if *service == "kms"
            && Glob::authored(last).is_some_and(|glob| glob.covers_all_after("key/")))
}

/// The items of a list, or the one value.
fn items(json: &Json) -> Vec<&Json> {
    match json {
        Json::List(items) => items.iter().collect(),
        single => vec![single],
    }
}

fn texts(json: &Json) -> Vec<&str> {
    items(json).into_iter().filter_map(text).collect()
}

fn text(json: &Json) -> Option<&str> {
    match json {
        Json::Text(text) => Some(text),
        _ => None,
    }
}
