//! What simulations answer.

use crate::api::query::{ToXml, Xml};
use crate::policy::{Outcome, Position};

/// The results of a simulation, or a page of them.
#[derive(Clone, Debug)]
pub struct SimulationResults {
    /// One for each action and type of resource.
    pub results: Vec<EvaluationResult>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
}

/// What came of one action.
#[derive(Clone, Debug)]
pub struct EvaluationResult {
    /// The action.
    pub action: String,
    /// The form of the ARNs of its resources, or `*`.
    pub template: &'static str,
    /// On each resource; one, without a name, for `*`.
    pub on: Vec<Verdict>,
}

/// What came of one action on one resource.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The ARN of the resource; `None` for `*`.
    pub resource: Option<String>,
    /// How it was decided.
    pub outcome: Outcome,
    /// The statements that did.
    pub matched: Vec<MatchedSource>,
    /// Condition keys that were asked for and not given.
    pub missing: Vec<String>,
    /// Whether the organization lets it, where there is one.
    pub organization: Option<bool>,
    /// Whether the permissions boundary lets it, where there is one.
    pub boundary: Option<bool>,
    /// What each kind of policy says, where the resource is of another account.
    pub details: Vec<(&'static str, Outcome)>,
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedSource {
    /// The policy.
    pub policy: String,
    /// `IAM Policy` or `Resource Policy`.
    pub kind: &'static str,
    /// Where it begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
}

const fn decision(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::ImplicitlyDenied => "implicitDeny",
        Outcome::ExplicitlyDenied => "explicitDeny",
    }
}

/// The stricter one is the larger.
const fn strictness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Allowed => 0,
        Outcome::ImplicitlyDenied => 1,
        Outcome::ExplicitlyDenied => 2,
    }
}

impl Verdict {
    fn write_grounds(&self, xml: &mut Xml) {
        xml.list("MatchedStatements", &self.matched, |xml, source| {
            source.write(xml)
        });
        xml.list("MissingContextValues", &self.missing, |xml, key| {
            xml.characters(key);
        });
    }

    fn write_limits(&self, xml: &mut Xml) {
        write_flag(
            xml,
            "PermissionsBoundaryDecisionDetail",
            "AllowedByPermissionsBoundary",
            self.boundary,
        );
    }
}

impl MatchedSource {
    fn write(&self, xml: &mut Xml) {
        xml.text("SourcePolicyId", &self.policy);
        xml.text("SourcePolicyType", self.kind);
        for (name, place) in [("StartPosition", self.start), ("EndPosition", self.end)] {
            xml.element(name, |xml| {
                xml.number("Line", place.line);
                xml.number("Column", place.column);
            });
        }
    }
}

fn write_flag(xml: &mut Xml, name: &'static str, member: &'static str, value: Option<bool>) {
    if let Some(value) = value {
        xml.element(name, |xml| xml.flag(member, value));
    }
}

fn write_details(xml: &mut Xml, details: &[(&'static str, Outcome)]) {
    xml.element("EvalDecisionDetails", |xml| {
        for (kind, outcome) in details {
            xml.element("entry", |xml| {
                xml.text("key", kind);
                xml.text("value", decision(*outcome));
            });
        }
    });
}

/// What holds of all of them, where it is said of any.
fn all(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    values.flatten().reduce(|one, other| one && other)
}

impl EvaluationResult {
    /// All resources as one: the strictest decision, and what led to it or to any.
    fn summary(&self) -> Verdict {
        let stricter = |one: Outcome, other: Outcome| match strictness(one) < strictness(other) {
            true => other,
            false => one,
        };
        let outcome = self.on.iter().map(|verdict| verdict.outcome);
        let outcome = outcome
            .reduce(stricter)
            .unwrap_or(Outcome::ImplicitlyDenied);
        let (mut matched, mut missing) = (Vec::new(), Vec::new());
        let mut details: Vec<(&'static str, Outcome)> = Vec::new();
        for verdict in &self.on {
            let decided = verdict
                .matched
                .iter()
                .filter(|_| verdict.outcome == outcome);
            for source in decided {
                if !matched.contains(source) {
                    matched.push(source.clone());
                }
            }
            for key in &verdict.missing {
                if !missing.contains(key) {
                    missing.push(key.clone());
                }
            }
            for (kind, said) in &verdict.details {
                match details.iter_mut().find(|(known, _)| known == kind) {
                    Some((_, known)) => *known = stricter(*known, *said),
                    None => details.push((kind, *said)),
                }
            }
        }
        Verdict {
            resource: None,
            outcome,
            matched,
            missing,
            organization: all(self.on.iter().map(|verdict| verdict.organization)),
            boundary: all(self.on.iter().map(|verdict| verdict.boundary)),
            details,
        }
    }

    fn write(&self, xml: &mut Xml) {
        let summary = self.summary();
        xml.text("EvalActionName", &self.action);
        xml.text("EvalResourceName", self.template);
        xml.text("EvalDecision", decision(summary.outcome));
        summary.write_grounds(xml);
        write_flag(
            xml,
            "OrganizationsDecisionDetail",
            "AllowedByOrganizations",
            summary.organization,
        );
        summary.write_limits(xml);
        let named = self
            .on
            .iter()
            .filter_map(|verdict| Some((verdict.resource.as_ref()?, verdict)));
        let named: Vec<(&String, &Verdict)> = named.collect();
        if named.is_empty() {
            return;
        }
        write_details(xml, &summary.details);
        xml.list(
            "ResourceSpecificResults",
            named,
            |xml, (resource, verdict)| {
                xml.text("EvalResourceName", resource);
                xml.text("EvalResourceDecision", decision(verdict.outcome));
                verdict.write_grounds(xml);
                if !verdict.details.is_empty() {
                    write_details(xml, &verdict.details);
                }
                verdict.write_limits(xml);
            },
        );
    }
}

impl ToXml for SimulationResults {
    fn write(&self, xml: &mut Xml) {
        xml.list("EvaluationResults", &self.results, |xml, result| {
            result.write(xml)
        });
        xml.flag("IsTruncated", self.next.is_some());
        xml.optional("Marker", self.next.as_deref());
    }
}
