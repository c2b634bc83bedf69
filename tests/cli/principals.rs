//! Principals files at a shell: planned, applied, exported, refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use kms_tests::{Home, program};

use crate::terminal::at_terminal;
use crate::{FAILED, NOT_FOUND, USAGE, refused};

const FILE: &str = r#"
[[policy]]
name = "use"
file = "use.json"

[[user]]
name = "ci"
policies = ["use"]
access_keys = [{ id = "AKIAIOSFODNN7EXAMPLE", secret_file = "ci.secret" }]
"#;
const USE: &str = r#"{"Statement": {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}}"#;
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// What ends a plan that has changes, where that was asked for.
const CHANGES: i32 = 7;

fn home() -> (Home, PathBuf) {
    let home = Home::new();
    home.kms().done(["init", "--account", "111122223333"]);
    let file = home.scratch("principals.toml");
    fs::write(&file, FILE).unwrap();
    fs::write(home.scratch("use.json"), USE).unwrap();
    let secret = home.scratch("ci.secret");
    fs::write(&secret, SECRET).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    (home, file)
}

#[test]
fn a_plan_tells_what_an_apply_does() {
    let (home, file) = home();
    let (kms, path) = (home.kms(), file.to_str().unwrap());
    let plan = kms.run(["principals", "plan", "--detailed-exitcode", path]);
    assert_eq!(plan.status.code(), Some(CHANGES));
    assert!(plan.stderr.is_empty());
    let said = String::from_utf8(plan.stdout).unwrap();
    let expected = "\
+ policy arn:aws:iam::111122223333:policy/use
    + document
+ user arn:aws:iam::111122223333:user/ci
    + access_keys/AKIAIOSFODNN7EXAMPLE active
    + path /
    + policies/arn:aws:iam::111122223333:policy/use attached
2 to be created, 0 to be taken over, 0 to be changed, 0 to be removed
";
    assert_eq!(said, expected);
    assert_eq!(kms.done(["user", "list"]), "");
    let said = kms.done(["principals", "apply", "--yes", path]);
    let last = said.lines().last().unwrap();
    assert_eq!(last, "2 created, 0 taken over, 0 changed, 0 removed");
    let plan = ["principals", "plan", "--detailed-exitcode", path];
    assert_eq!(kms.done(plan), "nothing to change");
    assert_eq!(kms.done(["principals", "apply", path]), "nothing to change");
    fs::write(
        &file,
        FILE.replace("policies = [\"use\"]", "path = \"/a/\""),
    )
    .unwrap();
    let said = kms.done(["principals", "plan", path]);
    assert!(said.contains("    ~ path / -> /a/"), "{said}");
    assert!(said.contains("    - policies/arn"), "{said}");
    let said = kms.done(["principals", "plan", path, "--output", "json"]);
    let changes: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(changes["Changes"][0]["Action"], "change");
}

const ORGANIZATION: &str = r#"
[organization]

[[organizational_unit]]
name = "prod"

[[account]]
name = "team-a"
email = "team-a@example.com"
parent = "root/prod"

[[scp]]
name = "keep"
file = "keep.json"
targets = ["root/prod"]
"#;
const KEEP: &str =
    r#"{"Statement": {"Effect": "Deny", "Action": "kms:DisableKey", "Resource": "*"}}"#;

#[test]
fn a_plan_tells_of_units_accounts_and_what_is_attached_to_them() {
    let (home, file) = home();
    let (kms, path) = (home.kms(), file.to_str().unwrap());
    fs::write(home.scratch("keep.json"), KEEP).unwrap();
    fs::write(&file, ORGANIZATION).unwrap();
    let said = kms.done(["principals", "plan", path]);
    let expected = "\
+ organization root
    + policy_types/SERVICE_CONTROL_POLICY counts
+ organizational_unit root/prod
    + scp/keep attached
+ account management
    + name management
    + parent root
+ account team-a
    + email team-a@example.com
    + name team-a
    + parent root/prod
+ scp keep
    + document
+ role arn:aws:iam::team-a@example.com:role/OrganizationAccountAccessRole
    + inline/AdministratorAccess
    + max_session_duration 3600
    + trust
6 to be created, 0 to be taken over, 0 to be changed, 0 to be removed";
    assert_eq!(said, expected);
    kms.done(["principals", "apply", "-y", path]);
    let changed = ORGANIZATION
        .replace("parent = \"root/prod\"\n", "")
        .replace(
            "targets = [\"root/prod\"]",
            "targets = [\"team-a@example.com\"]",
        );
    fs::write(&file, changed).unwrap();
    let expected = "\
~ organizational_unit root/prod
    - scp/keep
~ account team-a
    ~ parent root/prod -> root
    + scp/keep attached
0 to be created, 0 to be taken over, 2 to be changed, 0 to be removed";
    assert_eq!(kms.done(["principals", "plan", path]), expected);
    fs::write(
        &file,
        "[organization]\n[[organizational_unit]]\nname = \"prod\"\n",
    )
    .unwrap();
    let expected = "\
~ organizational_unit root/prod
    - scp/keep
! account team-a (stays; the file lets go of it)
- scp keep
0 to be created, 0 to be taken over, 1 to be changed, 1 to be removed, 1 to be let go";
    assert_eq!(kms.done(["principals", "plan", path]), expected);
    fs::write(&file, "[organization]\n").unwrap();
    let output = kms.run(["principals", "plan", path]);
    refused(
        &output,
        FAILED,
        "the organizational_unit root/prod is not in the file any more",
    );
}

