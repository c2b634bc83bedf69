//! The principals file: what an apply makes, changes, takes over, removes and refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use kms_core::principals_file::{PrincipalsFile, write};
use kms_core::service::ListSessionRevocationsRequest;
use kms_core::service::{
    ApplyPrincipalsRequest, ChangeAction, CreateGroupRequest, CreateOpenIDConnectProviderRequest,
    CreatePolicyRequest, CreateRoleRequest, ExportPrincipalsRequest, FoundUser, GetRoleRequest,
    GetUserRequest, ListPolicyVersionsRequest, PlanPrincipalsRequest, PrincipalsOutcome,
    PrincipalsSource, Tags,
};

use super::*;

mod organization;
mod refusals;

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const OTHER_SECRET: &str = "abcdrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn allows(action: &str) -> String {
    format!(r#"{{"Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#)
}

fn trusts(arn: &str) -> String {
    format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":"sts:AssumeRole"}}}}"#
    )
}

const WHOLE: &str = r#"
[[policy]]
name = "use"
path = "/p/"
file = "use.json"
description = "what the applications do"
tags = { team = "x" }

[[group]]
name = "apps"
policies = ["use"]

[[user]]
name = "ci"
groups = ["apps"]
boundary = "use"
tags = { team = "x" }
access_keys = [{ id = "AKIAIOSFODNN7EXAMPLE", secret_file = "ci.secret" }]

[[user.inline]]
name = "own"
text = '{"Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}}'

[[role]]
name = "app"
path = "/r/"
trust_file = "trust.json"
policies = ["arn:aws:iam::111122223333:policy/p/use"]
max_session_duration = 7200

[[oidc_provider]]
url = "https://token.example/id"
audiences = ["sts.amazonaws.com"]
"#;

