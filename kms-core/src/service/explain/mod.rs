//! Why a principal may or may not do something with a key: the decision that a request would get,
//! with what led to it. Offered in-process alone, to whoever can open the store.
//!
//! The question is the one that [`Engine::authorize`](super::Engine) asks, put together by the same
//! lines; what is added is what the policies are called, where their statements stand, and what
//! came close.

mod halves;
mod hints;
mod principal;
mod sources;

use serde::Serialize;

use super::context::CallContext;
use super::operation::{
    Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step, Target,
};
use super::parameters::Parameters;
use super::request::context;
use super::resolve::key_ref;
use super::state::State;
use super::values::{GrantValues, Specific};
use crate::Error;
use crate::api::{self, EncryptionContextMap, MessageType};
use crate::caller::{Caller, Principal, Session};
use crate::ciphertext::EncryptionContext;
use crate::ids::{AccountId, KeyRef};
use crate::policy::{
    ConditionKey, ConditionValues, Context, Decision, Layer, Permit, Question, Reason, Value,
    consult, decide,
};
use hints::hints;
use principal::Named;
pub use sources::Ground;
use sources::Sources;

/// Asks why a principal may or may not do something.
#[derive(Clone, Debug)]
pub struct ExplainRequest {
    /// `root`, `user/NAME`, `role/NAME` of the store's first account, or the ARN of an account, of a
    /// user, a role or a session of a role, in whatever account.
    pub principal: String,
    /// An action on keys, such as `kms:Decrypt`.
    pub action: String,
    /// A key id, a key ARN, an alias or its ARN; nothing for the actions without a key. An id and an
    /// alias mean a key of the principal's account.
    pub key: Option<String>,
    /// The encryption context that the request would have.
    pub encryption_context: Option<EncryptionContextMap>,
    /// Condition keys that the request would have, in place of what it has by itself: each with
    /// one value, or with several where it is given more than once.
    pub conditions: Vec<(String, String)>,
}

/// The decision, and what led to it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Explanation {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Who would ask, as refusals call it.
    pub principal: String,
    /// For what.
    pub action: String,
    /// The ARN of the key; `*` where there is none.
    pub resource: String,
    /// Why, in AWS's words: `because no identity-based policy allows …`.
    pub reason: String,
    /// The statements, or the grant, that decided; none where nothing allows.
    pub decided_by: Vec<Ground>,
    /// Where it is allowed: for each level of the principal's organization, from the root down, the
    /// statement of a service control policy that lets it. None where no organization limits it.
    pub organization: Vec<Ground>,
    /// What came close, and what is missing, each in a sentence.
    pub hints: Vec<String>,
}

/// A checked [`ExplainRequest`].
#[derive(Debug)]
pub struct Explain {
    principal: Named,
    action: &'static str,
    key: Option<KeyRef>,
    context: EncryptionContext,
    given: Context,
}

/// The action as AWS writes it, if it is one of KMS.
fn known_action(text: &str) -> Result<&'static str, Error> {
    let mut actions = api::Operation::ALL
        .iter()
        .flat_map(|operation| operation.actions());
    let found = actions.find(|action| action.eq_ignore_ascii_case(text));
    match found {
        // What it is decided by is a grant, not a key and a policy.
        Some(&"kms:RetireGrant") => Err(Error::Validation(
            "kms:RetireGrant is decided by the grant that is to be retired: its retiring principal, \
             its grantee where it has the operation, and its account may."
                .to_owned(),
        )),
        Some(action) => Ok(action),
        None => Err(Error::Validation(format!("{text} is no action of AWS KMS."))),
    }
}

/// Whether the action is asked on a key.
fn is_on_key(action: &str) -> bool {
    let mut operations = api::Operation::ALL.iter();
    operations.any(|operation| {
        operation.actions().contains(&action) && operation.resource() != api::Resource::Account
    })
}

/// The condition keys that are given; one that is given more than once is multivalued.
fn given(pairs: Vec<(String, String)>, action: &str) -> Result<Context, Error> {
    let mut named: Vec<(ConditionKey, String, Vec<String>)> = Vec::new();
    for (name, value) in pairs {
        let key: ConditionKey = name
            .parse()
            .map_err(|_| Error::Validation(format!("{name} is no condition key.")))?;
        match named.iter_mut().find(|(known, ..)| *known == key) {
            Some((_, _, values)) => values.push(value),
            None => named.push((key, name, vec![value])),
        }
    }
    let mut context = match action {
        // No request here comes from an AWS service. The rest of what is asked of new grants is for
        // whoever asks to say.
        "kms:CreateGrant" => Context::new().with("kms:GrantIsForAWSResource", "false"),
        _ => Context::new(),
    };
    for (_, name, values) in &named {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        context = match values.as_slice() {
            [one] if !is_multivalued(name) => context.with(name, one),
            many => context.with_many(name, many),
        };
    }
    Ok(context)
}

