//! What every statement says to a question: not the decision, which [`decide`](super::decide) makes
//! alone, but what somebody needs to understand it.

use super::condition::Unmet;
use super::document::{Match, Statement, Statements};
use super::evaluate::{Request, Resource};
use super::explain::{Layer, MatchedStatement};
use super::own_side::matched;
use super::question::Question;
use super::simulate::Outcome;
use super::truth::Truth;
use crate::grants::Naming;

/// One statement, asked.
#[derive(Clone, Debug)]
pub struct Consulted {
    /// The kind of policy that it stands in.
    pub layer: Layer,
    /// Where it stands.
    pub statement: MatchedStatement,
    /// Whether it is an Allow.
    pub allows: bool,
    /// How it names the caller; `None` where it is about others.
    pub naming: Option<Naming>,
    /// Whether it is about the action.
    pub of_action: bool,
    /// Whether it is, or may be, about the resource.
    pub of_resource: bool,
    /// The clauses of its condition that are not met, or not certainly.
    pub unmet: Vec<Unmet>,
    /// Whether it counts: an Allow that certainly applies, a Deny that may.
    pub applies: bool,
}

impl Consulted {
    /// Whether it would count, were its condition met.
    #[must_use]
    pub fn lacks_only_its_condition(&self) -> bool {
        self.allows && !self.applies && self.naming.is_some() && self.of_action && self.of_resource
    }
}

/// What all statements say.
#[derive(Clone, Debug)]
pub struct Consultation {
    /// Every statement of every policy that has a say.
    pub statements: Vec<Consulted>,
    /// Whether the organization of the caller lets it: no Deny, and an Allow at every level. True
    /// where there is none.
    pub within_organization: bool,
}

impl Consultation {
    /// The statements of a layer that count, of those that allow or of those that deny.
    pub fn counting(&self, layer: Layer, allows: bool) -> impl Iterator<Item = &Consulted> {
        let of_layer = self.statements.iter().filter(move |one| one.layer == layer);
        of_layer.filter(move |one| one.applies && one.allows == allows)
    }

    /// What the policies of a layer say among themselves.
    #[must_use]
    pub fn of_layer(&self, layer: Layer) -> Outcome {
        let some = |allows| self.counting(layer, allows).next().is_some();
        if some(false) {
            Outcome::ExplicitlyDenied
        } else if some(true) {
            Outcome::Allowed
        } else {
            Outcome::ImplicitlyDenied
        }
    }
}

/// Asks every statement of every policy that the question brings.
#[must_use]
pub fn consult(question: &Question<'_>) -> Consultation {
    let request = Request::new(
        question.asker(),
        question.action,
        question.resource,
        question.values,
    );
    let own_side = question.own_side();
    let mut statements = Vec::new();
    let mut ask = |layer, position, of_policy: &Statements| {
        let denies = of_policy.denies.iter().map(|statement| (false, statement));
        let allows = of_policy.allows.iter().map(|statement| (true, statement));
        let asked = denies
            .chain(allows)
            .map(|(allows, statement)| consulted(&request, layer, position, allows, statement));
        statements.extend(asked);
    };
    let control = own_side.service_control.iter().flatten().enumerate();
    control.for_each(|(place, policy)| ask(Layer::ServiceControl, place, policy.statements()));
    let identity = own_side.identity.iter().enumerate();
    identity.for_each(|(place, policy)| ask(Layer::IdentityBased, place, policy.statements()));
    if let Some(policy) = own_side.boundary {
        ask(Layer::PermissionsBoundary, 0, policy.statements());
    }
    let session = own_side.session.into_iter().flatten().enumerate();
    session.for_each(|(place, policy)| ask(Layer::SessionPolicy, place, policy.statements()));
    let control = question.resource_control.iter().flatten().enumerate();
    control.for_each(|(place, policy)| ask(Layer::ResourceControl, place, policy.statements()));
    if let (Resource::Key(_), Some(policy)) = (question.resource, question.key_policy) {
        ask(Layer::ResourceBased, 0, policy.statements());
    }
    let denied = |one: &Consulted| one.layer == Layer::ServiceControl && !one.allows && one.applies;
    Consultation {
        within_organization: !statements.iter().any(denied)
            && own_side.require_service_control(&request).is_ok(),
        statements,
    }
}

fn consulted(
    request: &Request<'_>,
    layer: Layer,
    policy: usize,
    allows: bool,
    statement: &Statement,
) -> Consulted {
    let naming = request.named_by(statement).map(|found| match found {
        Match::Direct => Naming::Itself,
        Match::Entity => Naming::Entity,
        Match::Account => Naming::Account,
    });
    let counts = match request.applies(statement) {
        Truth::True => true,
        Truth::Unknown => !allows,
        Truth::False => false,
    };
    Consulted {
        layer,
        statement: matched(policy, statement),
        allows,
        naming,
        of_action: statement.action.matches(request.action()),
        of_resource: request.covered_by(&statement.resource) != Truth::False,
        unmet: request.unmet(statement),
        applies: counts && naming.is_some(),
    }
}