impl Fixture {
    fn beside_file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn put_file(&self, name: &str, text: &str, mode: u32) {
        let path = self.beside_file(name);
        drop(fs::remove_file(&path));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The files that [`WHOLE`] names.
    fn write_documents(&self) {
        self.put_file("use.json", &allows("kms:Encrypt"), 0o644);
        self.put_file("ci.secret", &format!("{SECRET}\n"), 0o600);
        let ci = "arn:aws:iam::111122223333:user/ci";
        self.put_file("trust.json", &trusts(ci), 0o644);
    }

    fn apply_file(&self, text: &str) -> Result<PrincipalsOutcome, String> {
        let file = self.read_file(text)?;
        let applied = self.send(ApplyPrincipalsRequest { file });
        applied.map_err(|error| error.to_string())
    }

    fn read_file(&self, text: &str) -> Result<Arc<PrincipalsFile>, String> {
        self.put_file("principals.toml", text, 0o644);
        let read = PrincipalsSource::new(self.beside_file("principals.toml")).read();
        read.map(Arc::new).map_err(|error| error.to_string())
    }

    fn plan_file(&self, text: &str) -> PrincipalsOutcome {
        let file = self.read_file(text).unwrap();
        self.send(PlanPrincipalsRequest { file }).unwrap()
    }

    fn user_id(&self, name: &str) -> Option<String> {
        let user_name = Some(name.parse().unwrap());
        match self.send(GetUserRequest { user_name }).ok()?.0 {
            FoundUser::User(user) => Some(user.id.to_string()),
            FoundUser::Root { .. } => None,
        }
    }

    fn role_named(&self, name: &str) -> kms_core::identity::Role {
        let role_name = name.parse().unwrap();
        self.send(GetRoleRequest { role_name }).unwrap().0
    }

    fn record_count(&self) -> usize {
        self.lines().len()
    }
}

fn sign(action: ChangeAction) -> char {
    match action {
        ChangeAction::Create => '+',
        ChangeAction::Adopt => '=',
        ChangeAction::Change => '~',
        ChangeAction::Remove => '-',
        ChangeAction::Release => '!',
    }
}

/// What is done to which entity, in one word each.
fn done(outcome: &PrincipalsOutcome) -> Vec<String> {
    let one = |change: &kms_core::service::PrincipalChange| {
        let name = change.arn.rsplit_once(':').unwrap().1;
        format!("{}{name}", sign(change.action))
    };
    outcome.changes.iter().map(one).collect()
}

fn fields(outcome: &PrincipalsOutcome) -> Vec<String> {
    let all = outcome.changes.iter().flat_map(|change| &change.fields);
    all.map(|field| field.name.clone()).collect()
}

#[test]
fn an_apply_makes_what_the_file_says_and_says_nothing_twice() {
    let mut fixture = Fixture::new();
    fixture.write_documents();
    let planned = fixture.plan_file(WHOLE);
    assert_eq!(
        done(&planned),
        [
            "+oidc-provider/token.example/id",
            "+policy/p/use",
            "+group/apps",
            "+user/ci",
            "+role/r/app",
        ]
    );
    assert!(fixture.user_id("ci").is_none());
    let applied = fixture.apply_file(WHOLE).unwrap();
    assert_eq!(done(&applied), done(&planned));
    let id = fixture.user_id("ci").unwrap();
    assert_eq!(fixture.apply_file(WHOLE).unwrap().changes, []);
    assert_eq!(fixture.plan_file(WHOLE).changes, []);
    fixture.reopen();
    assert_eq!(fixture.plan_file(WHOLE).changes, []);
    assert_eq!(fixture.user_id("ci").unwrap(), id);
    // The boundary lets it encrypt and nothing more, whatever its inline policy says.
    let key = fixture.create_key();
    let id = KEY.parse().unwrap();
    let credential = fixture.engine().credential(&id, None).unwrap().unwrap();
    let signed = CallContext {
        caller: credential.into_caller(fixture.clock.now()).unwrap(),
        ..fixture.call.clone()
    };
    let sealed = fixture.send_as(&signed, encrypt(&key, &[])).unwrap();
    let refused = fixture.send_as(&signed, decrypt(&sealed.ciphertext_blob, &[]));
    assert_eq!(code(refused), "AccessDeniedException");
    assert_eq!(fixture.role_named("app").max_session_duration, 7200);
}

#[test]
fn the_record_of_an_apply_names_each_change_and_no_secret() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.plan_file(WHOLE);
    fixture.apply_file(WHOLE).unwrap();
    let lines = fixture.lines();
    let [.., planned, applied] = lines.as_slice() else {
        panic!("too few records");
    };
    assert_eq!(planned["eventName"], "PlanPrincipals");
    assert_eq!(planned["readOnly"], true);
    assert_eq!(applied["eventName"], "ApplyPrincipals");
    assert_eq!(applied["readOnly"], false);
    let digest = applied["requestParameters"]["fileDigest"].as_str().unwrap();
    let output = std::process::Command::new("sha256sum")
        .arg(fixture.beside_file("principals.toml"))
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with(digest)
    );
    let changes = applied["responseElements"]["changes"].as_array().unwrap();
    let user = changes
        .iter()
        .find(|change| change["kind"] == "user")
        .unwrap();
    assert_eq!(user["action"], "create");
    assert_eq!(user["arn"], "arn:aws:iam::111122223333:user/ci");
    assert_eq!(user["uniqueId"], fixture.user_id("ci").unwrap());
    let inline = user["fields"].as_array().unwrap();
    let inline = inline.iter().find(|field| field["name"] == "inline/own");
    assert_eq!(inline.unwrap()["after"], allows("kms:Decrypt"));
    let text = serde_json::to_string(&lines).unwrap();
    assert!(!text.contains(SECRET) && text.contains(KEY));
}

#[test]
fn a_large_apply_is_recorded_with_digests_and_one_too_large_is_refused() {
    let fixture = Fixture::new();
    let policy = |number: u32, length: usize| {
        let text = allows(&format!("kms:{}", "x".repeat(length)));
        format!("[[policy]]\nname = \"p{number}\"\ntext = '{text}'\n")
    };
    let long: String = (0..50).map(|number| policy(number, 3000)).collect();
    fixture.apply_file(&long).unwrap();
    let last = fixture.lines().pop().unwrap();
    let text = last["responseElements"]["changes"][0]["fields"][0]["after"].clone();
    assert!(text.as_str().unwrap().starts_with("sha256:"), "{text}");
    let many: String = (0..500).map(|number| policy(number, 1)).collect();
    fixture.apply_file(&many).unwrap();
    let last = fixture.lines().pop().unwrap();
    let changes = last["responseElements"]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 500);
    let more: String = (0..1400).map(|number| policy(number, 2)).collect();
    let refused = fixture.apply_file(&more).unwrap_err();
    assert!(refused.contains("apply it in parts"), "{refused}");
}

