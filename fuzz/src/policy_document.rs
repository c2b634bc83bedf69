//! Any text as a policy of every type: refused, or compiled and then asked with hostile values.

use std::borrow::Cow;
use std::sync::Arc;

use kms_core::caller::Principal;
use kms_core::ids::KeyArn;
use kms_core::policy::{
    AssumedBy, Bindings, ConditionKey, ConditionValues, Decision, IdentityPolicy, KeyPolicy,
    PolicyType, Position, Question, Resource, ResourceControlPolicy, ServiceControlPolicy,
    TrustPolicy, TrustQuestion, Value, WrittenPolicy, consult, decide, decide_trust, guess_type,
    lint,
};

const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ROLE: &str = "arn:aws:iam::111122223333:role/r";

/// Answers every key with text of the fuzzer's own, in a shape that depends on the key.
struct Hostile<'a>(&'a str);

impl ConditionValues for Hostile<'_> {
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>> {
        let text = Cow::Borrowed(self.0);
        match key.folded().len() % 5 {
            0 => None,
            1 => Some(Value::Many(vec![
                text,
                Cow::Borrowed("*"),
                Cow::Borrowed(""),
            ])),
            2 => Some(Value::Ambiguous),
            _ => Some(Value::One(text)),
        }
    }
}

/// As the head of this file says.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (Ok(key), Some(callers)) = (KEY.parse(), callers()) else {
        return;
    };
    for caller in &callers {
        ask_of_keys(text, caller, &key);
        ask_of_roles(text, caller);
    }
    let _ = lint(text, guess_type(text));
    look_at(text);
    if let Ok(policy) = KeyPolicy::parse(text) {
        drop(policy.check_new());
        assert!(policy.principals().count() <= text.len());
        // What a name is bound to does not change which names there are.
        let bindings: Bindings = policy
            .principals()
            .filter_map(|named| Some((named.arn()?, "AIDAAAAAAAAAAAAAAAAAA".parse().ok()?)))
            .collect();
        let bound = KeyPolicy::parse_bound(text, &bindings);
        let names = bound.map_or(0, |bound| bound.principals().count());
        assert_eq!(names, policy.principals().count());
    }
}

/// As the author of the text sees it: its statements stand one after the other.
fn look_at(text: &str) {
    let Some(written) = WrittenPolicy::read(text) else {
        return;
    };
    let _ = written.context_keys();
    let mut last = None;
    for span in (0..).map_while(|index| written.span(index)) {
        let place = |position: Position| (position.line, position.column);
        assert!(place(span.after) <= place(span.end) && place(span.start) < place(span.end));
        assert!(last.is_none_or(|last| last <= place(span.start)));
        last = Some(place(span.end));
    }
    let _ = written.clause(0, 0);
}

fn callers() -> Option<Vec<Principal>> {
    let account = || ACCOUNT.parse().ok();
    Some(vec![
        Principal::Root {
            account: account()?,
        },
        Principal::AssumedRole {
            account: account()?,
            path: Default::default(),
            role: "r".parse().ok()?,
            id: "AROAAAAAAAAAAAAAAAAAA".parse().ok()?,
            session: "session".parse().ok()?,
        },
    ])
}

/// The text as every policy that has a say on a key, alone and all together.
fn ask_of_keys(text: &str, principal: &Principal, key: &KeyArn) {
    let identity: Vec<_> = IdentityPolicy::parse(text)
        .map(Arc::new)
        .into_iter()
        .collect();
    let key_policy = KeyPolicy::parse(text).ok();
    let control: Vec<_> = ServiceControlPolicy::parse(text)
        .map(|policy| vec![Arc::new(policy)])
        .into_iter()
        .collect();
    let of_resources: Vec<_> = ResourceControlPolicy::parse(text)
        .map(|policy| vec![Arc::new(policy)])
        .into_iter()
        .collect();
    for resource in [Resource::Key(key), Resource::Named(text), Resource::Any] {
        let free = Question {
            principal,
            action: "kms:Encrypt",
            resource,
            values: &Hostile(text),
            key_policy: key_policy.as_ref(),
            identity_policies: &identity,
            boundary: None,
            session_policies: None,
            service_control: &[],
            resource_control: &[],
            by_grant: None,
        };
        let limited = Question {
            boundary: identity.first().map(|policy| &**policy),
            session_policies: Some(&identity),
            service_control: &control,
            resource_control: &of_resources,
            ..free
        };
        let said = consult(&limited);
        assert!(said.within_organization || matches!(decide(&limited), Decision::Deny(_)));
        // Limits take away and never give.
        if let Decision::Allow(_) = decide(&limited) {
            assert!(matches!(decide(&free), Decision::Allow(_)));
        }
    }
}

fn ask_of_roles(text: &str, principal: &Principal) {
    let Ok(account) = ACCOUNT.parse() else { return };
    let Ok(trust_policy) = TrustPolicy::parse(text) else {
        let _ = lint(text, PolicyType::Trust);
        return;
    };
    for by in [
        AssumedBy::WebIdentity(text),
        AssumedBy::Principal {
            principal,
            identity_policies: &[],
            boundary: None,
            session_policies: None,
        },
    ] {
        let decision = decide_trust(&TrustQuestion {
            by,
            action: "sts:TagSession",
            role_account: &account,
            role_arn: ROLE,
            trust_policy: &trust_policy,
            values: &Hostile(text),
            service_control: &[],
            resource_control: &[],
        });
        drop(decision);
    }
}
