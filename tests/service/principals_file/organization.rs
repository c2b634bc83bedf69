//! The organization of a principals file.

use kms_core::api::OrganizationsCode;
use kms_core::service::{
    AttachOrganizationPolicyRequest, CloseAccountRequest, CreateAccountRequest,
    CreateOrganizationPolicyRequest, CreateOrganizationRequest, CreateOrganizationalUnitRequest,
    DeleteOrganizationPolicyRequest, DeleteOrganizationRequest, DeleteOrganizationalUnitRequest,
    DescribeOrganizationRequest, DetachOrganizationPolicyRequest, DisablePolicyTypeRequest,
    EnablePolicyTypeRequest, ListAccountsRequest, ListChildrenRequest,
    ListOrganizationPoliciesRequest, ListPoliciesForTargetRequest, ListRootsRequest,
    MoveAccountRequest, TagOrganizationsResourceRequest, UpdateOrganizationPolicyRequest,
    UpdateOrganizationalUnitRequest,
};
use serde_json::{Value, json};

use super::*;

mod refusals;

const MEMBER: &str = "222233334444";
const SCP: &str = "SERVICE_CONTROL_POLICY";

/// Two units in one another, an account with a number and one without, and who works in them.
const ORGANIZATION: &str = r#"
[organization]
tags = { team = "x" }

[[organizational_unit]]
name = "prod"

[[organizational_unit]]
name = "eu"
parent = "root/prod"
tags = { team = "x" }

[[account]]
id = "222233334444"
name = "team-a"
email = "team-a@example.com"
parent = "root/prod/eu"

[[account]]
name = "team-b"
email = "team-b@example.com"

[[scp]]
name = "keep"
description = "keys stay"
text = '{"Statement":{"Effect":"Deny","Action":"kms:DisableKey","Resource":"*"}}'
targets = ["root/prod", "team-b@example.com"]

[[user]]
account = "team-b@example.com"
name = "ci"
"#;

/// The same file, which knows `team-b` by its number.
fn numbered(id: &str) -> String {
    let name = "name = \"team-b\"";
    ORGANIZATION.replace(name, &format!("id = \"{id}\"\n{name}"))
}

fn request<R: serde::de::DeserializeOwned>(members: Value) -> R {
    serde_json::from_value(members).unwrap()
}

fn as_json<T: serde::Serialize>(answer: &T) -> Value {
    serde_json::to_value(answer).unwrap()
}

/// What is done to which part or entity, in a word each.
fn told(outcome: &PrincipalsOutcome) -> Vec<String> {
    let one = |change: &kms_core::service::PrincipalChange| {
        let sign = sign(change.action);
        let name = change.name.clone();
        format!(
            "{sign}{} {}",
            change.kind,
            name.unwrap_or_else(|| change.arn.clone())
        )
    };
    outcome.changes.iter().map(one).collect()
}

/// What becomes of the fields of everything, with documents left out.
fn moved(outcome: &PrincipalsOutcome) -> Vec<String> {
    let all = outcome.changes.iter().flat_map(|change| {
        let of = change.name.clone().unwrap_or_default();
        let fields = change.fields.iter();
        fields.map(move |field| match (&field.before, &field.after) {
            (None, _) => format!("{of} +{}", field.name),
            (Some(_), None) => format!("{of} -{}", field.name),
            (Some(before), Some(after)) if before.len() + after.len() < 40 => {
                format!("{of} {} {before} -> {after}", field.name)
            }
            _ => format!("{of} {}", field.name),
        })
    });
    all.collect()
}

impl Fixture {
    fn root_id(&self) -> String {
        let roots = self.send(ListRootsRequest::default()).unwrap();
        roots.roots[0].id.to_string()
    }