#[test]
fn an_export_of_an_organization_leaves_the_way_into_accounts_out_unless_asked() {
    let (home, file) = home();
    let kms = home.kms();
    fs::write(home.scratch("keep.json"), KEEP).unwrap();
    fs::write(&file, ORGANIZATION).unwrap();
    kms.done(["principals", "apply", "-y", file.to_str().unwrap()]);
    let exported = kms.done(["principals", "export"]);
    assert!(
        !exported.contains("OrganizationAccountAccessRole"),
        "{exported}"
    );
    fs::write(&file, &exported).unwrap();
    let path = file.to_str().unwrap();
    kms.done(["principals", "apply", "-y", path]);
    assert_eq!(kms.done(["principals", "plan", path]), "nothing to change");
    let whole = kms.done(["principals", "export", "--access-roles"]);
    assert!(whole.contains("OrganizationAccountAccessRole"), "{whole}");
}

#[test]
fn an_export_is_a_file_that_changes_nothing() {
    let (home, file) = home();
    let kms = home.kms();
    kms.done(["principals", "apply", "-y", file.to_str().unwrap()]);
    let exported = kms.done(["principals", "export"]);
    assert!(!exported.contains(SECRET), "{exported}");
    let again = home.scratch("again.toml");
    fs::write(&again, exported).unwrap();
    let plan = ["principals", "plan", "--detailed-exitcode"];
    let plan = [&plan[..], &[again.to_str().unwrap()]].concat();
    assert_eq!(kms.done(plan), "nothing to change");
}

#[test]
fn an_apply_asks_at_the_terminal_and_nowhere_else() {
    let (home, file) = home();
    let path = file.to_str().unwrap();
    let apply = ["principals", "apply", path];
    let output = Command::new("setsid")
        .arg("--wait")
        .arg(program("kms"))
        .args(apply)
        .env("KMS_HOME", home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    refused(&output, USAGE, "--yes");
    let (succeeded, shown) = at_terminal(&home.path(), &apply, &["n"]);
    assert!(!succeeded && shown.contains("+ user arn"), "{shown}");
    assert_eq!(home.kms().done(["user", "list"]), "");
    let (succeeded, shown) = at_terminal(&home.path(), &apply, &["y"]);
    assert!(succeeded && !shown.contains(SECRET), "{shown}");
    assert_ne!(home.kms().done(["user", "list"]), "");
}

#[test]
fn what_the_file_manages_is_not_changed_by_other_commands() {
    let (home, file) = home();
    let kms = home.kms();
    kms.done(["principals", "apply", "-y", file.to_str().unwrap()]);
    let output = kms.run(["user", "access-key", "create", "ci"]);
    refused(&output, FAILED, "only modifiable by the principals file");
}

#[test]
fn a_file_that_cannot_be_applied_is_refused_with_its_line() {
    let (home, file) = home();
    let (kms, path) = (home.kms(), file.to_str().unwrap());
    let plan = |text: &str| {
        fs::write(&file, text).unwrap();
        kms.run(["principals", "plan", path])
    };
    let output = plan(&format!("{FILE}colour = 1\n"));
    refused(
        &output,
        FAILED,
        "principals.toml:10: unknown field `colour`",
    );
    let output = plan(&FILE.replace("[\"use\"]", "[\"none\"]"));
    refused(
        &output,
        FAILED,
        "line 6: the user ci: the file has no policy none",
    );
    let output = plan(&FILE.replace("secret_file", "secret"));
    let said = refused(&output, FAILED, "principals.toml:9: unknown field `secret`");
    assert!(!said.contains("wJal"), "{said}");
    fs::set_permissions(home.scratch("ci.secret"), Permissions::from_mode(0o640)).unwrap();
    refused(&plan(FILE), FAILED, "mode 0600 or 0400");
    refused(
        &kms.run(["principals", "plan", "absent.toml"]),
        NOT_FOUND,
        "absent.toml",
    );
    for command in ["plan", "apply"] {
        let output = kms.run([
            "principals",
            command,
            path,
            "--endpoint-url",
            "http://127.0.0.1:1",
        ]);
        refused(&output, USAGE, "a store in a directory");
    }
}
