//! Who may assume a role.

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/target";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/token.example.com";
const ALICE: &str = r#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#;
const OWN: &str = r#"{"AWS":"111122223333"}"#;
const FEDERATED: &str =
    r#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.example.com"}"#;

fn trust(effect: &str, principal: &str, action: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{principal},"Action":"{action}","Condition":{condition}}}"#
    )
}

/// One question about [`ROLE`].
struct Assuming {
    action: &'static str,
    trust: TrustPolicy,
    identity: Vec<Arc<IdentityPolicy>>,
    boundary: Option<IdentityPolicy>,
    service_control: Vec<Vec<Arc<ServiceControlPolicy>>>,
    resource_control: Vec<Vec<Arc<ResourceControlPolicy>>>,
    values: Context,
}

impl Assuming {
    fn by(statements: &str) -> Self {
        Self {
            action: "sts:AssumeRole",
            trust: TrustPolicy::parse(&document(statements)).unwrap(),
            identity: Vec::new(),
            boundary: None,
            service_control: Vec::new(),
            resource_control: Vec::new(),
            values: Context::new(),
        }
    }

    fn action(mut self, action: &'static str) -> Self {
        self.action = action;
        self
    }

    fn identity(mut self, effect: &str) -> Self {
        let text = document(&format!(
            r#"{{"Effect":"{effect}","Action":"sts:*","Resource":"{ROLE}"}}"#
        ));
        self.identity
            .push(Arc::new(IdentityPolicy::parse(&text).unwrap()));
        self
    }