    /// The ids of the units or accounts in something, by name.
    fn inside(&self, parent: &str, kind: &str) -> Vec<String> {
        let list: ListChildrenRequest = request(json!({"ParentId": parent, "ChildType": kind}));
        let answer = as_json(&self.send(list).unwrap());
        let children = answer["Children"].as_array().unwrap();
        let ids = children.iter().map(|child| child["Id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }

    fn unit_in(&self, parent: &str) -> String {
        let units = self.inside(parent, "ORGANIZATIONAL_UNIT");
        assert_eq!(units.len(), 1, "{units:?}");
        units[0].clone()
    }

    /// Number by name of every account.
    fn account_named(&self, name: &str) -> Option<String> {
        let answer = as_json(&self.send(ListAccountsRequest::default()).unwrap());
        let accounts = answer["Accounts"].as_array().unwrap();
        let account = accounts.iter().find(|account| account["Name"] == name)?;
        Some(account["Id"].as_str().unwrap().to_owned())
    }

    /// The names of the service control policies of a target.
    fn attached(&self, target: &str) -> Vec<String> {
        let list: ListPoliciesForTargetRequest =
            request(json!({"TargetId": target, "Filter": SCP}));
        let answer = as_json(&self.send(list).unwrap());
        let policies = answer["Policies"].as_array().unwrap();
        let mut names: Vec<_> = policies
            .iter()
            .map(|policy| policy["Name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    fn policy_named(&self, name: &str) -> Option<String> {
        let list: ListOrganizationPoliciesRequest = request(json!({"Filter": SCP}));
        let answer = as_json(&self.send(list).unwrap());
        let policies = answer["Policies"].as_array().unwrap();
        let policy = policies.iter().find(|policy| policy["Name"] == name)?;
        Some(policy["Id"].as_str().unwrap().to_owned())
    }

    fn new_account(&self, name: &str) -> String {
        let create: CreateAccountRequest =
            request(json!({"AccountName": name, "Email": format!("{name}@example.com")}));
        let status = self.send(create).unwrap().create_account_status;
        status.account_id.unwrap().to_string()
    }

    fn new_control_policy(&self, name: &str) -> String {
        let create: CreateOrganizationPolicyRequest = request(json!({
            "Name": name, "Description": "", "Type": SCP,
            "Content": r#"{"Statement":{"Effect":"Deny","Action":"kms:EnableKey","Resource":"*"}}"#,
        }));
        let made = self.send(create).unwrap();
        made.policy.policy_summary.id.to_string()
    }

    fn attach(&self, policy: &str, target: &str) -> Result<(), Error> {
        let attach: AttachOrganizationPolicyRequest =
            request(json!({"PolicyId": policy, "TargetId": target}));
        self.send(attach).map(drop)
    }
}

#[test]
fn an_apply_makes_the_organization_and_says_nothing_twice() {
    let mut fixture = Fixture::new();
    let planned = fixture.plan_file(ORGANIZATION);
    let expected = [
        "+organization root",
        "+organizational_unit root/prod",
        "+organizational_unit root/prod/eu",
        "+account management",
        "+account team-a",
        "+account team-b",
        "+scp keep",
        "+role arn:aws:iam::222233334444:role/OrganizationAccountAccessRole",
        "+role arn:aws:iam::team-b@example.com:role/OrganizationAccountAccessRole",
        "+user arn:aws:iam::team-b@example.com:user/ci",
    ];
    assert_eq!(told(&planned), expected);
    let told_ids: Vec<&String> = planned.changes.iter().map(|change| &change.arn).collect();
    assert_eq!(told_ids[1], "arn:aws:organizations::111122223333:ou/*/*");
    assert!(
        fixture
            .send(DescribeOrganizationRequest::default())
            .is_err()
    );
    let applied = fixture.apply_file(ORGANIZATION).unwrap();
    assert_eq!(applied.changes.len(), planned.changes.len());
    assert_eq!(fixture.apply_file(ORGANIZATION).unwrap().changes, []);
    fixture.reopen();
    assert_eq!(fixture.plan_file(ORGANIZATION).changes, []);
    let root = fixture.root_id();
    let prod = fixture.unit_in(&root);
    let eu = fixture.unit_in(&prod);
    assert_eq!(fixture.inside(&eu, "ACCOUNT"), [MEMBER]);
    assert_eq!(fixture.attached(&prod), ["FullAWSAccess", "keep"]);
    assert_eq!(fixture.attached(&eu), ["FullAWSAccess"]);
    let drawn = fixture.account_named("team-b").unwrap();
    assert_eq!(fixture.attached(&drawn), ["FullAWSAccess", "keep"]);
    assert_eq!(fixture.attached(MEMBER), ["FullAWSAccess"]);
}

#[test]
fn what_the_file_limits_is_denied_until_the_file_allows_it() {
    let fixture = Fixture::new();
    fixture.apply_file(ORGANIZATION).unwrap();
    let root_user = call(MEMBER);
    let made = fixture.send_as(&root_user, CreateKeyRequest::default());
    let key_id = made.unwrap().key_metadata.key_id.to_string();
    let disable = || DisableKeyRequest {
        key_id: Some(key_id.clone()),
    };
    match fixture.send_as(&root_user, disable()).unwrap_err() {
        Error::AccessDenied(message) => {
            assert!(message.contains("service control policy"), "{message}");
        }
        other => panic!("{other}"),
    }
    let changed = ORGANIZATION.replace("kms:DisableKey", "kms:DeleteAlias");
    assert_eq!(told(&fixture.apply_file(&changed).unwrap()), ["~scp keep"]);
    fixture.send_as(&root_user, disable()).unwrap();
}

#[test]
fn the_record_of_an_apply_names_the_changes_and_no_address() {
    let fixture = Fixture::new();
    fixture.apply_file(ORGANIZATION).unwrap();
    let record = fixture.lines().pop().unwrap();
    let changes = record["responseElements"]["changes"].as_array().unwrap();
    let account = changes
        .iter()
        .find(|change| change["uniqueId"] == MEMBER)
        .unwrap();
    assert_eq!(
        (&account["action"], &account["kind"]),
        (&json!("create"), &json!("account"))
    );
    let parent = json!({"name": "parent", "after": "root/prod/eu"});
    assert!(
        account["fields"].as_array().unwrap().contains(&parent),
        "{account}"
    );
    let text = serde_json::to_string(&fixture.lines()).unwrap();
    assert!(
        !text.contains("@example.com") && text.contains("****"),
        "{text}"
    );
}

#[test]
fn moves_attachments_and_names_change_and_ids_stay() {
    let fixture = Fixture::new();
    fixture.apply_file(ORGANIZATION).unwrap();
    let drawn = fixture.account_named("team-b").unwrap();
    let policy = fixture.policy_named("keep").unwrap();
    let changed = ORGANIZATION
        .replace(
            "name = \"team-b\"\n",
            "name = \"B\"\nparent = \"root/prod\"\n",
        )
        .replace(
            "\"root/prod\", \"team-b@",
            "\"root/prod/eu\", \"root\", \"team-b@",
        );
    let changes = fixture.apply_file(&changed).unwrap();
    assert_eq!(
        moved(&changes),
        [
            "root +scp/keep",
            "root/prod -scp/keep",
            "root/prod/eu +scp/keep",
            "B name team-b -> B",
            "B parent root -> root/prod",
        ]
    );
    assert_eq!(fixture.account_named("B").unwrap(), drawn);
    assert_eq!(fixture.policy_named("keep").unwrap(), policy);
    // The number that was drawn can be written down later, and the address changes with it.
    let numbered = changed
        .replace(
            "name = \"B\"\n",
            &format!("name = \"B\"\nid = \"{drawn}\"\n"),
        )
        .replace("team-b@example.com", "b@example.com");
    let changes = fixture.apply_file(&numbered).unwrap();
    assert_eq!(fields(&changes), ["email"]);
}

#[test]
fn what_left_the_file_goes_and_accounts_stay() {
    let fixture = Fixture::new();
    fixture.apply_file(ORGANIZATION).unwrap();
    let without = "[organization]\n[[organizational_unit]]\nname = \"prod\"\n";
    let refused = fixture.apply_file(without).unwrap_err();
    assert!(
        refused.contains("the organizational_unit root/prod/eu is not in the file any more")
            && refused.contains("the account 222233334444 is still in it"),
        "{refused}"
    );
    let moved_up = format!(
        "{without}[[account]]\nid = \"{MEMBER}\"\nname = \"team-a\"\nemail = \"team-a@example.com\"\n"
    );
    let changes = fixture.apply_file(&moved_up).unwrap();
    let drawn = fixture.account_named("team-b").unwrap();
    assert_eq!(
        told(&changes),
        [
            "~organization root".to_owned(),
            "~organizational_unit root/prod".to_owned(),
            "-organizational_unit root/prod/eu".to_owned(),
            "~account team-a".to_owned(),
            "!account team-b".to_owned(),
            "-scp keep".to_owned(),
            format!("-user arn:aws:iam::{drawn}:user/ci"),
        ]
    );
    assert_eq!(fixture.attached(&drawn), ["FullAWSAccess"]);
    assert!(fixture.policy_named("keep").is_none());
    // It is the requests' again.
    let close: CloseAccountRequest = request(json!({"AccountId": drawn}));
    fixture.send(close).unwrap();
    assert_eq!(fixture.plan_file(&moved_up).changes, []);
}

#[test]
fn a_file_without_an_organization_lets_go_of_it_and_it_goes_on_counting() {
    let fixture = Fixture::new();
    fixture.apply_file(ORGANIZATION).unwrap();
    let prod = fixture.unit_in(&fixture.root_id());
    let without = "[[user]]\nname = \"bob\"\n";
    let changes = told(&fixture.apply_file(without).unwrap());
    assert!(
        changes.starts_with(&["!organization root".to_owned()]),
        "{changes:?}"
    );
    assert!(changes.contains(&"!scp keep".to_owned()), "{changes:?}");
    assert_eq!(fixture.attached(&prod), ["FullAWSAccess", "keep"]);
    let root_user = call(MEMBER);
    let key = fixture.send_as(&root_user, CreateKeyRequest::default());
    let key_id = Some(key.unwrap().key_metadata.key_id.to_string());
    let disabled = fixture.send_as(&root_user, DisableKeyRequest { key_id });
    assert_eq!(code(disabled), "AccessDeniedException");
    let policy = fixture.policy_named("keep").unwrap();
    let detach: DetachOrganizationPolicyRequest =
        request(json!({"PolicyId": policy, "TargetId": prod}));
    fixture.send(detach).unwrap();
    // And it can be taken over again.
    let numbered = numbered(&fixture.account_named("team-b").unwrap());
    let changes = told(&fixture.apply_file(&numbered).unwrap());
    assert!(
        changes.contains(&"=organizational_unit root/prod".to_owned()),
        "{changes:?}"
    );
    assert_eq!(fixture.attached(&prod), ["FullAWSAccess", "keep"]);
}

#[test]
fn what_requests_made_is_taken_over_as_it_is_or_left_alone() {
    let fixture = Fixture::new();
    fixture.send(CreateOrganizationRequest::default()).unwrap();
    let root = fixture.root_id();
    let made = fixture.new_account("team-b");
    let other = fixture.new_account("other");
    let extra = fixture.new_control_policy("extra");
    fixture.attach(&extra, &made).unwrap();
    fixture.attach(&extra, &other).unwrap();
    let unit: CreateOrganizationalUnitRequest = request(json!({"ParentId": root, "Name": "prod"}));
    let unit = fixture.send(unit).unwrap().organizational_unit.id;
    // Whoever made the account chose who may enter it: an address alone does not take it over.
    let refused = fixture.apply_file(ORGANIZATION).unwrap_err();
    assert!(refused.contains("give it as id"), "{refused}");
    let numbered = numbered(&made);
    let changes = fixture.apply_file(&numbered).unwrap();
    let changes_told = told(&changes);
    for adopted in [
        "=organization root",
        "=organizational_unit root/prod",
        "=account team-b",
    ] {
        assert!(
            changes_told.contains(&adopted.to_owned()),
            "{changes_told:?}"
        );
    }
    assert!(moved(&changes).contains(&"team-b -scp/extra".to_owned()));
    assert_eq!(fixture.unit_in(&root), unit.to_string());
    assert_eq!(fixture.account_named("team-b").unwrap(), made);
    assert_eq!(fixture.attached(&other), ["FullAWSAccess", "extra"]);
    // A policy of the file is attached to what it does not manage, and nowhere else.
    let targeted = numbered.replace("\"root/prod\", ", &format!("\"{other}\", "));
    let changes = fixture.apply_file(&targeted).unwrap();
    assert_eq!(
        told(&changes),
        ["~organizational_unit root/prod", "~account other"]
    );
    assert_eq!(fixture.attached(&other), ["FullAWSAccess", "extra", "keep"]);
    fixture.apply_file(&numbered).unwrap();
    assert_eq!(fixture.attached(&other), ["FullAWSAccess", "extra"]);
}

#[test]
fn types_of_policies_count_as_the_file_says() {
    let fixture = Fixture::new();
    let types = |types: &str, rest: &str| {
        ORGANIZATION.replace(
            "[organization]\n",
            &format!("[organization]\npolicy_types = [{types}]\n"),
        ) + rest
    };
    let rcp = r#"
[[rcp]]
name = "inside"
text = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*"}}'
targets = ["222233334444"]
"#;
    let both = types(
        "\"SERVICE_CONTROL_POLICY\", \"RESOURCE_CONTROL_POLICY\"",
        rcp,
    );
    fixture.apply_file(ORGANIZATION).unwrap();
    let root_user = call(MEMBER);
    let key = fixture.send_as(&root_user, CreateKeyRequest::default());
    let key = key.unwrap().key_metadata.arn.to_string();
    fixture.send_as(&root_user, encrypt(&key, &[])).unwrap();
    // What allows everything is told where it is not: enabling a type is a change of the root alone.
    let changes = fixture.apply_file(&both).unwrap();
    assert_eq!(
        told(&changes),
        ["~organization root", "~account team-a", "+rcp inside"]
    );
    let refused = fixture.send_as(&root_user, encrypt(&key, &[]));
    assert_eq!(code(refused), "AccessDeniedException");
    let none = types("", "").replace("[\"root/prod\", \"team-b@example.com\"]", "[]");
    fixture.apply_file(&none).unwrap();
    fixture.send_as(&root_user, encrypt(&key, &[])).unwrap();
    assert_eq!(fixture.attached(&fixture.root_id()), [""; 0]);
    assert_eq!(fixture.plan_file(&none).changes, []);
    fixture.apply_file(ORGANIZATION).unwrap();
    assert_eq!(fixture.attached(&fixture.root_id()), ["FullAWSAccess"]);
}

#[test]
fn full_access_is_where_the_file_says() {
    let fixture = Fixture::new();
    let only = r#"
[[scp]]
name = "use"
text = '{"Statement":{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*"}}'
targets = ["222233334444"]

[[scp]]
name = "FullAWSAccess"
targets = ["root", "root/prod", "root/prod/eu", "team-b@example.com"]
"#;
    let text = format!("{ORGANIZATION}{only}");
    let changes = moved(&fixture.apply_file(&text).unwrap());
    let told = "team-a +scp/FullAWSAccess".to_owned();
    assert!(changes.contains(&told), "{changes:?}");
    assert_eq!(fixture.attached(MEMBER), ["use"]);
    let created = fixture.send_as(&call(MEMBER), CreateKeyRequest::default());
    assert_eq!(code(created), "AccessDeniedException");
    let exported = write(&fixture.send(ExportPrincipalsRequest::default()).unwrap());
    assert!(exported.contains("name = \"FullAWSAccess\""), "{exported}");
    fixture.apply_file(ORGANIZATION).unwrap();
    assert_eq!(fixture.attached(MEMBER), ["FullAWSAccess"]);
    // One of them has to be left, or nobody of the account could do anything.
    let nothing = text.replace("[\"222233334444\"]", "[]");
    let refused = fixture.apply_file(&nothing).unwrap_err();
    assert!(
        refused.contains("line 2: the organization: the account team-a would have no service"),
        "{refused}"
    );
}

#[test]
fn a_plan_of_an_export_changes_nothing_of_the_organization() {
    let fixture = Fixture::new();
    let text = format!(
        "{}[[organizational_unit]]\nname = \"50% a/b\"\nparent = \"root/prod\"\n",
        ORGANIZATION.replace("[organization]\n", "[organization]\npolicy_types = [\"SERVICE_CONTROL_POLICY\", \"RESOURCE_CONTROL_POLICY\"]\n")
    );
    fixture.apply_file(&text).unwrap();
    let export = |access_roles| {
        let file = fixture.send(ExportPrincipalsRequest { access_roles });
        write(&file.unwrap())
    };
    let planned = fixture.plan_file(&export(false));
    // The management account alone had no table.
    assert_eq!(told(&planned), ["=account management"]);
    assert_eq!(fields(&planned), [""; 0]);
    assert!(!export(false).contains("OrganizationAccountAccessRole"));
    let with_roles = export(true);
    let planned = told(&fixture.plan_file(&with_roles));
    assert_eq!(planned.len(), 3, "{planned:?}");
    // A role that the file manages would go with the table.
    fixture.apply_file(&with_roles).unwrap();
    assert!(export(false).contains("OrganizationAccountAccessRole"));
    assert_eq!(fixture.plan_file(&export(false)).changes, []);
    // What no file manages is taken over as it is; closed accounts are in no file.
    let other = fixture.new_account("other");
    let extra = fixture.new_control_policy("extra");
    fixture.attach(&extra, &other).unwrap();
    let planned = fixture.plan_file(&export(false));
    assert_eq!(told(&planned), ["=account other", "=scp extra"]);
    assert_eq!(fields(&planned), [""; 0]);
    let close: CloseAccountRequest = request(json!({"AccountId": other}));
    fixture.send(close).unwrap();
    let planned = fixture.plan_file(&export(false));
    assert_eq!(told(&planned), ["=scp extra"]);
}

#[test]
fn a_role_of_the_file_takes_the_place_of_the_access_role() {
    let fixture = Fixture::new();
    let trust = trusts("arn:aws:iam::111122223333:root");
    let text = format!(
        "{ORGANIZATION}[[role]]\naccount = \"{MEMBER}\"\nname = \"OrganizationAccountAccessRole\"\ntrust = '{trust}'\n"
    );
    let planned = told(&fixture.plan_file(&text));
    let named = format!("+role arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole");
    assert_eq!(
        planned.iter().filter(|one| **one == named).count(),
        1,
        "{planned:?}"
    );
    fixture.apply_file(&text).unwrap();
    assert_eq!(fixture.plan_file(&text).changes, []);
}
