//! `kms user`.

use kms_core::identity::User;
use kms_core::service::{
    CreateAccessKeyRequest, CreateAccessKeyResponse, CreateUserRequest, DeleteAccessKeyRequest,
    DeleteUserPolicyRequest, GetUserPolicyRequest, ListAccessKeysRequest, ListUsersRequest,
    PutUserPolicyRequest,
};
use serde_json::{Value, json};

use crate::args::{AccessKeyCommand, AccessKeyOwner, Global, UserCommand, UserPolicyCommand};
use crate::engine::{Choice, Embedded};
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::pipeline::read_document;

pub(super) fn run(command: UserCommand, global: &Global, output: &Output) -> Result<(), Failure> {
    let home = Choice::directory(global)?;
    output.note(&format!("using the store in {}", home.display()));
    let store = Embedded::open(&home, global)?;
    match command {
        UserCommand::Create { name } => {
            let user = store.call(CreateUserRequest::new(name))?.0;
            output.show(&json!({ "User": fields(&user) }), |_| user.arn())
        }
        UserCommand::List => {
            let users = all_users(&store)?;
            let all: Vec<Value> = users.iter().map(fields).collect();
            output.show(&json!({ "Users": all }), |_| {
                users
                    .iter()
                    .map(|user| format!("{}\n", user.arn()))
                    .collect()
            })
        }
        UserCommand::AccessKey(command) => access_key(command, &store, output),
        UserCommand::Policy(command) => policy(command, &store, output),
    }
}

/// Page by page.
fn all_users(store: &Embedded) -> Result<Vec<User>, Failure> {
    let (mut users, mut marker) = (Vec::new(), None);
    loop {
        let page = store.call(ListUsersRequest::from_marker(marker))?;
        users.extend(page.items);
        marker = page.next;
        if marker.is_none() {
            return Ok(users);
        }
    }
}

fn fields(user: &User) -> Value {
    json!({
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn(),
        "CreateDate": user.created.to_rfc3339(),
    })
}

fn access_key(command: AccessKeyCommand, store: &Embedded, output: &Output) -> Result<(), Failure> {
    match command {
        AccessKeyCommand::Create { owner } => {
            let request = CreateAccessKeyRequest {
                user_name: owner.user.clone(),
            };
            show_new_key(&owner, &store.call(request)?, output)
        }
        AccessKeyCommand::List { owner } => {
            let keys = store.call(ListAccessKeysRequest::of(owner.user))?;
            let rows: Vec<_> = keys
                .items
                .iter()
                .map(|key| [key.access_key_id.to_string(), key.created.to_rfc3339()])
                .collect();
            let all: Vec<Value> = rows
                .iter()
                .map(|[id, created]| json!({ "AccessKeyId": id, "CreateDate": created }))
                .collect();
            output.show(&json!({ "AccessKeyMetadata": all }), |_| table(&rows))
        }
        AccessKeyCommand::Delete { access_key_id } => store
            .call(DeleteAccessKeyRequest {
                user_name: None,
                access_key_id,
            })
            .map(drop),
    }
}

/// As lines that a shell and an environment file take.
fn show_new_key(
    owner: &AccessKeyOwner,
    key: &CreateAccessKeyResponse,
    output: &Output,
) -> Result<(), Failure> {
    let secret = key.secret_access_key.expose();
    let fields = json!({ "AccessKey": {
        "UserName": owner.user,
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": secret,
        "Status": "Active",
    }});
    if !output.is_json() {
        output.warn("the secret is shown now and never again");
    }
    output.show(&fields, |_| {
        let id = &key.access_key_id;
        format!("AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n")
    })
}

fn policy(command: UserPolicyCommand, store: &Embedded, output: &Output) -> Result<(), Failure> {
    match command {
        UserPolicyCommand::Put { of, file } => {
            let request = PutUserPolicyRequest {
                user_name: of.user,
                policy_name: of.policy_name,
                policy_document: read_document(&file)?,
            };
            store.call(request).map(drop)
        }
        UserPolicyCommand::Get { of } => {
            let answer = store.call(GetUserPolicyRequest {
                user_name: of.user.clone(),
                policy_name: of.policy_name.clone(),
            })?;
            let fields = json!({
                "UserName": of.user,
                "PolicyName": of.policy_name,
                "PolicyDocument": answer.policy_document,
            });
            output.show(&fields, |_| answer.policy_document.clone())
        }
        UserPolicyCommand::Delete { of } => {
            let request = DeleteUserPolicyRequest {
                user_name: of.user,
                policy_name: of.policy_name,
            };
            store.call(request).map(drop)
        }
    }
}
