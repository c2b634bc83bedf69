//! What a principals file does not do, and what requests do not do to what it manages.

use std::os::unix::fs::symlink;

use kms_core::api::query::QueryCode;
use kms_core::service::{
    AddUserToGroupRequest, AttachRolePolicyRequest, AttachUserPolicyRequest,
    CreatePolicyVersionRequest, DeleteAccessKeyRequest, DeleteGroupRequest,
    DeleteOpenIDConnectProviderRequest, DeletePolicyRequest, DeleteRoleRequest, DeleteUserRequest,
    DetachUserPolicyRequest, ListAccessKeysRequest, PutUserPermissionsBoundaryRequest,
    RemoveUserFromGroupRequest, TagUserRequest, UpdateAccessKeyRequest,
    UpdateAssumeRolePolicyRequest, UpdateGroupRequest, UpdateUserRequest,
};

use super::*;

fn unmodifiable<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let refused = result.unwrap_err();
    assert_eq!(
        refused.query_code(),
        QueryCode::UnmodifiableEntity,
        "{refused}"
    );
    refused.to_string()
}

#[test]
fn requests_do_not_change_what_the_file_manages() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.user("bob");
    fixture.apply_file(WHOLE).unwrap();
    let ci = || "ci".parse().unwrap();
    let policy_arn = || "arn:aws:iam::111122223333:policy/p/use".parse().unwrap();
    let said = unmodifiable(fixture.send(DeleteUserRequest { user_name: ci() }));
    assert_eq!(
        said,
        "Cannot perform the operation on the protected user 'ci' - this user is only modifiable by \
         the principals file"
    );
    let user_name = Some(ci());
    unmodifiable(fixture.send(CreateAccessKeyRequest { user_name }));
    unmodifiable(fixture.send(DeleteAccessKeyRequest {
        user_name: None,
        access_key_id: KEY.parse().unwrap(),
    }));
    unmodifiable(fixture.send(UpdateAccessKeyRequest {
        user_name: Some(ci()),
        access_key_id: KEY.parse().unwrap(),
        status: "Inactive".to_owned(),
    }));
    unmodifiable(fixture.send(UpdateUserRequest {
        user_name: ci(),
        new_path: None,
        new_user_name: Some("x".parse().unwrap()),
    }));
    unmodifiable(fixture.send(PutUserPolicyRequest {
        user_name: ci(),
        policy_name: "p".parse().unwrap(),
        policy_document: allows("kms:*"),
    }));
    unmodifiable(fixture.send(AttachUserPolicyRequest {
        user_name: ci(),
        policy_arn: policy_arn(),
    }));
    unmodifiable(fixture.send(DetachUserPolicyRequest {
        user_name: ci(),
        policy_arn: policy_arn(),
    }));
    unmodifiable(fixture.send(PutUserPermissionsBoundaryRequest {
        user_name: ci(),
        permissions_boundary: policy_arn(),
    }));
    unmodifiable(fixture.send(TagUserRequest {
        user_name: ci(),
        tags: Tags::new([("k".to_owned(), "v".to_owned())]),
    }));
    unmodifiable(fixture.send(RemoveUserFromGroupRequest {
        group_name: "apps".parse().unwrap(),
        user_name: ci(),
    }));
    unmodifiable(fixture.send(UpdateGroupRequest {
        group_name: "apps".parse().unwrap(),
        new_path: None,
        new_group_name: Some("x".parse().unwrap()),
    }));
    let group_name = "apps".parse().unwrap();
    unmodifiable(fixture.send(DeleteGroupRequest { group_name }));
    let role_name = || "app".parse().unwrap();
    unmodifiable(fixture.send(DeleteRoleRequest {
        role_name: role_name(),
    }));
    unmodifiable(fixture.send(UpdateAssumeRolePolicyRequest {
        role_name: role_name(),
        policy_document: trusts("arn:aws:iam::111122223333:root"),
    }));
    unmodifiable(fixture.send(AttachRolePolicyRequest {
        role_name: role_name(),
        policy_arn: policy_arn(),
    }));
    unmodifiable(fixture.send(DeletePolicyRequest {
        policy_arn: policy_arn(),
    }));
    unmodifiable(fixture.send(CreatePolicyVersionRequest {
        policy_arn: policy_arn(),
        policy_document: allows("kms:*"),
        set_as_default: None,
    }));
    unmodifiable(fixture.send(DeleteOpenIDConnectProviderRequest {
        arn: "arn:aws:iam::111122223333:oidc-provider/token.example/id".to_owned(),
    }));
    let last = fixture.lines().pop().unwrap();
    assert_eq!(last["errorCode"], "UnmodifiableEntityException");
    // Others are changed as ever, also in a group of the file and with its policies.
    fixture
        .send(AddUserToGroupRequest {
            group_name: "apps".parse().unwrap(),
            user_name: "bob".parse().unwrap(),
        })
        .unwrap();
    fixture
        .send(AttachUserPolicyRequest {
            user_name: "bob".parse().unwrap(),
            policy_arn: policy_arn(),
        })
        .unwrap();
    assert_eq!(fixture.plan_file(WHOLE).changes, []);
    let user_name = Some(ci());
    let keys = fixture.send(ListAccessKeysRequest::of(user_name)).unwrap();
    assert_eq!(keys.items.len(), 1);
}

