//! Multi-Region keys, on a store in a directory and over an endpoint.

use std::process::Command;

use kms_tests::{Home, Server, program};

use crate::{FAILED, NOT_FOUND, USAGE, quietly, refused};

#[test]
fn a_key_is_replicated_and_its_messages_open_in_both_regions() {
    let home = Home::initialised();
    let kms = home.kms();
    let arn = kms.done(["key", "create", "--multi-region", "--alias", "alias/global"]);
    let id = arn.rsplit('/').next().unwrap();
    assert!(id.starts_with("mrk-"), "{arn}");
    let to = ["key", "replicate", "alias/global", "--to", "eu-west-1"];
    let more = ["--description", "there", "--tag", "a=1"];
    let replica = kms.done([&to[..], &more].concat());
    assert_eq!(replica, arn.replace("us-east-1", "eu-west-1"));
    let shown = kms.done(["--region", "eu-west-1", "key", "describe", id]);
    assert!(shown.contains(&arn) && shown.contains("there"), "{shown}");
    assert_eq!(
        kms.done(["--region", "eu-west-1", "key", "tags", id]),
        "a=1"
    );
    let file = |name: &str| home.scratch(name).to_str().unwrap().to_owned();
    let (plain, sealed) = (file("plain"), file("sealed"));
    std::fs::write(&plain, b"attack at dawn").unwrap();
    quietly(kms.run(["encrypt", "-k", "alias/global", &plain, "-o", &sealed]));
    for key in [&[][..], &["-k", &arn], &["-k", &replica], &["-k", id]] {
        let decrypt = ["--region", "eu-west-1", "decrypt", &sealed];
        let opened = quietly(kms.run([&decrypt[..], key].concat()));
        assert_eq!(opened, b"attack at dawn", "{key:?}");
    }
    let decrypt = ["--region", "ap-southeast-2", "decrypt", &sealed];
    refused(&kms.run(decrypt), NOT_FOUND, "does not exist");
}

#[test]
fn the_primary_moves_and_is_deleted_after_its_replicas() {
    let home = Home::initialised();
    let kms = home.kms();
    let arn = kms.done(["key", "create", "--multi-region"]);
    let replica = kms.done(["key", "replicate", &arn, "--to", "eu-west-1"]);
    refused(
        &kms.run(["key", "replicate", &arn, "--to", "eu-west-1"]),
        FAILED,
        "already exists in Region eu-west-1",
    );
    let bad = kms.run(["key", "replicate", &arn, "--to", "Frankfurt"]);
    assert_eq!(bad.status.code(), Some(USAGE));
    kms.done(["key", "update-primary-region", &arn, "--to", "eu-west-1"]);
    let shown = kms.done(["key", "describe", &arn]);
    let line = |name: &str| shown.lines().find(|line| line.starts_with(name));
    assert!(line("Primary").unwrap().ends_with(&replica), "{shown}");
    assert!(line("Replica").unwrap().ends_with(&arn), "{shown}");
    let there = ["--region", "eu-west-1", "key"];
    let said = kms.done([&there[..], &["schedule-deletion", "--days", "7", &replica]].concat());
    assert!(
        said.ends_with("is deleted 7 days after the last of its replicas"),
        "{said}"
    );
    let shown = kms.done([&there[..], &["describe", &replica]].concat());
    assert!(shown.contains("PendingReplicaDeletion"), "{shown}");
    assert!(shown.contains("7 days after the last replica"), "{shown}");
}

#[test]
fn the_commands_work_over_an_endpoint() {
    let home = Home::new();
    let server = Server::start(&home.path(), &["--other-region", "eu-west-1"]);
    let credentials = home.root_credentials();
    let run = |region: &str, arguments: &[&str]| {
        let mut command = Command::new(program("kms"));
        command
            .args(["--region", region])
            .args(arguments)
            .env_clear()
            .env("HOME", home.as_ref())
            .env("AWS_ENDPOINT_URL_KMS", server.endpoint())
            .env("AWS_ACCESS_KEY_ID", &credentials.id)
            .env("AWS_SECRET_ACCESS_KEY", &credentials.secret);
        command.output().unwrap()
    };
    let done = |region: &str, arguments: &[&str]| {
        let text = String::from_utf8(quietly(run(region, arguments))).unwrap();
        text.trim_end().to_owned()
    };
    let arn = done("us-east-1", &["key", "create", "--multi-region"]);
    let replicate = [
        "key",
        "replicate",
        &arn,
        "--to",
        "eu-west-1",
        "--tag",
        "a=1",
    ];
    let replica = done("us-east-1", &replicate);
    assert_eq!(replica, arn.replace("us-east-1", "eu-west-1"));
    assert_eq!(done("eu-west-1", &["key", "tags", &replica]), "a=1");
    let elsewhere = ["key", "replicate", &arn, "--to", "eu-west-2"];
    refused(&run("us-east-1", &elsewhere), FAILED, "is not served here");
    let file = |name: &str| home.scratch(name).to_str().unwrap().to_owned();
    let (plain, sealed) = (file("plain"), file("sealed"));
    std::fs::write(&plain, b"attack at dawn").unwrap();
    done("us-east-1", &["encrypt", "-k", &arn, &plain, "-o", &sealed]);
    assert_eq!(done("eu-west-1", &["decrypt", &sealed]), "attack at dawn");
    let update = ["key", "update-primary-region", &arn, "--to", "eu-west-1"];
    done("us-east-1", &update);
    let shown = done("us-east-1", &["key", "describe", &arn]);
    let line = shown.lines().find(|line| line.starts_with("Primary"));
    assert!(line.unwrap().ends_with(&replica), "{shown}");
    let delete = ["key", "schedule-deletion", "--days", "7", &replica];
    assert!(done("eu-west-1", &delete).contains("after the last of its replicas"));
}
