//! Several accounts in one store: who reaches whose keys, what service and resource control
//! policies do to them, and what a closed account is.

use kms_core::api::OrganizationsCode;
use kms_core::api::query::{Form, FromForm};
use kms_core::ids::AccountId;
use kms_core::service::{
    AssumeRoleRequest, AttachOrganizationPolicyRequest, CloseAccountRequest, CreateAccountRequest,
    CreateOrganizationPolicyRequest, CreateOrganizationRequest, CreateOrganizationalUnitRequest,
    CreateUserRequest, DeleteOrganizationRequest, DeleteOrganizationalUnitRequest,
    DescribeOrganizationRequest, DetachOrganizationPolicyRequest, DisablePolicyTypeRequest,
    EnablePolicyTypeRequest, ListAccountsRequest, ListRootsRequest, MoveAccountRequest,
    UpdateOrganizationPolicyRequest,
};
use serde_json::{Value, json};

use super::*;

mod administration;
mod explained;

const SCP: &str = "SERVICE_CONTROL_POLICY";
const RCP: &str = "RESOURCE_CONTROL_POLICY";

fn request<R: serde::de::DeserializeOwned>(members: Value) -> R {
    serde_json::from_value(members).unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> OrganizationsCode {
    result.unwrap_err().organizations_code()
}

fn reason<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    refusal(result).reason().unwrap()
}

fn denied<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result.unwrap_err() {
        Error::AccessDenied(message) => message,
        other => panic!("{other}"),
    }
}