#[test]
fn nobody_is_left_with_what_would_be_gone() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.user("bob");
    fixture.apply_file(WHOLE).unwrap();
    fixture
        .send(AddUserToGroupRequest {
            group_name: "apps".parse().unwrap(),
            user_name: "bob".parse().unwrap(),
        })
        .unwrap();
    let without = "[[user]]\nname = \"ci\"\n";
    let refused = fixture.apply_file(without).unwrap_err();
    assert!(
        refused.contains("user/bob is in a group that would be gone"),
        "{refused}"
    );
    fixture
        .send(RemoveUserFromGroupRequest {
            group_name: "apps".parse().unwrap(),
            user_name: "bob".parse().unwrap(),
        })
        .unwrap();
    fixture
        .send(PutUserPermissionsBoundaryRequest {
            user_name: "bob".parse().unwrap(),
            permissions_boundary: "arn:aws:iam::111122223333:policy/p/use".parse().unwrap(),
        })
        .unwrap();
    let refused = fixture.apply_file(without).unwrap_err();
    assert!(refused.contains("user/bob has the policy"), "{refused}");
}

#[test]
fn what_cannot_be_is_refused_with_its_line() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.user("Bob");
    let user = "[[user]]\nname = \"u\"\n";
    let trust = trusts("arn:aws:iam::111122223333:root");
    let role = format!("[[role]]\nname = \"r\"\ntrust = '{trust}'\n");
    let ten: Vec<String> = (0..11).map(|number| format!("\"p{number}\"")).collect();
    let policies: String = (0..11)
        .map(|n| {
            format!(
                "[[policy]]\nname = \"p{n}\"\ntext = '{}'\n",
                allows("kms:*")
            )
        })
        .collect();
    for (text, words) in [
        (
            String::new(),
            "principals.toml:1: a principals file has 1 to",
        ),
        (
            format!("{user}colour = 1"),
            "principals.toml:3: unknown field `colour`",
        ),
        (
            format!("{user}account = \"999999999999\""),
            "line 1: the user u: the store has no account 999999999999",
        ),
        (
            format!("\n{user}policies = [\"p\"]"),
            "line 2: the user u: the file has no policy p",
        ),
        (
            format!("{user}policies = [\"arn:aws:iam::aws:policy/ReadOnly\"]"),
            "does not exist or is of another account",
        ),
        (
            format!("{user}groups = [\"none\"]"),
            "there is no group none",
        ),
        (
            format!("{user}boundary = \"none\""),
            "the file has no policy none",
        ),
        (format!("{user}tags = {{ \"aws:x\" = \"1\" }}"), "aws:"),
        (
            format!("{user}tags = {{ a = \"1\", A = \"2\" }}"),
            "Duplicate tag keys",
        ),
        (
            format!("{user}inline = [{{ name = \"i\", text = \"{{}}\" }}]"),
            "line 1: the user u: ",
        ),
        (
            format!("{user}policies = [{}]\n{policies}", ten.join(", ")),
            "Cannot exceed quota for AttachedPolicies: 10",
        ),
        ("[[user]]\nname = \"bob\"".to_owned(), "bob already exists"),
        (
            "[[policy]]\nname = \"p\"\ntext = \"x\"".to_owned(),
            "the policy p: ",
        ),
        (
            format!(
                "[[policy]]\nname = \"p\"\ntext = '{}'",
                allows(&"x".repeat(7000))
            ),
            "PolicySize",
        ),
        (
            format!("{role}max_session_duration = 60"),
            "between 3600 and 43200",
        ),
        (format!("{role}description = \"\u{1f600}\""), "description"),
        (
            "[[oidc_provider]]\nurl = \"http://plain.example\"".to_owned(),
            "Invalid Open ID Connect Provider URL",
        ),
        (
            "[[oidc_provider]]\nurl = \"https://x.example\"\nthumbprints = [\"x\"]".to_owned(),
            "Thumbprint",
        ),
        (
            format!("{user}\n[[user]]\naccount = \"111122223333\"\nname = \"u\""),
            "stands twice",
        ),
        (
            format!("{user}inline = [{{ name = \"i\", file = \"absent\" }}]"),
            "file \"absent\" is not there",
        ),
        (
            format!("{user}inline = [{{ name = \"i\", file = \".\" }}]"),
            "plain file",
        ),
    ] {
        let refused = fixture.apply_file(&text).unwrap_err();
        assert!(refused.contains(words), "{text}: {refused}");
    }
    assert!(fixture.user_id("u").is_none());
}

