//! What the policies of a question are called, and where their statements stand.

use std::sync::Arc;

use serde::Serialize;

use crate::Error;
use crate::caller::Principal;
use crate::identity::PolicyType;
use crate::ids::{GrantId, PolicyArn};
use crate::policy::{
    Consultation, Consulted, Layer, MatchedStatement, Question, Resource, WrittenClause,
    WrittenPolicy,
};
use crate::service::named_policies::{self, NamedPolicy};
use crate::service::operation::Target;
use crate::service::organizations::{Level, LevelPolicy};
use crate::service::state::State;

/// A statement of a policy, or a grant, that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Ground {
    /// The policy or the grant, in words: `the key policy`, `the inline policy p of the user alice`.
    pub policy: String,
    /// The position of the statement, from 0; none for a grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// The statement's `Sid`, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The line in which the statement begins, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Ground {
    pub(super) fn of_grant(id: &GrantId) -> Self {
        Self {
            policy: format!("the grant {id}"),
            statement: None,
            sid: None,
            line: None,
            column: None,
        }
    }

    /// `the key policy, statement 0 "Use" at line 3, column 5`
    #[must_use]
    pub fn described(&self) -> String {
        let mut text = self.policy.clone();
        if let Some(statement) = self.statement {
            text.push_str(&format!(", statement {statement}"));
        }
        if let Some(sid) = &self.sid {
            text.push_str(&format!(" \"{sid}\""));
        }
        if let (Some(line), Some(column)) = (self.line, self.column) {
            text.push_str(&format!(" at line {line}, column {column}"));
        }
        text
    }
}

/// The documents of a question.
pub(super) struct Sources<'a> {
    /// Of a key.
    key: Option<&'a str>,
    identity: Vec<NamedPolicy<'a>>,
    boundary: Option<NamedPolicy<'a>>,
    /// Above the account of the principal.
    service_control: Vec<Level<'a>>,
    /// Above the account of the key.
    resource_control: Vec<Level<'a>>,
}

/// The boundary of a principal's user or role.
fn boundary<'a>(principal: &Principal, state: &'a State) -> Option<&'a PolicyArn> {
    match principal {
        Principal::User { account, name, .. } => state.user(account, name)?.user.boundary.as_ref(),
        Principal::AssumedRole { account, role, .. } => {
            state.role(account, role)?.role.boundary.as_ref()
        }
        Principal::FederatedUser { .. } | Principal::Root { .. } | Principal::Service { .. } => {
            None
        }
    }
}

/// The levels whose policies count: those above the principal's account and those above the key's.
fn levels<'a>(
    question: &Question<'_>,
    state: &'a State,
) -> Result<(Vec<Level<'a>>, Vec<Level<'a>>), Error> {
    let organizations = &state.organizations;
    let own = question.principal.account();
    let owner = match question.resource {
        Resource::Key(key) => &key.account,
        Resource::Named(_) | Resource::Any => own,
    };
    let service = organizations.levels(own, PolicyType::ServiceControl)?;
    // They are not about every action.
    let resource = match question.resource_control {
        [] => Vec::new(),
        _ => organizations.levels(owner, PolicyType::ResourceControl)?,
    };
    Ok((service, resource))
}

/// Whether there are as many policies at each level as the decision counts.
fn are_of<T>(levels: &[Level<'_>], counted: &[Vec<T>]) -> bool {
    let mut pairs = levels.iter().zip(counted);
    levels.len() == counted.len()
        && pairs.all(|(level, counted)| level.policies.len() == counted.len())
}

/// The policy of that position among all levels, and what it is attached to.
fn attached<'s, 'a>(
    levels: &'s [Level<'a>],
    position: usize,
) -> Option<(&'s str, LevelPolicy<'a>)> {
    let mut all = levels.iter().flat_map(|level| {
        let policies = level.policies.iter();
        policies.map(|policy| (level.target.as_str(), *policy))
    });
    all.nth(position)
}

