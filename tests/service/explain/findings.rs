//! What in a store its administrators should look at.

use kms_core::policy::Severity;
use kms_core::service::{DeleteUserPolicyRequest, DeleteUserRequest, StoreFinding};

use super::*;

#[test]
fn the_store_s_findings_are_told_with_their_places() {
    let fixture = Fixture::new();
    fixture.user("alice");
    fixture.user("bob");
    let findings = || fixture.send(LintStoreRequest).unwrap();
    let found = |all: &[StoreFinding], code: &str| -> Vec<StoreFinding> {
        all.iter().filter(|one| one.code == code).cloned().collect()
    };
    assert_eq!(findings(), []);

    let public = fixture.key_with(&[
        of_key("Allow", "arn:aws:iam::111122223333:root", "kms:*", ""),
        of_key("Allow", "*", "kms:Encrypt", ""),
    ]);
    let bobs = fixture.key_with(&[
        of_key("Allow", "arn:aws:iam::111122223333:root", "kms:*", ""),
        of_key(
            "Allow",
            "arn:aws:iam::111122223333:user/bob",
            "kms:Encrypt",
            "",
        ),
    ]);
    fixture.let_alice(&[of_user("Allow", "kms:Decrypt", "*", "")]);
    let mfa = when("Bool", "aws:MultiFactorAuthPresent", "false");
    let guard = fixture.managed("guard", &[of_user("Deny", "kms:*", "*", &mfa)]);
    let mut grant = on_key!(CreateGrantRequest, bobs);
    grant.grantee_principal = Some("arn:aws:iam::111122223333:root".to_owned());
    grant.operations = Some(vec!["Decrypt".to_owned()]);
    fixture.send(grant).unwrap();
    let user_name: kms_core::ids::UserName = "bob".parse().unwrap();
    let bob = user_name.clone();
    fixture.send(DeleteUserRequest { user_name }).unwrap();
    let made = fixture.send(CreateAccessKeyRequest {
        user_name: Some("alice".parse().unwrap()),
    });
    let made = made.unwrap().access_key_id;

    let all = findings();
    let worst = &all[0];
    assert_eq!(
        (worst.code, worst.severity),
        ("PUBLIC_PRINCIPAL", Severity::Critical)
    );
    assert_eq!(worst.place, format!("the policy of the key {public}"));
    assert_eq!((worst.statement, worst.line), (Some(1), Some(4)));
    let deleted = found(&all, "DELETED_PRINCIPAL");
    assert_eq!(deleted[0].place, format!("the policy of the key {bobs}"));
    assert!(
        deleted[0].message.contains(&format!("user/{bob}")),
        "{deleted:?}"
    );
    let decrypts = found(&all, "DECRYPT_ON_ALL_KEYS");
    assert_eq!(decrypts[0].place, "the inline policy p of the user alice");
    let guards = found(&all, "MFA_GUARD");
    assert_eq!(guards[0].place, format!("the managed policy {guard} (v1)"));
    assert_eq!(guards[0].severity, Severity::High);
    assert_eq!(found(&all, "GRANT_TO_ACCOUNT").len(), 1);
    assert_eq!(all.len(), 5, "{all:?}");

    fixture.clock.set(fixture.clock.now().plus_days(91));
    let all = findings();
    let place = format!("the access key {made} of the user alice");
    assert_eq!(found(&all, "ACCESS_KEY_OLD")[0].place, place);
    assert_eq!(found(&all, "ACCESS_KEY_UNUSED")[0].place, place);
    let end = DeleteUserPolicyRequest {
        user_name: "alice".parse().unwrap(),
        policy_name: "p".parse().unwrap(),
    };
    fixture.send(end).unwrap();
    assert_eq!(found(&findings(), "DECRYPT_ON_ALL_KEYS"), []);
}

#[test]
fn the_findings_of_a_policy_that_is_put_are_in_its_record() {
    let fixture = Fixture::new();
    let key = fixture.create_key();
    let root = of_key("Allow", "arn:aws:iam::111122223333:root", "kms:*", "");
    let put = |statements: &[String]| {
        let mut request = on_key!(PutKeyPolicyRequest, key);
        request.policy = Some(document(statements));
        fixture.send(request).unwrap();
        fixture.lines().pop().unwrap()["additionalEventData"]["policyFindings"].clone()
    };
    assert!(put(std::slice::from_ref(&root)).is_null());
    let open = of_key("Allow", "*", "kms:Encrypt", "");
    assert_eq!(put(&[root, open]), serde_json::json!(["PUBLIC_PRINCIPAL"]));
}