#[test]
fn a_secret_that_others_can_reach_is_refused() {
    let fixture = Fixture::new();
    fixture.write_documents();
    for mode in [0o640, 0o604, 0o644, 0o660, 0o610] {
        fixture.put_file("ci.secret", SECRET, mode);
        let refused = fixture.apply_file(WHOLE).unwrap_err();
        assert!(refused.contains("mode 0600 or 0400"), "{refused}");
        assert!(!refused.contains("ci.secret") && !refused.contains(SECRET));
    }
    fixture.put_file("real", SECRET, 0o600);
    fs::remove_file(fixture.beside_file("ci.secret")).unwrap();
    symlink(
        fixture.beside_file("real"),
        fixture.beside_file("ci.secret"),
    )
    .unwrap();
    assert!(
        fixture
            .apply_file(WHOLE)
            .unwrap_err()
            .contains("plain file")
    );
    fs::remove_file(fixture.beside_file("ci.secret")).unwrap();
    assert!(
        fixture
            .apply_file(WHOLE)
            .unwrap_err()
            .contains("is not there")
    );
    for text in ["", "hunter2", &"x".repeat(4096), &SECRET.replace('/', "-")] {
        fixture.put_file("ci.secret", text, 0o600);
        let refused = fixture.apply_file(WHOLE).unwrap_err();
        assert!(refused.contains("no secret access key"), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }
    fixture.put_file("ci.secret", SECRET, 0o400);
    fixture.apply_file(WHOLE).unwrap();
}

#[test]
fn a_file_that_everybody_can_write_is_refused() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.put_file("use.json", &allows("kms:*"), 0o666);
    assert!(
        fixture
            .apply_file(WHOLE)
            .unwrap_err()
            .contains("not everybody")
    );
    fixture.put_file("use.json", &allows("kms:*"), 0o644);
    fixture.put_file("principals.toml", WHOLE, 0o646);
    let refused = PrincipalsSource::new(fixture.beside_file("principals.toml"))
        .read()
        .unwrap_err();
    assert!(refused.to_string().contains("not everybody"), "{refused}");
    let directory = PrincipalsSource::new(fixture.directory.path().to_owned())
        .read()
        .unwrap_err();
    assert!(directory.to_string().contains("plain file"), "{directory}");
}
