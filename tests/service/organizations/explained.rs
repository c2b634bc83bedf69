//! Explanations across accounts: which policy at which level decides, and which half is missing.

use kms_core::service::{
    ExplainRequest, Explanation, LintStoreRequest, PutUserPermissionsBoundaryRequest,
};

use super::*;

impl Accounts {
    fn try_explain(&self, who: &str, action: &str, key: &str) -> Result<Explanation, Error> {
        self.fixture.send(ExplainRequest {
            principal: who.to_owned(),
            action: action.to_owned(),
            key: (!key.is_empty()).then(|| key.to_owned()),
            encryption_context: None,
            conditions: Vec::new(),
        })
    }

    fn explain(&self, who: &str, key: &str) -> Explanation {
        self.try_explain(who, "kms:Encrypt", key).unwrap()
    }

    /// What is explained to be denied, in one text.
    fn hints(&self, who: &str, key: &str) -> String {
        let said = self.explain(who, key);
        assert!(!said.allowed, "{said:?}");
        said.hints.join("\n")
    }
}

fn arn(who: &CallContext) -> String {
    who.caller.principal().arn()
}

/// What the request itself gets, of `who`.
fn real(all: &Accounts, who: &CallContext, key: &str) -> bool {
    match all.encrypt(who, key) {
        Ok(_) => true,
        Err(Error::AccessDenied(_) | Error::UnrecognizedClient) => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn principals_and_keys_of_every_account_are_decided_as_their_requests_are() {
    let all = Accounts::new();
    let (a, root_a) = all.account("a");
    let (b, root_b) = all.account("b");
    all.move_to_unit(&b);
    let keys = [
        all.key_of(&root_a, None),
        all.key_of(&root_b, None),
        all.key_of(&root_b, Some(open_to(&a, &b))),
        all.key_of(&all.fixture.call, None),
    ];
    let callers = [
        all.user_of(&root_a, "may", &["kms:*"]),
        all.user_of(&root_a, "not", &[]),
        all.user_of(&root_b, "may", &["kms:*"]),
        all.user_of(&all.fixture.call, "may", &["kms:*"]),
        all.administrator_of(&a).unwrap(),
        all.administrator_of(&b).unwrap(),
        root_a,
        root_b,
        all.fixture.call.clone(),
    ];
    let check = |count: usize| {
        let mut allowed = 0;
        for (who, key) in callers
            .iter()
            .flat_map(|who| keys.iter().map(move |key| (who, key)))
        {
            let said = all.explain(&arn(who), key);
            assert_eq!(said.allowed, real(&all, who, key), "{said:?}");
            assert_eq!((&said.principal, &said.resource), (&arn(who), key));
            allowed += usize::from(said.allowed);
        }
        assert_eq!(allowed, count);
    };
    check(14);
    // A level that lets nothing through closes what is below it, a key's policy what it denies.
    all.limit(&all.unit, "kms:Encrypt");
    check(8);
    all.enable_rcps();
    let only_own = json!({"Principal": "*", "Action": "kms:Encrypt",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": a}}});
    let policy = all.policy(RCP, &document("Deny", only_own));
    all.attach(&policy, b.as_str()).unwrap();
    check(5);
    all.close(&a).unwrap();
    check(2);
}

#[test]
fn what_decides_in_the_organization_is_told_with_its_level() {
    let all = Accounts::new();
    let (a, root) = all.account("a");
    let key = all.key_of(&root, None);
    let user = arn(&all.user_of(&root, "user", &["kms:*"]));
    all.move_to_unit(&a);
    let said = all.explain(&user, &key);
    let letting: Vec<String> = said
        .organization
        .iter()
        .map(|one| one.policy.clone())
        .collect();
    let full = "the service control policy FullAWSAccess (p-FullAWSAccess) attached to";
    assert_eq!(
        letting,
        [
            format!("{full} the root {}", all.root),
            format!("{full} the unit prod ({})", all.unit),
            format!("{full} the account {a} (a)"),
        ]
    );

    let deny = all.limit(&all.unit, "kms:Encrypt");
    let said = all.explain(&user, &key);
    assert_eq!(
        said.reason,
        "with an explicit deny in a service control policy"
    );
    let [ground] = said.decided_by.as_slice() else {
        panic!("{said:?}");
    };
    let place = format!("({deny}) attached to the unit prod ({})", all.unit);
    assert!(ground.policy.ends_with(&place), "{ground:?}");
    assert_eq!((ground.statement, ground.line), (Some(0), Some(1)));
    all.detach(&deny, &all.unit).unwrap();

    let only_sts = all.policy(SCP, &document("Allow", json!({"Action": "sts:*"})));
    all.attach(&only_sts, a.as_str()).unwrap();
    all.detach("p-FullAWSAccess", a.as_str()).unwrap();
    let said = all.hints(&user, &key);
    let level = format!("attached to the account {a} (a) none allows kms:Encrypt");
    assert!(said.contains(&level) && said.contains(&only_sts), "{said}");
    assert!(!said.contains(&all.unit), "{said}");

    // The levels above the key's account count for whoever comes from elsewhere.
    all.enable_rcps();
    let nobody = json!({"Principal": "*", "Action": "kms:Encrypt"});
    let policy = all.policy(RCP, &document("Deny", nobody));
    all.attach(&policy, &all.root).unwrap();
    let said = all.explain("root", &key);
    assert_eq!(
        said.reason,
        "with an explicit deny in a resource control policy"
    );
    let place = format!("({policy}) attached to the root {}", all.root);
    assert!(said.decided_by[0].policy.ends_with(&place), "{said:?}");
}

#[test]
fn of_two_accounts_the_half_that_is_missing_is_told() {
    let all = Accounts::new();
    let (a, root_a) = all.account("a");
    let (b, root_b) = all.account("b");
    let (open, closed) = (
        all.key_of(&root_b, Some(open_to(&a, &b))),
        all.key_of(&root_b, None),
    );
    let may = all.user_of(&root_a, "may", &["kms:*"]);
    let not = arn(&all.user_of(&root_a, "not", &[]));
    let said = all.explain(&arn(&may), &open);
    assert!(said.allowed && said.decided_by.len() == 2, "{said:?}");

    let said = all.hints(&arn(&may), &closed);
    let rule = format!("of the account {b} and the caller of the account {a}");
    assert!(said.contains(&rule) && said.contains("both"), "{said}");
    assert!(
        said.contains("missing: no statement of the key policy"),
        "{said}"
    );
    assert!(
        said.contains("there: the inline policy p of the user may"),
        "{said}"
    );

    let said = all.hints(&not, &open);
    assert!(
        said.contains("there: the key policy, statement 1"),
        "{said}"
    );
    assert!(
        said.contains(&format!("missing: no identity policy of {not}")),
        "{said}"
    );

    let said = all.hints(&not, &closed);
    assert_eq!(said.matches("missing: ").count(), 2, "{said}");
    let said = all.hints(&format!("arn:aws:iam::{a}:root"), &closed);
    assert_eq!(said.matches("missing: ").count(), 1, "{said}");

    let narrow = all.fixture.send_as(
        &root_a,
        kms_core::service::CreatePolicyRequest {
            policy_name: "narrow".parse().unwrap(),
            path: None,
            policy_document: document("Allow", json!({"Action": "kms:Decrypt"})),
            description: None,
            tags: None,
        },
    );
    let bound = PutUserPermissionsBoundaryRequest {
        user_name: "may".parse().unwrap(),
        permissions_boundary: narrow.unwrap().0.policy.arn(),
    };
    all.fixture.send_as(&root_a, bound).unwrap();
    let said = all.hints(&arn(&may), &open);
    assert!(said.contains("missing: the permissions boundary"), "{said}");

    // What no policy can open to another account.
    let said = all
        .try_explain(&arn(&root_a), "kms:DisableKey", &open)
        .unwrap();
    assert!(
        !said.allowed && said.hints[0].contains("cannot be allowed"),
        "{said:?}"
    );
}

#[test]
fn a_name_without_an_account_is_one_of_the_principal_s() {
    let all = Accounts::new();
    let (a, root) = all.account("a");
    let key = all.key_of(&root, None);
    let alias = CreateAliasRequest {
        alias_name: Some("alias/app".to_owned()),
        target_key_id: Some(key.clone()),
    };
    all.fixture.send_as(&root, alias).unwrap();
    let user = arn(&all.user_of(&root, "user", &["kms:*"]));
    assert_eq!(all.explain(&user, "alias/app").resource, key);
    let id = key.rsplit('/').next().unwrap();
    assert_eq!(all.explain(&user, id).resource, key);
    let of_alias = format!("arn:aws:kms:us-east-1:{a}:alias/app");
    assert_eq!(all.explain("root", &of_alias).resource, key);
    let role = format!("arn:aws:iam::{a}:role/OrganizationAccountAccessRole");
    assert!(all.explain(&role, "alias/app").allowed);
    let session = format!("arn:aws:sts::{a}:assumed-role/OrganizationAccountAccessRole/it");
    assert!(all.explain(&session, "alias/app").allowed);

    for (who, key) in [
        ("root", "alias/app"),
        ("user/user", key.as_str()),
        ("arn:aws:iam::999999999999:root", &key),
        (&format!("arn:aws:iam::{a}:user/other"), &key),
        (&format!("arn:aws:iam::{a}:user/x/user"), &key),
        (&user, "arn:aws:kms:us-east-1:999999999999:alias/app"),
        (&user, &format!("arn:aws:kms:eu-west-1:{a}:alias/app")),
    ] {
        let refused = all.try_explain(who, "kms:Encrypt", key);
        assert_eq!(code(refused), "NotFoundException", "{who} {key}");
    }
    for who in [
        format!("arn:aws:sts::{a}:federated-user/it"),
        format!("arn:aws:sts::{a}:root"),
        format!("arn:aws:iam::{a}:assumed-role/OrganizationAccountAccessRole/it"),
        "arn:aws:iam::12:root".to_owned(),
    ] {
        let refused = all.try_explain(&who, "kms:Encrypt", &key);
        assert_eq!(code(refused), "ValidationException", "{who}");
    }
}

#[test]
fn nothing_of_a_closed_account_is_allowed() {
    let all = Accounts::new();
    let (a, root) = all.account("a");
    let key = all.key_of(&root, Some(open_to(all.fixture.call.account(), &a)));
    assert!(all.explain("root", &key).allowed);
    all.close(&a).unwrap();
    let said = all.explain("root", &key);
    assert!(
        !said.allowed && said.reason.contains("its keys serve nobody"),
        "{said:?}"
    );
    let said = all.explain(&arn(&root), &key);
    assert!(said.reason.contains("nobody of it is let in"), "{said:?}");
}

#[test]
fn findings_name_the_account_where_there_are_several() {
    let all = Accounts::new();
    let found = || all.fixture.send(LintStoreRequest).unwrap();
    all.user_of(&all.fixture.call, "first", &["kms:*"]);
    assert_eq!(found()[0].account, None);
    let (a, root) = all.account("a");
    all.user_of(&root, "user", &["kms:*"]);
    let of_users: Vec<_> = found()
        .into_iter()
        .filter(|one| one.code == "DECRYPT_ON_ALL_KEYS" && one.place.contains("of the user"))
        .map(|one| (one.account.unwrap(), one.place))
        .collect();
    let place = |name| format!("the inline policy p of the user {name}");
    assert_eq!(
        of_users,
        [
            (all.fixture.call.account().clone(), place("first")),
            (a, place("user"))
        ]
    );
    let guard = json!({"Action": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}});
    let policy = all.policy(SCP, &document("Deny", guard));
    let told = found();
    let finding = told.iter().find(|one| one.code == "MFA_GUARD").unwrap();
    assert!(
        finding.place.starts_with("the service control policy "),
        "{finding:?}"
    );
    assert!(finding.place.contains(&policy), "{finding:?}");
}
