//! Who may administer an organization, and what is refused.

use super::*;

#[test]
fn something_that_allows_stays_attached_and_no_more_than_five() {
    let all = Accounts::new();
    let (one, _) = all.account("one");
    let full = "p-FullAWSAccess";
    assert_eq!(
        reason(all.detach(full, one.as_str())),
        "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    );
    assert_eq!(
        refusal(all.attach(full, one.as_str())),
        OrganizationsCode::DuplicatePolicyAttachmentException
    );
    for _ in 0..4 {
        all.limit(one.as_str(), "kms:ListKeys");
    }
    let sixth = all.policy(SCP, &document("Deny", json!({"Action": "kms:ListKeys"})));
    assert_eq!(
        reason(all.attach(&sixth, one.as_str())),
        "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
    );
    assert_eq!(
        refusal(all.detach(&sixth, one.as_str())),
        OrganizationsCode::PolicyNotAttachedException
    );
    all.enable_rcps();
    let managed = all.detach("p-RCPFullAWSAccess", one.as_str());
    assert_eq!(reason(managed), "NON_DETACHABLE_POLICY");
}

#[test]
fn only_the_management_account_administers_and_only_as_its_policies_say() {
    let all = Accounts::new();
    let (one, root) = all.account("one");
    let describe = |who: &CallContext| {
        let answer = all
            .fixture
            .send_as(who, DescribeOrganizationRequest::default());
        answer.map(|answer| answer.organization.master_account_id.to_string())
    };
    assert_eq!(describe(&root).unwrap(), "111122223333");
    let list = |who: &CallContext| all.fixture.send_as(who, ListAccountsRequest::default());
    assert_eq!(
        refusal(list(&root)),
        OrganizationsCode::AccessDeniedException
    );
    let again = all
        .fixture
        .send_as(&root, CreateOrganizationRequest::default());
    assert_eq!(
        refusal(again),
        OrganizationsCode::AlreadyInOrganizationException
    );
    let unit = format!(
        "arn:aws:organizations::111122223333:ou/{}/{}",
        all.fixture
            .send(DescribeOrganizationRequest::default())
            .unwrap()
            .organization
            .id,
        all.unit
    );
    let user = all.user_of(&all.fixture.call, "user", &[]);
    denied(list(&user));
    let put = PutUserPolicyRequest {
        user_name: "user".parse().unwrap(),
        policy_name: "p".parse().unwrap(),
        policy_document: document(
            "Allow",
            json!({"Action": "organizations:*", "Resource": [unit]}),
        ),
    };
    all.fixture.send(put).unwrap();
    denied(list(&user));
    let limit = all.limit(one.as_str(), "kms:ListKeys");
    let attach: AttachOrganizationPolicyRequest =
        request(json!({"PolicyId": limit, "TargetId": all.unit}));
    // On the unit it may, on the policy it may not.
    denied(all.fixture.send_as(&user, attach));
    let delete: DeleteOrganizationalUnitRequest =
        request(json!({"OrganizationalUnitId": all.unit}));
    all.fixture.send_as(&user, delete).unwrap();
    let line = all.fixture.lines().pop().unwrap();
    assert_eq!(line["eventSource"], "organizations.amazonaws.com");
    assert_eq!(line["eventName"], "DeleteOrganizationalUnit");
    assert_eq!(
        line["requestParameters"]["organizationalUnitId"],
        json!(all.unit)
    );
}

#[test]
fn a_store_without_an_organization_says_so() {
    let fixture = Fixture::new();
    assert_eq!(
        refusal(fixture.send(ListRootsRequest::default())),
        OrganizationsCode::AWSOrganizationsNotInUseException
    );
    let create: CreateOrganizationRequest = request(json!({"FeatureSet": "CONSOLIDATED_BILLING"}));
    assert_eq!(
        reason(fixture.send(create)),
        "CREATE_ORGANIZATION_IN_BILLING_MODE_UNSUPPORTED_REGION"
    );
    fixture.send(CreateOrganizationRequest::default()).unwrap();
    fixture.send(DeleteOrganizationRequest::default()).unwrap();
    assert_eq!(
        refusal(fixture.send(ListRootsRequest::default())),
        OrganizationsCode::AWSOrganizationsNotInUseException
    );
}

#[test]
fn an_address_makes_one_account_and_the_ledger_does_not_tell_it() {
    let all = Accounts::new();
    all.account("one");
    let again: CreateAccountRequest =
        request(json!({"Email": "ONE@example.com", "AccountName": "again"}));
    let status = all.fixture.send(again).unwrap().create_account_status;
    assert_eq!((status.state, status.account_id), ("FAILED", None));
    assert_eq!(
        status.failure_reason.as_deref(),
        Some("EMAIL_ALREADY_EXISTS")
    );
    let lines = all.fixture.lines();
    assert!(
        lines
            .iter()
            .all(|line| !line.to_string().contains("example.com"))
    );
    let created = lines
        .iter()
        .filter(|line| line["eventName"] == "CreateAccount");
    let own = "organizations.amazonaws.com";
    assert_eq!(created.filter(|line| line["eventSource"] == own).count(), 2);
}

#[test]
fn what_is_malformed_or_there_already_is_refused() {
    let all = Accounts::new();
    let create = |members: Value| {
        let create: CreateOrganizationPolicyRequest = request(members);
        all.fixture.send(create)
    };
    let good = document("Deny", json!({"Action": "kms:*"}));
    let members = |name: &str, kind: &str, content: &str| json!({"Name": name, "Type": kind, "Content": content, "Description": ""});
    create(members("x", SCP, &good)).unwrap();
    assert_eq!(
        refusal(create(members("x", SCP, &good))),
        OrganizationsCode::DuplicatePolicyException
    );
    let allow = document("Allow", json!({"Action": "kms:*", "Principal": "*"}));
    for (kind, content) in [(SCP, "{}"), (SCP, allow.as_str()), (RCP, allow.as_str())] {
        assert_eq!(
            refusal(create(members("y", kind, content))),
            OrganizationsCode::MalformedPolicyDocumentException
        );
    }
    let long = good.replace("kms:*", &format!("kms:{}", "a".repeat(5200)));
    assert_eq!(
        reason(create(members("y", SCP, &long))),
        "POLICY_CONTENT_LIMIT_EXCEEDED"
    );
    assert_eq!(
        reason(create(members("y", "NONE", &good))),
        "INVALID_ENUM_POLICY_TYPE"
    );
    assert_eq!(reason(create(json!({"Name": "y"}))), "INPUT_REQUIRED");
    assert_eq!(
        refusal(create(members("y", "TAG_POLICY", "{}"))),
        OrganizationsCode::PolicyTypeNotAvailableForOrganizationException
    );
    let unit = |parent: &str, name: &str| {
        let create: CreateOrganizationalUnitRequest =
            request(json!({"ParentId": parent, "Name": name}));
        all.fixture.send(create)
    };
    assert_eq!(
        refusal(unit(&all.root, "prod")),
        OrganizationsCode::DuplicateOrganizationalUnitException
    );
    assert_eq!(
        refusal(unit("r-zzzz9", "a")),
        OrganizationsCode::ParentNotFoundException
    );
    assert_eq!(reason(unit("prod", "a")), "INVALID_PATTERN");
    let mut parent = all.unit.clone();
    for depth in 2..=5 {
        let made = unit(&parent, &depth.to_string()).unwrap();
        parent = made.organizational_unit.id.to_string();
    }
    assert_eq!(reason(unit(&parent, "6")), "OU_DEPTH_LIMIT_EXCEEDED");
}
