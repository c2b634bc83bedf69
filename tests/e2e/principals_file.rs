//! A server whose principals stand in a file.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use kms_tests::{Home, Script, Server};

const FILE: &str = r#"
[[policy]]
name = "use"
file = "use.json"

[[user]]
name = "ci"
policies = ["use"]
access_keys = [{ id = "AKIAIOSFODNN7EXAMPLE", secret_file = "ci.secret" }]

[[role]]
name = "app"
trust_file = "trust.json"
policies = ["use"]
"#;
const USE: &str = r#"{"Version": "2012-10-17", "Statement": {
  "Effect": "Allow", "Action": ["kms:Encrypt", "sts:AssumeRole"], "Resource": "*"}}"#;
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": {
  "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/ci"}, "Action": "sts:AssumeRole"}}"#;
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n";

fn home_with_file() -> (Home, String) {
    let home = Home::new();
    let file = home.scratch("principals.toml");
    fs::write(&file, FILE).unwrap();
    fs::write(home.scratch("use.json"), USE).unwrap();
    fs::write(home.scratch("trust.json"), TRUST).unwrap();
    let secret = home.scratch("ci.secret");
    fs::write(&secret, SECRET).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    (home, file.to_str().unwrap().to_owned())
}

#[test]
fn the_principals_of_a_file_work_and_change_with_it() {
    let (home, file) = home_with_file();
    let config = home.scratch("kms-server.toml");
    fs::write(&config, format!("principals_file = {file:?}\n")).unwrap();
    let arguments = ["--config", config.to_str().unwrap()];
    let server = Server::start(&home.path(), &arguments);
    let script = Script::new("principals_file.py", &home, &server)
        .env("PRINCIPALS_FILE", &file)
        .env("SERVER_PROCESS", server.id().to_string())
        .env("SERVER_LOG", home.scratch("server.err"));
    print!("{}", script.passes());
    let log = server.log();
    assert!(log.contains("what was applied before stays"), "{log}");
    assert!(!log.contains("wJalr"), "{log}");
    assert!(server.terminate().success());
    home.kms().done(["audit", "verify"]);
    // Another server on the store finds nothing to change.
    fs::write(&file, FILE).unwrap();
    let server = Server::start(&home.path(), &arguments);
    assert!(server.terminate().success());
    let plan = ["principals", "plan", "--detailed-exitcode", &file];
    assert_eq!(home.kms().done(plan), "nothing to change");
}

const ORGANIZATION: &str = r#"
[organization]

[[organizational_unit]]
name = "prod"

[[account]]
id = "222233334444"
name = "team-a"
email = "team-a@example.com"
parent = "root/prod"

[[scp]]
name = "no-encrypt"
description = "nothing is encrypted here"
file = "no-encrypt.json"
targets = ["root/prod"]

[[user]]
account = "team-a@example.com"
name = "ci"
access_keys = [{ id = "AKIAIOSFODNN7EXAMPLE", secret_file = "ci.secret" }]

[[user.inline]]
name = "all"
text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'

[[user]]
name = "admin"
access_keys = [{ id = "AKIAADMINADMINADMINA", secret_file = "admin.secret" }]

[[user.inline]]
name = "reach"
text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}'
"#;
const NO_ENCRYPT: &str = r#"{"Version": "2012-10-17", "Statement": {
  "Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"}}"#;

#[test]
fn the_organization_of_a_file_limits_its_accounts_and_changes_with_it() {
    let (home, file) = home_with_file();
    fs::write(&file, ORGANIZATION).unwrap();
    fs::write(home.scratch("no-encrypt.json"), NO_ENCRYPT).unwrap();
    let secret = home.scratch("admin.secret");
    fs::write(&secret, SECRET).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let arguments = ["--principals-file", file.as_str()];
    let server = Server::start(&home.path(), &arguments);
    let script = Script::new("principals_file_organization.py", &home, &server)
        .env("PRINCIPALS_FILE", &file)
        .env("SERVER_PROCESS", server.id().to_string());
    print!("{}", script.passes());
    assert!(server.terminate().success());
    home.kms().done(["audit", "verify"]);
    let plan = ["principals", "plan", "--detailed-exitcode", &file];
    assert_eq!(home.kms().done(plan), "nothing to change");
}

#[test]
fn a_bad_principals_file_keeps_the_server_from_starting() {
    let (home, file) = home_with_file();
    let arguments = ["--principals-file", file.as_str()];
    fs::write(&file, format!("{FILE}colour = 1\n")).unwrap();
    let report = Server::try_start(&home.path(), &arguments).unwrap_err();
    assert!(
        report.contains("principals.toml:15: unknown field `colour`"),
        "{report}"
    );
    fs::write(&file, format!("{FILE}groups = []\n")).unwrap();
    let report = Server::try_start(&home.path(), &arguments).unwrap_err();
    assert!(report.contains("unknown field `groups`"), "{report}");
    fs::write(
        &file,
        FILE.replace("\"use\"]\naccess", "\"other\"]\naccess"),
    )
    .unwrap();
    let report = Server::try_start(&home.path(), &arguments).unwrap_err();
    assert!(
        report.contains("line 6: the user ci: the file has no policy other"),
        "{report}"
    );
    fs::write(&file, FILE).unwrap();
    let secret = home.scratch("ci.secret");
    fs::set_permissions(&secret, Permissions::from_mode(0o644)).unwrap();
    let report = Server::try_start(&home.path(), &arguments).unwrap_err();
    assert!(report.contains("mode 0600 or 0400"), "{report}");
}
