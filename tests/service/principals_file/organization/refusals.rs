//! What a file does not do with an organization, and what requests do not do to that of a file.

use super::*;

/// Refused as what the file manages, whatever it is.
fn protected<T: std::fmt::Debug>(result: Result<T, Error>) {
    let refused = result.unwrap_err();
    let code = refused.organizations_code();
    assert_eq!(code, OrganizationsCode::AccessDeniedException, "{refused}");
    let said = refused.to_string();
    assert!(
        said.ends_with("is only modifiable by the principals file"),
        "{said}"
    );
}

#[test]
fn requests_do_not_change_what_the_file_manages_of_the_organization() {
    let fixture = Fixture::new();
    fixture.apply_file(ORGANIZATION).unwrap();
    let root = fixture.root_id();
    let prod = fixture.unit_in(&root);
    let eu = fixture.unit_in(&prod);
    let keep = fixture.policy_named("keep").unwrap();
    let other = fixture.new_account("other");
    let extra = fixture.new_control_policy("extra");
    let refuses_to_attach = |policy: &str, target: &str| {
        protected(fixture.attach(policy, target));
    };
    // Another policy to what the file manages, and a policy of the file to something else.
    for target in [&root, &prod, MEMBER] {
        refuses_to_attach(&extra, target);
    }
    refuses_to_attach(&keep, &other);
    let detach = |policy: &str, target: &str| {
        let members = json!({"PolicyId": policy, "TargetId": target});
        fixture.send(request::<DetachOrganizationPolicyRequest>(members))
    };
    protected(detach(&keep, &prod));
    let update: UpdateOrganizationPolicyRequest =
        request(json!({"PolicyId": keep, "Description": "x"}));
    protected(fixture.send(update));
    let rename: UpdateOrganizationalUnitRequest =
        request(json!({"OrganizationalUnitId": prod, "Name": "x"}));
    protected(fixture.send(rename));
    let close: CloseAccountRequest = request(json!({"AccountId": MEMBER}));
    protected(fixture.send(close));
    let put: MoveAccountRequest =
        request(json!({"AccountId": MEMBER, "SourceParentId": eu, "DestinationParentId": root}));
    protected(fixture.send(put));
    for id in [&root, &prod, &keep, MEMBER] {
        let tag: TagOrganizationsResourceRequest =
            request(json!({"ResourceId": id, "Tags": [{"Key": "k", "Value": "v"}]}));
        protected(fixture.send(tag));
    }
    let rcp = json!({"RootId": root, "PolicyType": "RESOURCE_CONTROL_POLICY"});
    protected(fixture.send(request::<EnablePolicyTypeRequest>(rcp)));
    let scp = json!({"RootId": root, "PolicyType": SCP});
    protected(fixture.send(request::<DisablePolicyTypeRequest>(scp)));
    assert_eq!(fixture.plan_file(ORGANIZATION).changes, []);
    // Others are changed as ever, also in a unit of the file.
    let put: MoveAccountRequest =
        request(json!({"AccountId": other, "SourceParentId": root, "DestinationParentId": prod}));
    fixture.send(put).unwrap();
    fixture.attach(&extra, &other).unwrap();
    let unit: CreateOrganizationalUnitRequest = request(json!({"ParentId": prod, "Name": "us"}));
    fixture.send(unit).unwrap();
    assert_eq!(fixture.plan_file(ORGANIZATION).changes, []);
}

#[test]
fn requests_do_not_remove_what_the_file_manages_of_the_organization() {
    let fixture = Fixture::new();
    let bare = "[organization]\n[[organizational_unit]]\nname = \"a\"\n[[scp]]\nname = \"p\"\n\
                text = '{\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}'\ntargets = []\n";
    fixture.apply_file(bare).unwrap();
    let unit = fixture.unit_in(&fixture.root_id());
    let unit = json!({"OrganizationalUnitId": unit});
    protected(fixture.send(request::<DeleteOrganizationalUnitRequest>(unit)));
    let policy = json!({"PolicyId": fixture.policy_named("p").unwrap()});
    protected(fixture.send(request::<DeleteOrganizationPolicyRequest>(policy)));
    protected(fixture.send(DeleteOrganizationRequest::default()));
}