/// Whether requests have several values for the key, by its kind.
fn is_multivalued(name: &str) -> bool {
    crate::policy::MULTIVALUED.contains(&name.to_ascii_lowercase().as_str())
}

/// What is given goes before what the request has by itself.
struct Overlaid<'a> {
    given: &'a Context,
    request: &'a dyn ConditionValues,
}

impl ConditionValues for Overlaid<'_> {
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>> {
        self.given.value(key).or_else(|| self.request.value(key))
    }
}

impl Explain {
    /// The values that a request for the action would have where it leaves out what it can.
    fn specific(&self, target: Option<&Target>) -> Specific<'_> {
        let symmetric = target.is_some_and(|target| target.key.key.kind.is_symmetric());
        let named = Specific {
            counts_request_alias: true,
            ..Specific::default()
        };
        match self.action {
            "kms:Encrypt" | "kms:Decrypt" | "kms:ReEncryptFrom" | "kms:ReEncryptTo"
                if !symmetric =>
            {
                Specific {
                    encryption_context: Some(&self.context),
                    ..named
                }
            }
            "kms:Encrypt"
            | "kms:Decrypt"
            | "kms:ReEncryptFrom"
            | "kms:ReEncryptTo"
            | "kms:GenerateDataKey"
            | "kms:GenerateDataKeyWithoutPlaintext"
            | "kms:GenerateDataKeyPair"
            | "kms:GenerateDataKeyPairWithoutPlaintext" => Specific::cryptographic(&self.context),
            "kms:Sign" | "kms:Verify" => Specific {
                message_type: Some(MessageType::Raw),
                ..named
            },
            "kms:GenerateMac"
            | "kms:VerifyMac"
            | "kms:DeriveSharedSecret"
            | "kms:GetPublicKey"
            | "kms:DescribeKey" => named,
            "kms:DisableKey" => Specific {
                tells_days_without_key_usage: true,
                ..Specific::default()
            },
            "kms:ScheduleKeyDeletion" => Specific {
                pending_window_in_days: Some(30),
                tells_days_without_key_usage: true,
                ..Specific::default()
            },
            "kms:EnableKeyRotation" => Specific {
                rotation_period_in_days: Some(365),
                ..Specific::default()
            },
            "kms:ListGrants" | "kms:RevokeGrant" => Specific {
                grant: Some(GrantValues {
                    says_whom_it_is_for: true,
                    ..GrantValues::default()
                }),
                ..Specific::default()
            },
            _ => Specific::default(),
        }
    }
}

/// The request that is thought of: now, from this machine, over a connection that nobody reads, in
/// the Region of the key.
fn imagined(principal: Principal, target: Option<&Target>, step: &Step<'_>) -> CallContext {
    let credential = step.call.caller.credential().clone();
    let of_role = matches!(principal, Principal::AssumedRole { .. });
    let caller = Caller::assume_authenticated(principal, credential);
    let caller = match of_role {
        // Sessions say since when they are there.
        true => caller.in_session(Session::new(step.now, step.now).into()),
        false => caller,
    };
    let region = target.map_or(&step.call.region, |target| &target.key.key.arn.region);
    CallContext {
        caller,
        region: region.clone(),
        ..step.call.clone()
    }
}

/// Why nothing is allowed whatever policies say: one of the accounts was closed.
fn closed(principal: &Principal, target: Option<&Target>, state: &State) -> Option<String> {
    let suspended = |account: &AccountId| state.organizations.is_suspended(account);
    let own = principal.account();
    if suspended(own) {
        return Some(format!(
            "because the account {own} was closed: nobody of it is let in"
        ));
    }
    let owner = &target?.key.key.arn.account;
    suspended(owner).then(|| {
        format!("because the account {owner} of the key was closed: its keys serve nobody")
    })
}