#[test]
fn all_of_it_is_applied_or_nothing() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.apply_file("[[user]]\nname = \"first\"\n").unwrap();
    let records = fixture.record_count();
    // The last role of the file trusts somebody who is not there.
    let nobody = trusts("arn:aws:iam::111122223333:user/nobody");
    let refused = fixture
        .apply_file(&format!(
            "{WHOLE}[[role]]\nname = \"z\"\ntrust = '{nobody}'\n"
        ))
        .unwrap_err();
    assert!(
        refused.contains("the role z: Invalid principal"),
        "{refused}"
    );
    assert!(fixture.user_id("ci").is_none());
    assert!(fixture.user_id("first").is_some());
    assert_eq!(fixture.record_count(), records + 3);
    let refusal = fixture.lines().remove(records);
    assert_eq!(refusal["eventName"], "ApplyPrincipals");
    assert!(!refusal["errorMessage"].is_null());
}

#[test]
fn what_is_there_is_taken_over_and_keeps_its_unique_id() {
    let fixture = Fixture::new();
    fixture.user("ci");
    let id = fixture.user_id("ci").unwrap();
    let made = fixture.send(CreateAccessKeyRequest {
        user_name: Some("ci".parse().unwrap()),
    });
    let old = made.unwrap().access_key_id;
    fixture.write_documents();
    let planned = fixture.plan_file(WHOLE);
    assert!(done(&planned).contains(&"=user/ci".to_owned()));
    assert!(fields(&planned).contains(&format!("access_keys/{old}")));
    fixture.apply_file(WHOLE).unwrap();
    assert_eq!(fixture.user_id("ci").unwrap(), id);
    assert!(fixture.engine().credential(&old, None).unwrap().is_none());
    // Whoever had made it may still hold a session of it.
    let over = fixture.send(ListSessionRevocationsRequest).unwrap();
    assert_eq!(
        over.iter().map(|one| one.of.as_str()).collect::<Vec<_>>(),
        [id.as_str()]
    );
    // Taken over as it is: a change all the same, since it can no longer be changed by requests.
    fixture.user("bob");
    let both = format!("{WHOLE}[[user]]\nname = \"bob\"\n");
    assert_eq!(done(&fixture.plan_file(&both)), ["=user/bob"]);
    fixture.apply_file(&both).unwrap();
    assert_eq!(fixture.plan_file(&both).changes, []);
}

#[test]
fn what_the_file_no_longer_names_is_removed_and_nothing_else() {
    let mut fixture = Fixture::new();
    fixture.write_documents();
    fixture.user("alice");
    fixture.apply_file(WHOLE).unwrap();
    let id = fixture.user_id("ci").unwrap();
    let alone = "[[group]]\nname = \"apps\"\n";
    let removed = fixture.apply_file(alone).unwrap();
    assert_eq!(
        done(&removed),
        [
            "-user/ci",
            "-role/r/app",
            "-policy/p/use",
            "-oidc-provider/token.example/id",
            "~group/apps",
        ]
    );
    fixture.reopen();
    assert!(fixture.user_id("ci").is_none());
    assert!(fixture.user_id("alice").is_some());
    let key = KEY.parse().unwrap();
    assert!(fixture.engine().credential(&key, None).unwrap().is_none());
    // Who comes back is somebody else.
    fixture.apply_file(WHOLE).unwrap();
    assert_ne!(fixture.user_id("ci").unwrap(), id);
}