    fn boundary(mut self) -> Self {
        let text = document(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
        self.boundary = Some(IdentityPolicy::parse(&text).unwrap());
        self
    }

    fn service_control(mut self, statement: &str) -> Self {
        let policy = ServiceControlPolicy::parse(&document(statement)).unwrap();
        self.service_control.push(vec![Arc::new(policy)]);
        self
    }

    fn resource_control(mut self) -> Self {
        let text = document(r#"{"Effect":"Deny","Principal":"*","Action":"sts:*","Resource":"*"}"#);
        let policy = ResourceControlPolicy::parse(&text).unwrap();
        self.resource_control.push(vec![Arc::new(policy)]);
        self
    }

    fn values(mut self, values: Context) -> Self {
        self.values = values;
        self
    }

    fn decide(&self, by: AssumedBy<'_>) -> Decision {
        decide_trust(&TrustQuestion {
            by,
            action: self.action,
            role_account: &ACCOUNT.parse().unwrap(),
            role_arn: ROLE,
            trust_policy: &self.trust,
            values: &self.values,
            service_control: &self.service_control,
            resource_control: &self.resource_control,
        })
    }

    fn decide_for(&self, principal: &Principal) -> Decision {
        self.decide(AssumedBy::Principal {
            principal,
            identity_policies: &self.identity,
            boundary: self.boundary.as_ref(),
            session_policies: None,
        })
    }

    fn allows(&self, principal: &Principal) -> bool {
        matches!(self.decide_for(principal), Decision::Allow(_))
    }

    fn allows_token(&self, provider: &str) -> bool {
        let decision = self.decide(AssumedBy::WebIdentity(provider));
        matches!(decision, Decision::Allow(_))
    }

    fn message(&self, by: AssumedBy<'_>) -> String {
        match self.decide(by) {
            Decision::Deny(denial) => denial.message("ARN", self.action, ROLE),
            Decision::Allow(permit) => panic!("{permit:?}"),
        }
    }
}

fn naming(principal: &str) -> Assuming {
    Assuming::by(&trust("Allow", principal, "sts:AssumeRole", "{}"))
}

#[test]
fn in_the_role_s_account_whoever_is_named_itself_needs_nothing_else() {
    let alice = user(ACCOUNT, "alice");
    assert!(naming(ALICE).allows(&alice));
    assert!(naming(ALICE).boundary().allows(&alice));
    assert!(!naming(ALICE).allows(&user(ACCOUNT, "bob")));
    assert!(
        !naming(ALICE)
            .identity("Allow")
            .allows(&user(ACCOUNT, "bob"))
    );
    let role = r#"{"AWS":"arn:aws:iam::111122223333:role/p/r"}"#;
    assert!(naming(role).allows(&session(ACCOUNT, "one")));
    assert!(!naming(role).boundary().allows(&session(ACCOUNT, "one")));
}

#[test]
fn where_the_account_is_named_an_identity_policy_must_allow_too() {
    let alice = user(ACCOUNT, "alice");
    assert!(!naming(OWN).allows(&alice));
    assert!(naming(OWN).identity("Allow").allows(&alice));
    assert!(!naming(OWN).identity("Allow").boundary().allows(&alice));
}

#[test]
fn from_another_account_both_must_allow() {
    let stranger = user(STRANGER, "alice");
    for principal in [
        r#"{"AWS":"arn:aws:iam::444455556666:user/alice"}"#,
        r#"{"AWS":"444455556666"}"#,
        r#""*""#,
    ] {
        assert!(!naming(principal).allows(&stranger), "{principal}");
        assert!(
            naming(principal).identity("Allow").allows(&stranger),
            "{principal}"
        );
    }
    assert!(!naming(OWN).identity("Allow").allows(&stranger));
}

#[test]
fn a_deny_of_any_layer_holds() {
    let alice = user(ACCOUNT, "alice");
    let allow = trust("Allow", ALICE, "sts:*", "{}");
    let deny = trust("Deny", r#""*""#, "sts:AssumeRole", "{}");
    assert!(!Assuming::by(&format!("{allow},{deny}")).allows(&alice));
    assert!(!naming(ALICE).identity("Deny").allows(&alice));
    assert!(!naming(ALICE).resource_control().allows(&alice));
    let full = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let other = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    assert!(naming(ALICE).service_control(full).allows(&alice));
    assert!(
        !naming(ALICE)
            .service_control(full)
            .service_control(other)
            .allows(&alice)
    );
}

#[test]
fn conditions_are_asked() {
    let condition = r#"{"StringEquals":{"sts:ExternalId":"x1"}}"#;
    let with =
        |values| Assuming::by(&trust("Allow", ALICE, "sts:AssumeRole", condition)).values(values);
    let alice = user(ACCOUNT, "alice");
    assert!(!with(Context::new()).allows(&alice));
    assert!(with(Context::new().with("sts:ExternalId", "x1")).allows(&alice));
}

#[test]
fn a_web_identity_needs_the_trust_policy_alone_which_must_name_its_provider() {
    let condition = r#"{"StringEquals":{"token.example.com:sub":"repo:a/b"}}"#;
    let with = |principal: &str, sub: &str| {
        Assuming::by(&trust(
            "Allow",
            principal,
            "sts:AssumeRoleWithWebIdentity",
            condition,
        ))
        .action("sts:AssumeRoleWithWebIdentity")
        .values(Context::new().with("token.example.com:sub", sub))
    };
    assert!(with(FEDERATED, "repo:a/b").allows_token(PROVIDER));
    assert!(!with(FEDERATED, "repo:a/c").allows_token(PROVIDER));
    assert!(!with(FEDERATED, "repo:a/b").allows_token(&format!("{PROVIDER}.evil.example")));
    for other in [r#""*""#, OWN, ALICE] {
        assert!(!with(other, "repo:a/b").allows_token(PROVIDER), "{other}");
    }
    assert!(
        !with(FEDERATED, "repo:a/b")
            .resource_control()
            .allows_token(PROVIDER)
    );
    let deny = trust("Deny", r#""*""#, "sts:*", "{}");
    let allow = trust("Allow", FEDERATED, "sts:*", "{}");
    let closed = Assuming::by(&format!("{allow},{deny}")).action("sts:AssumeRoleWithWebIdentity");
    assert!(!closed.allows_token(PROVIDER));
}

#[test]
fn a_token_is_no_signature_and_a_signature_no_token() {
    let both = format!(
        "{},{}",
        trust("Allow", FEDERATED, "sts:*", "{}"),
        trust("Allow", r#""*""#, "sts:*", "{}")
    );
    let alice = user(ACCOUNT, "alice");
    for (action, by_signature, by_token) in [
        ("sts:AssumeRole", true, false),
        ("sts:AssumeRoleWithWebIdentity", false, true),
        ("sts:TagSession", true, true),
        ("sts:SetSourceIdentity", true, true),
        ("sts:GetFederationToken", false, false),
    ] {
        let asked = || Assuming::by(&both).action(action);
        assert_eq!(asked().allows(&alice), by_signature, "{action}");
        assert_eq!(asked().allows_token(PROVIDER), by_token, "{action}");
    }
}

#[test]
fn a_bound_trust_policy_does_not_trust_a_namesake() {
    let text = document(&trust("Allow", ALICE, "sts:AssumeRole", "{}"));
    let arn = "arn:aws:iam::111122223333:user/alice".to_owned();
    for (id, expected) in [
        ("AIDAAAAAAAAAAAAAAAAAA", true),
        ("AIDABBBBBBBBBBBBBBBBB", false),
    ] {
        let bindings = [(arn.clone(), id.parse().unwrap())].into_iter().collect();
        let mut asked = naming(ALICE);
        asked.trust = TrustPolicy::parse_bound(&text, &bindings).unwrap();
        assert_eq!(asked.allows(&user(ACCOUNT, "alice")), expected, "{id}");
    }
}

#[test]
fn refusals_are_told_in_aws_s_words_and_nothing_to_strangers() {
    let by = |principal| AssumedBy::Principal {
        principal,
        identity_policies: &[],
        boundary: None,
        session_policies: None,
    };
    let start =
        format!("User: ARN is not authorized to perform: sts:AssumeRole on resource: {ROLE}");
    let (bob, stranger) = (user(ACCOUNT, "bob"), user(STRANGER, "bob"));
    assert_eq!(
        naming(ALICE).message(by(&bob)),
        format!("{start} because no role trust policy allows the sts:AssumeRole action")
    );
    let deny = Assuming::by(&trust("Deny", r#""*""#, "sts:*", "{}"));
    assert_eq!(
        deny.message(by(&bob)),
        format!("{start} with an explicit deny in the role trust policy")
    );
    assert_eq!(
        naming(OWN).message(by(&bob)),
        format!("{start} because no identity-based policy allows the sts:AssumeRole action")
    );
    assert_eq!(naming(ALICE).message(by(&stranger)), start);
    assert_eq!(deny.message(by(&stranger)), start);
    let token = naming(ALICE).action("sts:AssumeRoleWithWebIdentity");
    assert_eq!(
        token.message(AssumedBy::WebIdentity(PROVIDER)),
        "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    );
}
