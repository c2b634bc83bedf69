//! What the policies of a question are called, and where their statements stand.

use std::sync::Arc;

use serde::Serialize;

use crate::Error;
use crate::caller::Principal;
use crate::ids::{GrantId, PolicyArn};
use crate::policy::{Layer, MatchedStatement, Question, WrittenClause, WrittenPolicy};
use crate::service::named_policies::{self, NamedPolicy};
use crate::service::operation::Target;
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
        let same = identity.len() == asked.len()
            && identity
                .iter()
                .zip(asked)
                .all(|(one, other)| Arc::ptr_eq(one.policy, other));
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
        })
    }

    /// What a policy is called, and its text where it is known.
    fn named(&self, layer: Layer, policy: usize) -> (String, Option<&'a str>) {
        let named = |named: Option<&NamedPolicy<'a>>, what: &str| match named {
            Some(named) => (named.kept.described(what), Some(named.text)),
            None => (format!("{what} {policy}"), None),
        };
        match layer {
            Layer::ResourceBased => ("the key policy".to_owned(), self.key),
            Layer::IdentityBased => named(self.identity.get(policy), "managed policy"),
            Layer::PermissionsBoundary => named(self.boundary.as_ref(), "permissions boundary"),
            Layer::SessionPolicy
            | Layer::ServiceControl
            | Layer::ResourceControl
            | Layer::RoleTrust => (format!("the {} {policy}", layer.name()), None),
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

    /// What the permissions boundary is called.
    pub(super) fn boundary(&self) -> String {
        self.named(Layer::PermissionsBoundary, 0).0
    }
}