/// An identity policy, service control policy, or resource control policy of one statement.
fn document(effect: &str, more: Value) -> String {
    let mut statement = json!({"Effect": effect, "Resource": "*"});
    statement
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// A store with an organization, and a unit in its root.
struct Accounts {
    fixture: Fixture,
    root: String,
    unit: String,
}

impl Accounts {
    fn new() -> Self {
        let fixture = Fixture::new();
        fixture.send(CreateOrganizationRequest::default()).unwrap();
        let roots = fixture.send(ListRootsRequest::default()).unwrap();
        let root = roots.roots[0].id.to_string();
        let unit: CreateOrganizationalUnitRequest =
            request(json!({"ParentId": root, "Name": "prod"}));
        let unit = fixture.send(unit).unwrap().organizational_unit.id;
        Self {
            root,
            unit: unit.to_string(),
            fixture,
        }
    }

    /// A new account, in the root: its id and its root user.
    fn account(&self, name: &str) -> (AccountId, CallContext) {
        let email = format!("{name}@example.com");
        let status = self.fixture.send(request::<CreateAccountRequest>(
            json!({"Email": email, "AccountName": name}),
        ));
        let id = status.unwrap().create_account_status.account_id.unwrap();
        let call = call(id.as_str());
        (id, call)
    }

    fn key_of(&self, owner: &CallContext, policy: Option<String>) -> String {
        let create = CreateKeyRequest {
            policy,
            ..CreateKeyRequest::default()
        };
        let made = self.fixture.send_as(owner, create).unwrap();
        made.key_metadata.arn.to_string()
    }

    fn policy(&self, kind: &str, content: &str) -> String {
        let name = format!("p{}", self.fixture.lines().len());
        let create: CreateOrganizationPolicyRequest =
            request(json!({"Content": content, "Description": "", "Name": name, "Type": kind}));
        let made = self.fixture.send(create).unwrap();
        made.policy.policy_summary.id.to_string()
    }

    fn attach(&self, policy: &str, target: &str) -> Result<(), Error> {
        let attach: AttachOrganizationPolicyRequest =
            request(json!({"PolicyId": policy, "TargetId": target}));
        self.fixture.send(attach).map(drop)
    }

    fn detach(&self, policy: &str, target: &str) -> Result<(), Error> {
        let detach: DetachOrganizationPolicyRequest =
            request(json!({"PolicyId": policy, "TargetId": target}));
        self.fixture.send(detach).map(drop)
    }

    /// Denies actions to the principals of a target by a service control policy: its id.
    fn limit(&self, target: &str, action: &str) -> String {
        let policy = self.policy(SCP, &document("Deny", json!({"Action": action})));
        self.attach(&policy, target).unwrap();
        policy
    }

    fn enable_rcps(&self) {
        let enable: EnablePolicyTypeRequest =
            request(json!({"RootId": self.root, "PolicyType": RCP}));
        self.fixture.send(enable).unwrap();
    }

    fn move_to_unit(&self, account: &AccountId) {
        let moved: MoveAccountRequest = request(json!({
            "AccountId": account, "SourceParentId": self.root, "DestinationParentId": self.unit,
        }));
        self.fixture.send(moved).unwrap();
    }

    fn close(&self, account: &AccountId) -> Result<(), Error> {
        let close: CloseAccountRequest = request(json!({"AccountId": account}));
        self.fixture.send(close).map(drop)
    }

    fn user_of(&self, root: &CallContext, name: &str, allowed: &[&str]) -> CallContext {
        let create = CreateUserRequest::new(name.parse().unwrap());
        let user = self.fixture.send_as(root, create).unwrap().0;
        if !allowed.is_empty() {
            let put = PutUserPolicyRequest {
                user_name: name.parse().unwrap(),
                policy_name: "p".parse().unwrap(),
                policy_document: document("Allow", json!({"Action": allowed})),
            };
            self.fixture.send_as(root, put).unwrap();
        }
        let credential = Credential::StoreOwner(name.to_owned());
        CallContext {
            caller: Caller::assume_authenticated(user.principal(), credential),
            ..root.clone()
        }
    }

    /// A session of the role by which the management account reaches another.
    fn administrator_of(&self, account: &AccountId) -> Result<CallContext, Error> {
        let name = format!("admin{}", self.fixture.lines().len());
        let user = self.user_of(&self.fixture.call, &name, &["sts:AssumeRole"]);
        self.session(
            &user,
            &format!("arn:aws:iam::{account}:role/OrganizationAccountAccessRole"),
        )
    }

    fn session(&self, who: &CallContext, role: &str) -> Result<CallContext, Error> {
        let role = role.replace(':', "%3A").replace('/', "%2F");
        let body = format!("RoleArn={role}&RoleSessionName=sess");
        let assume =
            AssumeRoleRequest::from_form(&mut Form::parse(body.as_bytes()).unwrap()).unwrap();
        let session = self.fixture.send_as(who, assume)?;
        let given = session.credentials();
        let token = given.session_token.expose();
        let found = self
            .fixture
            .engine()
            .credential(&given.access_key_id, Some(token));
        Ok(CallContext {
            caller: found
                .unwrap()
                .and_then(|found| found.into_caller(self.fixture.clock.now()))
                .unwrap(),
            ..self.fixture.call.clone()
        })
    }

    fn encrypt(&self, who: &CallContext, key: &str) -> Result<EncryptResponse, Error> {
        self.fixture.send_as(who, encrypt(key, &[]))
    }
}

fn open_to(account: &AccountId, owner: &AccountId) -> String {
    let allow = |account: &AccountId, action: &str| {
        json!({
            "Effect": "Allow", "Action": action, "Resource": "*",
            "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
        })
    };
    let statements = [allow(owner, "kms:*"), allow(account, "kms:Encrypt")];
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[test]
fn accounts_see_their_own_keys_alone_and_are_there_after_reopening() {
    let mut all = Accounts::new();
    let (_, one) = all.account("one");
    let (_, two) = all.account("two");
    let key = all.key_of(&one, None);
    all.fixture.reopen();
    let listed = |who| {
        let list = ListKeysRequest::default();
        all.fixture.send_as(who, list).unwrap().keys.len()
    };
    assert_eq!(
        [listed(&one), listed(&two), listed(&all.fixture.call)],
        [1, 0, 0]
    );
    all.encrypt(&one, &key).unwrap();
    let message = denied(all.encrypt(&two, &key));
    assert!(
        message.contains("the resource does not exist in this Region"),
        "{message}"
    );
    let accounts = all.fixture.send(ListAccountsRequest::default()).unwrap();
    assert_eq!(accounts.accounts.len(), 3);
    let first = all.fixture.engine().default_account().unwrap();
    assert_eq!(first.id.as_str(), "111122223333");
}

#[test]
fn a_key_of_another_account_needs_its_policy_and_the_user_s_own() {
    let all = Accounts::new();
    let (a, root_a) = all.account("a");
    let (b, root_b) = all.account("b");
    let key = all.key_of(&root_b, Some(open_to(&a, &b)));
    let closed = all.key_of(&root_b, None);
    let user = all.user_of(&root_a, "user", &["kms:Encrypt"]);
    let nobody = all.user_of(&root_a, "nobody", &[]);
    all.encrypt(&user, &key).unwrap();
    denied(all.encrypt(&nobody, &key));
    denied(all.encrypt(&user, &closed));
    // What cannot be done to another account's keys, whatever both sides allow.
    denied(all.fixture.send_as(&user, on_key!(DisableKeyRequest, key)));
    let sealed = all.encrypt(&user, &key).unwrap();
    denied(
        all.fixture
            .send_as(&user, decrypt(&sealed.ciphertext_blob, &[])),
    );
    all.fixture
        .send_as(&root_b, decrypt(&sealed.ciphertext_blob, &[]))
        .unwrap();
}

#[test]
fn a_role_of_another_account_uses_that_account_s_key() {
    let all = Accounts::new();
    let (b, root_b) = all.account("b");
    let key = all.key_of(&root_b, None);
    let session = all.administrator_of(&b).unwrap();
    all.encrypt(&session, &key).unwrap();
    let stranger = all.user_of(&all.fixture.call, "stranger", &[]);
    let role = format!("arn:aws:iam::{b}:role/OrganizationAccountAccessRole");
    denied(all.session(&stranger, &role));
    let (_, root_c) = all.account("c");
    let other = all.user_of(&root_c, "other", &["sts:AssumeRole"]);
    denied(all.session(&other, &role));
}

#[test]
fn a_service_control_policy_binds_everybody_of_the_account_and_nobody_else() {
    let all = Accounts::new();
    let (one, root_one) = all.account("one");
    let (_, root_two) = all.account("two");
    let keys = [&root_one, &root_two, &all.fixture.call].map(|who| all.key_of(who, None));
    let session = all.administrator_of(&one).unwrap();
    let policy = all.limit(one.as_str(), "kms:Encrypt");
    for who in [&root_one, &session] {
        let message = denied(all.encrypt(who, &keys[0]));
        let arn = who.caller.principal().arn();
        assert_eq!(
            message,
            format!(
                "User: {arn} is not authorized to perform: kms:Encrypt on resource: {} with an \
                 explicit deny in a service control policy",
                keys[0]
            )
        );
        let describe = on_key!(DescribeKeyRequest, keys[0]);
        all.fixture.send_as(who, describe).unwrap();
    }
    all.encrypt(&root_two, &keys[1]).unwrap();
    // Attached to the root of the organization it binds all but the management account.
    all.detach(&policy, one.as_str()).unwrap();
    all.encrypt(&root_one, &keys[0]).unwrap();
    all.attach(&policy, &all.root).unwrap();
    denied(all.encrypt(&root_one, &keys[0]));
    denied(all.encrypt(&root_two, &keys[1]));
    all.encrypt(&all.fixture.call, &keys[2]).unwrap();
}

#[test]
fn every_level_must_allow_and_a_change_counts_at_once() {
    let mut all = Accounts::new();
    let (one, root) = all.account("one");
    let key = all.key_of(&root, None);
    let only_kms = all.policy(SCP, &document("Allow", json!({"Action": "kms:*"})));
    let only_sts = all.policy(SCP, &document("Allow", json!({"Action": "sts:*"})));
    all.attach(&only_sts, &all.unit).unwrap();
    all.detach("p-FullAWSAccess", &all.unit).unwrap();
    all.encrypt(&root, &key).unwrap();
    all.move_to_unit(&one);
    let message = denied(all.encrypt(&root, &key));
    assert!(message.ends_with("with an explicit deny in a service control policy"));
    all.attach(&only_kms, &all.unit).unwrap();
    all.encrypt(&root, &key).unwrap();
    denied(
        all.fixture
            .send_as(&root, CreateUserRequest::new("x".parse().unwrap())),
    );
    let update: UpdateOrganizationPolicyRequest = request(json!({
        "PolicyId": only_kms,
        "Content": document("Allow", json!({"Action": "kms:Decrypt"})),
    }));
    all.fixture.send(update).unwrap();
    denied(all.encrypt(&root, &key));
    all.fixture.reopen();
    denied(all.encrypt(&root, &key));
    // No policy of the type counts when the type does not.
    let disable: DisablePolicyTypeRequest = request(json!({"RootId": all.root, "PolicyType": SCP}));
    all.fixture.send(disable).unwrap();
    all.encrypt(&root, &key).unwrap();
}

#[test]
fn a_resource_control_policy_denies_what_the_key_policy_allows() {
    let all = Accounts::new();
    let (a, root_a) = all.account("a");
    let (b, root_b) = all.account("b");
    let key = all.key_of(&root_b, Some(open_to(&a, &b)));
    let user = all.user_of(&root_a, "user", &["kms:Encrypt"]);
    let deny = document(
        "Deny",
        json!({
            "Principal": "*", "Action": "kms:*",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": b}},
        }),
    );
    let policy = all.policy(RCP, &deny);
    assert_eq!(
        refusal(all.attach(&policy, b.as_str())),
        OrganizationsCode::PolicyTypeNotEnabledException
    );
    all.enable_rcps();
    all.encrypt(&user, &key).unwrap();
    all.attach(&policy, b.as_str()).unwrap();
    denied(all.encrypt(&user, &key));
    all.encrypt(&root_b, &key).unwrap();
    // Of the account's own principals it is told by name.
    let own = document("Deny", json!({"Principal": "*", "Action": "kms:Encrypt"}));
    let own = all.policy(RCP, &own);
    all.attach(&own, b.as_str()).unwrap();
    let message = denied(all.encrypt(&root_b, &key));
    assert!(
        message.ends_with("with an explicit deny in a resource control policy"),
        "{message}"
    );
    // It keeps others from assuming the account's roles, too.
    let assume = document(
        "Deny",
        json!({
            "Principal": "*", "Action": "sts:AssumeRole",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": b}},
        }),
    );
    all.administrator_of(&b).unwrap();
    let assume = all.policy(RCP, &assume);
    all.attach(&assume, &all.root).unwrap();
    denied(all.administrator_of(&b));
}

#[test]
fn conditions_know_the_organization_and_the_way_to_the_account() {
    let all = Accounts::new();
    let (a, root_a) = all.account("a");
    let (b, root_b) = all.account("b");
    let organization = all.fixture.send(DescribeOrganizationRequest::default());
    let organization = organization.unwrap().organization.id;
    let way = format!("{organization}/{}/{}/", all.root, all.unit);
    let key = |condition: Value| {
        let own = json!({
            "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": {"AWS": format!("arn:aws:iam::{b}:root")},
        });
        let everybody = json!({
            "Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*", "Principal": "*",
            "Condition": condition,
        });
        let policy = json!({"Version": "2012-10-17", "Statement": [own, everybody]});
        all.key_of(&root_b, Some(policy.to_string()))
    };
    let user = all.user_of(&root_a, "user", &["kms:Encrypt"]);
    let good = key(json!({"StringEquals": {
        "aws:PrincipalOrgID": organization, "aws:ResourceOrgID": "${aws:PrincipalOrgID}",
        "aws:ResourceAccount": b,
    }}));
    let bad = key(json!({"StringEquals": {"aws:PrincipalOrgID": "o-0000000000"}}));
    let below =
        key(json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": format!("{way}*")}}));
    all.encrypt(&user, &good).unwrap();
    denied(all.encrypt(&user, &bad));
    denied(all.encrypt(&user, &below));
    all.move_to_unit(&a);
    all.encrypt(&user, &below).unwrap();
}

#[test]
fn nobody_uses_a_closed_account_or_its_keys() {
    let all = Accounts::new();
    let (a, root_a) = all.account("a");
    let (b, root_b) = all.account("b");
    let key = all.key_of(&root_b, Some(open_to(&a, &b)));
    let user = all.user_of(&root_a, "user", &["kms:Encrypt", "kms:Decrypt"]);
    let session = all.administrator_of(&b).unwrap();
    let sealed = all.encrypt(&user, &key).unwrap();
    let access_key = CreateAccessKeyRequest { user_name: None };
    let access_key = all
        .fixture
        .send_as(&root_b, access_key)
        .unwrap()
        .access_key_id;
    all.close(&b).unwrap();
    for who in [&root_b, &session] {
        assert_eq!(code(all.encrypt(who, &key)), "UnrecognizedClientException");
    }
    let engine = all.fixture.engine();
    assert!(engine.credential(&access_key, None).unwrap().is_none());
    let message = denied(all.encrypt(&user, &key));
    assert!(message.contains("the resource does not exist"), "{message}");
    let message = denied(
        all.fixture
            .send_as(&user, decrypt(&sealed.ciphertext_blob, &[])),
    );
    assert!(message.starts_with("The ciphertext refers to"), "{message}");
    denied(all.administrator_of(&b));
    assert_eq!(
        refusal(all.close(&b)),
        OrganizationsCode::AccountAlreadyClosedException
    );
    let management = all.fixture.call.account().clone();
    assert_eq!(
        reason(all.close(&management)),
        "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
    );
    // Closed accounts still count: the organization does not end under them.
    assert_eq!(
        refusal(all.fixture.send(DeleteOrganizationRequest::default())),
        OrganizationsCode::OrganizationNotEmptyException
    );
}

#[test]
fn what_was_due_in_a_closed_account_is_done() {
    let all = Accounts::new();
    let (one, root) = all.account("one");
    let key = all.key_of(&root, None);
    let schedule = ScheduleKeyDeletionRequest {
        key_id: Some(key),
        pending_window_in_days: Some(7),
    };
    all.fixture.send_as(&root, schedule).unwrap();
    all.close(&one).unwrap();
    let now = all.fixture.clock.now();
    all.fixture.clock.set(now.plus_millis(8 * DAY));
    all.fixture.engine().run_due_jobs().unwrap();
    let line = all.fixture.lines().pop().unwrap();
    assert_eq!(line["eventName"], "DeleteKey");
    assert_eq!(line["recipientAccountId"], one.as_str());
}

#[test]
fn another_process_on_the_store_knows_of_a_policy_at_once() {
    let all = Accounts::new();
    let (one, root) = all.account("one");
    let key = all.key_of(&root, None);
    let directory = all.fixture.directory.path();
    let other = Engine::open(options(directory, &all.fixture.clock)).unwrap();
    let send = || {
        block_on(other.call(&root, encrypt(&key, &[])))
            .unwrap()
            .into_inner()
    };
    send().unwrap();
    let policy = all.limit(one.as_str(), "kms:Encrypt");
    denied(send());
    all.detach(&policy, one.as_str()).unwrap();
    send().unwrap();
}