impl<'a> Sources<'a> {
    /// Those of the question, whose policies must be these.
    ///
    /// # Errors
    /// [`Error::Internal`] where a name would stand for another policy than the one that decides.
    pub(super) fn of(
        question: &Question<'_>,
        target: Option<&'a Target>,
        state: &'a State,
    ) -> Result<Self, Error> {
        let identity = named_policies::of(question.principal, state)?;
        let asked = question.identity_policies;
        let (service_control, resource_control) = levels(question, state)?;
        let same = identity.len() == asked.len()
            && identity
                .iter()
                .zip(asked)
                .all(|(one, other)| Arc::ptr_eq(one.policy, other))
            && are_of(&service_control, question.service_control)
            && are_of(&resource_control, question.resource_control);
        if !same {
            return Err(Error::internal(
                "the policies of a principal have other names",
            ));
        }
        let boundary = boundary(question.principal, state);
        let boundary = boundary.map(|arn| named_policies::managed(arn, state));
        Ok(Self {
            key: target.map(|target| target.key.key.policy.as_str()),
            identity,
            boundary: boundary.transpose()?,
            service_control,
            resource_control,
        })
    }

    /// What a policy is called, and its text where it is known.
    fn named(&self, layer: Layer, policy: usize) -> (String, Option<&'a str>) {
        let named = |named: Option<&NamedPolicy<'a>>, what: &str| match named {
            Some(named) => (named.kept.described(what), Some(named.text)),
            None => (format!("{what} {policy}"), None),
        };
        let attached = |levels: &[Level<'a>]| match attached(levels, policy) {
            Some((target, LevelPolicy { id, name, text })) => {
                let kind = layer.name();
                let described = format!("the {kind} {name} ({id}) attached to {target}");
                (described, Some(text))
            }
            None => (format!("the {} {policy}", layer.name()), None),
        };
        match layer {
            Layer::ResourceBased => ("the key policy".to_owned(), self.key),
            Layer::IdentityBased => named(self.identity.get(policy), "managed policy"),
            Layer::PermissionsBoundary => named(self.boundary.as_ref(), "permissions boundary"),
            Layer::ServiceControl => attached(&self.service_control),
            Layer::ResourceControl => attached(&self.resource_control),
            Layer::SessionPolicy | Layer::RoleTrust => {
                (format!("the {} {policy}", layer.name()), None)
            }
        }
    }

    /// The statement as people find it.
    pub(super) fn ground(&self, layer: Layer, place: &MatchedStatement) -> Ground {
        let (policy, text) = self.named(layer, place.policy);
        let written = text.and_then(WrittenPolicy::read);
        let start = written.and_then(|written| Some(written.span(place.index)?.start));
        Ground {
            policy,
            statement: Some(place.index),
            sid: place.sid.as_ref().map(ToString::to_string),
            line: start.map(|start| start.line),
            column: start.map(|start| start.column),
        }
    }

    /// A clause of a statement's condition, as it is written.
    pub(super) fn clause(
        &self,
        layer: Layer,
        place: &MatchedStatement,
        clause: usize,
    ) -> Option<WrittenClause> {
        let (_, text) = self.named(layer, place.policy);
        WrittenPolicy::read(text?)?.clause(place.index, clause)
    }

    /// The first statement of a layer that allows it, in words.
    pub(super) fn first(&self, said: &Consultation, layer: Layer) -> Option<String> {
        let one = said.counting(layer, true).next()?;
        Some(self.ground(layer, &one.statement).described())
    }

    /// Each level of the principal's organization, with a statement there that lets it.
    pub(super) fn letting<'s>(
        &'s self,
        said: &'s Consultation,
    ) -> Vec<(&'s Level<'a>, Option<&'s Consulted>)> {
        let mut first = 0_usize;
        let levels = self.service_control.iter().map(|level| {
            let places = first..first.saturating_add(level.policies.len());
            first = places.end;
            let letting = said
                .counting(Layer::ServiceControl, true)
                .find(|one| places.contains(&one.statement.policy));
            (level, letting)
        });
        levels.collect()
    }

    /// What the permissions boundary is called.
    pub(super) fn boundary(&self) -> String {
        self.named(Layer::PermissionsBoundary, 0).0
    }
}