#[test]
fn a_trust_policy_that_stays_as_it_is_means_whom_it_meant() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.apply_file(WHOLE).unwrap();
    let arn = "arn:aws:iam::111122223333:user/ci";
    let first = fixture.user_id("ci").unwrap();
    let meant = |fixture: &Fixture| fixture.role_named("app").trusted.get(arn).cloned();
    assert_eq!(meant(&fixture).unwrap().as_str(), first);
    let without = WHOLE.replace("name = \"ci\"", "name = \"other\"");
    fixture.apply_file(&without).unwrap();
    fixture.apply_file(WHOLE).unwrap();
    assert_ne!(fixture.user_id("ci").unwrap(), first);
    assert_eq!(meant(&fixture).unwrap().as_str(), first);
    // A new text means who is there now.
    fixture.put_file("trust.json", &format!("{}\n", trusts(arn)), 0o644);
    fixture.apply_file(WHOLE).unwrap();
    assert_eq!(
        meant(&fixture).unwrap().as_str(),
        fixture.user_id("ci").unwrap()
    );
}

#[test]
fn roles_may_trust_each_other() {
    let fixture = Fixture::new();
    let role = |name: &str, other: &str| {
        let trust = trusts(&format!("arn:aws:iam::111122223333:role/{other}"));
        format!("[[role]]\nname = \"{name}\"\ntrust = '{trust}'\n")
    };
    let both = [role("a", "b"), role("b", "a")].concat();
    fixture.apply_file(&both).unwrap();
    let trusted = fixture.role_named("a").trusted;
    let other = trusted.get("arn:aws:iam::111122223333:role/b").unwrap();
    assert_eq!(*other, fixture.role_named("b").id);
    assert_eq!(fixture.apply_file(&both).unwrap().changes, []);
}

#[test]
fn each_property_is_changed_and_told() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.apply_file(WHOLE).unwrap();
    let id = fixture.user_id("ci").unwrap();
    let changed = WHOLE
        .replace("what the applications do", "another")
        .replace("max_session_duration = 7200", "description = \"d\"")
        .replace("groups = [\"apps\"]", "path = \"/u/\"")
        .replace("\"own\"", "\"mine\"")
        .replace("audiences = [\"sts.amazonaws.com\"]", "audiences = [\"x\"]");
    fixture.put_file("ci.secret", OTHER_SECRET, 0o400);
    let planned = fixture.plan_file(&changed);
    assert_eq!(
        done(&planned),
        [
            "~oidc-provider/token.example/id",
            "~policy/p/use",
            "~user/u/ci",
            "~role/r/app",
        ]
    );
    let expected = [
        "audiences/sts.amazonaws.com",
        "audiences/x",
        "description",
        "access_keys/AKIAIOSFODNN7EXAMPLE",
        "groups/apps",
        "inline/mine",
        "inline/own",
        "path",
        "description",
        "max_session_duration",
    ];
    assert_eq!(fields(&planned), expected);
    let text = format!("{planned:?}");
    assert!(!text.contains(SECRET) && !text.contains(OTHER_SECRET));
    // Its ARN is another one, so the trust policy that is new names nobody.
    let refused = fixture.apply_file(&changed);
    assert_eq!(done(&refused.unwrap()), done(&planned));
    assert_eq!(fixture.user_id("ci").unwrap(), id);
    assert_eq!(fixture.apply_file(&changed).unwrap().changes, []);
}

#[test]
fn a_new_document_of_a_policy_is_its_new_version_and_the_oldest_goes() {
    let fixture = Fixture::new();
    let text = |action: &str| format!("[[policy]]\nname = \"p\"\ntext = '{}'\n", allows(action));
    for round in 0..7 {
        fixture
            .apply_file(&text(&format!("kms:Action{round}")))
            .unwrap();
    }
    let request = ListPolicyVersionsRequest {
        policy_arn: "arn:aws:iam::111122223333:policy/p".parse().unwrap(),
        marker: None,
        max_items: None,
    };
    let versions = fixture.send(request).unwrap().items;
    let numbers: Vec<u32> = versions.iter().map(|version| version.number).collect();
    assert_eq!(numbers, [7, 6, 5, 4, 3]);
    assert!(versions[0].is_default);
}