impl Operation for ExplainRequest {
    type Parsed = Explain;
    type Response = Explanation;
    const EVENT: Event = Event::service("ExplainDecision").reading();
    const ASKS_FOR_KEY_USAGE: bool = true;

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .value("principal", &self.principal)
            .value("action", &self.action)
            .optional("keyId", self.key.as_ref());
    }

    fn parse(self) -> Result<Explain, Error> {
        let action = known_action(&self.action)?;
        let key = self.key.as_deref().map(key_ref).transpose()?;
        match (is_on_key(action), &key) {
            (true, None) => Err(Error::Validation(format!(
                "{action} is asked on a key: which one?"
            ))),
            (false, Some(_)) => Err(Error::Validation(format!(
                "{action} is asked on no key in particular."
            ))),
            _ => Ok(Explain {
                principal: Named::parse(&self.principal)?,
                action,
                key,
                context: context(self.encryption_context)?,
                given: given(self.conditions, action)?,
            }),
        }
    }

    fn lookups(parsed: &Explain) -> Lookups {
        let account = parsed.principal.account();
        parsed
            .key
            .as_ref()
            .map_or_else(Lookups::none, |key| Lookups::of_any_account(key, account))
    }

    fn authorizations<'a>(
        _parsed: &'a Explain,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:ExplainDecision", On::Any)])
    }

    fn perform(parsed: Explain, step: &Step<'_>) -> Result<Performed<Explanation>, Error> {
        let principal = parsed.principal.find(step.call.account(), step.state)?;
        let target = step.loaded.primary.as_ref();
        let closed = closed(&principal, target, step.state);
        let call = imagined(principal, target, step);
        let on = target.map_or(On::Any, On::Key);
        let needed = Authorization::new(parsed.action, on).with(parsed.specific(target));
        let asked = step.engine.asked(&needed, step.state, &call, step.now)?;
        let question = asked.question();
        let values = Overlaid {
            given: &parsed.given,
            request: question.values,
        };
        let question = Question {
            values: &values,
            ..question
        };
        if let Some(reason) = closed {
            let told = explained(&question, target);
            return Ok(Performed::read(Explanation { reason, ..told }));
        }
        let sources = Sources::of(&question, target, step.state)?;
        Ok(Performed::read(explain(&question, &sources, target)))
    }
}

/// A refusal of the question, for no reason yet.
fn explained(question: &Question<'_>, target: Option<&Target>) -> Explanation {
    let resource = target.map_or("*", |target| target.key.arn.as_str());
    Explanation {
        allowed: false,
        principal: question.principal.arn(),
        action: question.action.to_owned(),
        resource: resource.to_owned(),
        reason: String::new(),
        decided_by: Vec::new(),
        organization: Vec::new(),
        hints: Vec::new(),
    }
}

fn explain(question: &Question<'_>, sources: &Sources<'_>, target: Option<&Target>) -> Explanation {
    let (decision, said) = (decide(question), consult(question));
    let told = explained(question, target);
    match decision {
        Decision::Allow(permit) => {
            let (reason, decided_by) = why_allowed(&permit, sources);
            let letting = sources.letting(&said).into_iter();
            let letting = letting.filter_map(|(_, letting)| letting);
            Explanation {
                allowed: true,
                reason,
                decided_by,
                organization: letting
                    .map(|one| sources.ground(one.layer, &one.statement))
                    .collect(),
                ..told
            }
        }
        Decision::Deny(denial) => Explanation {
            reason: denial.because(question.action),
            decided_by: match denial.reason() {
                Reason::ExplicitDeny(statement) => vec![sources.ground(denial.layer(), statement)],
                Reason::NotAllowed => Vec::new(),
            },
            hints: hints(question, &denial, &said, sources),
            ..told
        },
    }
}

fn why_allowed(permit: &Permit, sources: &Sources<'_>) -> (String, Vec<Ground>) {
    let by_resource = permit.by_resource_policy();
    let by_resource = by_resource.map(|(layer, statement)| sources.ground(layer, statement));
    let by_identity = permit.by_identity_policy();
    let by_identity = by_identity.map(|statement| sources.ground(Layer::IdentityBased, statement));
    let by_grant = permit.by_grant().map(Ground::of_grant);
    let grounds: Vec<Ground> = by_resource
        .into_iter()
        .chain(by_identity)
        .chain(by_grant)
        .collect();
    let reason = match grounds.as_slice() {
        [] => "as the root user of the account, whom nothing denies it".to_owned(),
        [one] => format!("by {}", one.described()),
        more => {
            let all: Vec<String> = more.iter().map(Ground::described).collect();
            format!("by {}", all.join(", and "))
        }
    };
    (reason, grounds)
}