#[test]
fn what_an_organization_cannot_be_is_refused_with_its_line() {
    let fixture = Fixture::new();
    let case = |rest: String, words: &'static str| (format!("[organization]\n{rest}"), words);
    let policies = |count: usize| -> String {
        let deny = r#"{"Statement":{"Effect":"Deny","Action":"kms:X","Resource":"*"}}"#;
        let one = |n| format!("[[scp]]\nname = \"p{n}\"\ntext = '{deny}'\ntargets = [\"root\"]\n");
        (0..count).map(one).collect()
    };
    let account = "[[account]]\nname = \"a\"\n";
    let email = "email = \"a@example.com\"\n";
    let cases = [
        case(
            policies(5),
            "line 18: the scp p4: root would have 6 policies of its type",
        ),
        case(
            "[[organizational_unit]]\nname = \"".to_owned() + &"x".repeat(129) + "\"",
            "name: You provided a string parameter that is longer than allowed.",
        ),
        case(
            format!("{account}email = \"nobody\""),
            "line 2: the account a: email: You provided a value",
        ),
        case(
            format!("{account}id = \"{MEMBER}\""),
            "line 2: the account a: needs email",
        ),
        case(
            format!("[[account]]\nname = \"{}\"\n{email}", "x".repeat(51)),
            "longer than allowed",
        ),
        case(
            format!("{account}{email}tags = {{ \"aws:x\" = \"1\" }}"),
            "system tag",
        ),
        case(
            "[[scp]]\nname = \"p\"\ntext = '{}'\ntargets = []".to_owned(),
            "line 2: the scp p: The provided policy document does not meet",
        ),
        case(
            format!(
                "[[rcp]]\nname = \"p\"\ntext = '{}'\ntargets = []",
                r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#
            ),
            "line 2: the rcp p: ",
        ),
        case(
            format!(
                "[[scp]]\nname = \"p\"\ntext = '{}'\ntargets = []",
                allows(&"x".repeat(6000))
            ),
            "line 2: the scp p: You attempted to create a policy that is larger",
        ),
        case(
            format!(
                "[[scp]]\nname = \"p\"\ntext = '{}'\ntargets = [\"999999999999\"]",
                allows("*")
            ),
            "line 2: the scp p: the organization has no account 999999999999",
        ),
        case(
            format!(
                "[[scp]]\nname = \"p\"\ntext = '{}'\ntargets = [\"x@y.zz\"]",
                allows("*")
            ),
            "line 2: the scp p: an address of email of its targets is that of no account",
        ),
        case(
            "[[user]]\naccount = \"x@y.zz\"\nname = \"u\"".to_owned(),
            "line 2: the user u: no account of the store has the address",
        ),
        case(
            format!(
                "{account}{email}[[user]]\naccount = \"a@example.com\"\nname = \"u\"\n[[user]]\naccount = \"A@example.com\"\nname = \"u\""
            ),
            "the user u: stands twice",
        ),
    ];
    for (text, words) in cases {
        let refused = fixture.apply_file(&text).unwrap_err();
        assert!(refused.contains(words), "{text}: {refused}");
        assert!(
            fixture
                .send(DescribeOrganizationRequest::default())
                .is_err()
        );
    }
}

#[test]
fn a_closed_account_and_the_address_of_another_are_refused() {
    let fixture = Fixture::new();
    fixture.send(CreateOrganizationRequest::default()).unwrap();
    let closed = fixture.new_account("closed");
    let other = fixture.new_account("other");
    let close: CloseAccountRequest = request(json!({"AccountId": closed}));
    fixture.send(close).unwrap();
    let file = |members: &str| format!("[organization]\n[[account]]\nname = \"a\"\n{members}\n");
    let by_email = fixture.apply_file(&file("email = \"closed@example.com\""));
    let by_email = by_email.unwrap_err();
    assert!(
        by_email.contains(&format!("the account {closed} is closed")),
        "{by_email}"
    );
    let by_number = file(&format!("id = \"{closed}\"\nemail = \"a@example.com\""));
    let by_number = fixture.apply_file(&by_number).unwrap_err();
    assert!(by_number.contains("is closed"), "{by_number}");
    let taken = file(&format!("id = \"{MEMBER}\"\nemail = \"Other@example.com\""));
    let taken = fixture.apply_file(&taken).unwrap_err();
    assert!(
        taken.contains("line 2: the account a: its address of email would be that")
            && taken.contains(&other),
        "{taken}"
    );
    assert!(!taken.contains('@'), "{taken}");
}