#[test]
fn a_role_or_policy_with_another_path_is_somebody_else() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.apply_file(WHOLE).unwrap();
    let id = fixture.role_named("app").id;
    let moved = WHOLE.replace("/r/", "/s/");
    assert_eq!(
        done(&fixture.apply_file(&moved).unwrap()),
        ["-role/r/app", "+role/s/app"]
    );
    assert_ne!(fixture.role_named("app").id, id);
    let moved = moved.replace("/p/", "/q/");
    let applied = fixture.apply_file(&moved.replace("policy/p/use", "policy/q/use"));
    let applied = done(&applied.unwrap());
    assert_eq!(applied[..2], ["-policy/p/use", "+policy/q/use"]);
    // One that is not of the file yet is not replaced.
    let role = CreateRoleRequest {
        path: None,
        role_name: "own".parse().unwrap(),
        assume_role_policy_document: trusts("arn:aws:iam::111122223333:root"),
        description: None,
        max_session_duration: None,
        permissions_boundary: None,
        tags: None,
    };
    fixture.send(role).unwrap();
    let trust = trusts("arn:aws:iam::111122223333:root");
    let file = format!("[[role]]\nname = \"own\"\npath = \"/x/\"\ntrust = '{trust}'\n");
    let refused = fixture.apply_file(&file).unwrap_err();
    assert!(refused.contains("give it the same path"), "{refused}");
}

#[test]
fn an_access_key_moves_within_the_file_and_is_taken_from_nobody_else() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.apply_file(WHOLE).unwrap();
    let renamed = WHOLE.replace("name = \"ci\"", "name = \"builder\"");
    fixture.apply_file(&renamed).unwrap();
    let key = KEY.parse().unwrap();
    let credential = fixture.engine().credential(&key, None).unwrap().unwrap();
    let caller = credential.into_caller(fixture.clock.now()).unwrap();
    assert!(caller.principal().arn().ends_with("user/builder"));
    // Without its file it keeps its secret.
    let kept = renamed.replace(", secret_file = \"ci.secret\"", "");
    assert_eq!(fixture.apply_file(&kept).unwrap().changes, []);
    for user_name in [None, Some("bob".parse().unwrap())] {
        if user_name.is_some() {
            fixture.user("bob");
        }
        let made = fixture.send(CreateAccessKeyRequest { user_name }).unwrap();
        let id = made.access_key_id;
        let stolen = renamed.replace(KEY, id.as_str());
        let refused = fixture.apply_file(&stolen).unwrap_err();
        assert!(refused.contains("is somebody else's"), "{refused}");
    }
    let unknown = renamed
        .replace(KEY, "AKIAAAAAAAAAAAAAAAAA")
        .replace(", secret_file = \"ci.secret\"", "");
    let refused = fixture.apply_file(&unknown).unwrap_err();
    assert!(refused.contains("give its secret_file"), "{refused}");
}

#[test]
fn a_plan_of_an_export_changes_nothing() {
    let fixture = Fixture::new();
    fixture.write_documents();
    fixture.apply_file(WHOLE).unwrap();
    let export =
        |fixture: &Fixture| write(&fixture.send(ExportPrincipalsRequest::default()).unwrap());
    let text = export(&fixture);
    assert!(!text.contains(SECRET), "{text}");
    assert_eq!(fixture.plan_file(&text).changes, []);
    fixture.user("bob");
    let group_name = "free".parse().unwrap();
    let path = None;
    fixture
        .send(CreateGroupRequest { path, group_name })
        .unwrap();
    let policy = CreatePolicyRequest {
        policy_name: "own".parse().unwrap(),
        path: Some("/o/".parse().unwrap()),
        policy_document: format!("{}\r\n", allows("kms:*")),
        description: Some("quoted \"so\" \\ it\u{e9}".to_owned()),
        tags: Some(Tags::new([("a b".to_owned(), "=".to_owned())])),
    };
    fixture.send(policy).unwrap();
    let provider = CreateOpenIDConnectProviderRequest {
        url: "https://other.example".to_owned(),
        client_id_list: None,
        thumbprint_list: None,
    };
    fixture.send(provider).unwrap();
    let planned = fixture.plan_file(&export(&fixture));
    let adopted = [
        "=oidc-provider/other.example",
        "=policy/o/own",
        "=group/free",
        "=user/bob",
    ];
    assert_eq!(done(&planned), adopted);
    assert_eq!(fields(&planned), [""; 0]);
}
