//! One simulation: who asks, with which policies, and what each question comes to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answers::{EvaluationResult, MatchedSource, Verdict};
use crate::caller::Principal;
use crate::ids::KeyArn;
use crate::policy::{
    Consultation, Consulted, Context, Decision, IdentityPolicy, KeyPolicy, Layer, Outcome,
    Question, Reason, Recording, Resource, ServiceControlPolicy, WrittenPolicy, consult, decide,
};

/// A document that counts, and what it is called in answers.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) policy: Arc<IdentityPolicy>,
}

/// What is simulated.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) caller: Principal,
    pub(super) identity: Vec<Source>,
    pub(super) boundary: Option<Arc<IdentityPolicy>>,
    /// `None` where there is no organization.
    pub(super) service_control: Option<Vec<Vec<Arc<ServiceControlPolicy>>>>,
    /// The policy that every key is taken to have.
    pub(super) key_policy: Option<(String, KeyPolicy)>,
    pub(super) context: Context,
    /// The keys that the documents ask for by their names in lower case, as they are written.
    pub(super) written_keys: BTreeMap<String, String>,
}

/// What one action is asked on: resources of one type.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) action: String,
    pub(super) template: &'static str,
    pub(super) resources: Vec<String>,
}

/// The statements of a case, as they are found in its documents.
pub(super) struct Simulator<'a> {
    case: &'a Case,
    policies: Vec<Arc<IdentityPolicy>>,
    written: Vec<Option<WrittenPolicy>>,
    key_policy_written: Option<WrittenPolicy>,
}

impl<'a> Simulator<'a> {
    pub(super) fn new(case: &'a Case) -> Self {
        let sources = || case.identity.iter();
        Self {
            case,
            policies: sources().map(|source| Arc::clone(&source.policy)).collect(),
            written: sources()
                .map(|source| WrittenPolicy::read(&source.text))
                .collect(),
            key_policy_written: case
                .key_policy
                .as_ref()
                .and_then(|(text, _)| WrittenPolicy::read(text)),
        }
    }

    /// What an action on resources of one type comes to.
    pub(super) fn run(&self, group: Group) -> EvaluationResult {
        let Group {
            action,
            template,
            resources,
        } = group;
        let on = resources
            .into_iter()
            .map(|resource| self.ask(&action, resource));
        EvaluationResult {
            on: on.collect(),
            action,
            template,
        }
    }

    fn ask(&self, action: &str, resource: String) -> Verdict {
        let case = self.case;
        // Without a policy of the key it is one resource among others, on which identity policies
        // decide alone.
        let key: Option<KeyArn> = case.key_policy.as_ref().and_then(|_| resource.parse().ok());
        let values = Recording::new(&case.context);
        let question = Question {
            principal: &case.caller,
            action,
            resource: match &key {
                Some(key) => Resource::Key(key),
                None if resource == "*" => Resource::Any,
                None => Resource::Named(&resource),
            },
            values: &values,
            key_policy: case.key_policy.as_ref().map(|(_, policy)| policy),
            identity_policies: &self.policies,
            boundary: case.boundary.as_deref(),
            session_policies: None,
            service_control: case.service_control.as_deref().unwrap_or_default(),
            resource_control: &[],
            by_grant: None,
        };
        let outcome = match decide(&question) {
            Decision::Allow(_) => Outcome::Allowed,
            Decision::Deny(denial) => match denial.reason() {
                Reason::ExplicitDeny(_) => Outcome::ExplicitlyDenied,
                Reason::NotAllowed => Outcome::ImplicitlyDenied,
            },
        };
        let said = consult(&Question {
            values: &case.context,
            ..question
        });
        Verdict {
            outcome,
            matched: self.matched(&said, outcome),
            missing: self.spelt(values.absent()),
            organization: case
                .service_control
                .as_ref()
                .map(|_| said.within_organization),
            boundary: case
                .boundary
                .as_ref()
                .map(|_| said.of_layer(Layer::PermissionsBoundary) == Outcome::Allowed),
            details: self.details(&said, &resource),
            resource: (resource != "*").then_some(resource),
        }
    }

    /// What each kind of policy says of a resource of another account.
    fn details(&self, said: &Consultation, resource: &str) -> Vec<(&'static str, Outcome)> {
        let owner = resource.split(':').nth(4).unwrap_or_default();
        if owner.is_empty() || owner == self.case.caller.account().as_str() {
            return Vec::new();
        }
        let mut details = vec![
            ("IAM Policy", said.of_layer(Layer::IdentityBased)),
            ("Resource Policy", said.of_layer(Layer::ResourceBased)),
        ];
        if self.case.boundary.is_some() {
            let said = said.of_layer(Layer::PermissionsBoundary);
            details.push(("Permissions Boundary Policy", said));
        }
        details
    }

    fn spelt(&self, keys: Vec<String>) -> Vec<String> {
        let written = &self.case.written_keys;
        let wanted = keys.into_iter().filter_map(|key| written.get(&key));
        wanted.cloned().collect()
    }

    /// The statements of the resource's policy and the identity policies that led to the outcome.
    fn matched(&self, said: &Consultation, outcome: Outcome) -> Vec<MatchedSource> {
        let allows = match outcome {
            Outcome::Allowed => true,
            Outcome::ExplicitlyDenied => false,
            Outcome::ImplicitlyDenied => return Vec::new(),
        };
        let by_resource = said.counting(Layer::ResourceBased, allows);
        let by_identity = said.counting(Layer::IdentityBased, allows);
        by_resource
            .chain(by_identity)
            .filter_map(|consulted| self.source(consulted))
            .collect()
    }

    fn source(&self, consulted: &Consulted) -> Option<MatchedSource> {
        let place = &consulted.statement;
        let (policy, kind, written) = if consulted.layer == Layer::ResourceBased {
            let written = self.key_policy_written.as_ref();
            ("ResourcePolicy", "Resource Policy", written)
        } else {
            let source = self.case.identity.get(place.policy)?;
            let written = self.written.get(place.policy)?.as_ref();
            (source.name.as_str(), "IAM Policy", written)
        };
        let span = written?.span(place.index)?;
        Some(MatchedSource {
            policy: policy.to_owned(),
            kind,
            start: span.after,
            end: span.end,
        })
    }
}
