//! The same commands over an endpoint.

use std::process::Command;

use kms_tests::{Credentials, Home, Server, program};

use crate::{DENIED, INTEGRITY, NOT_FOUND, UNAVAILABLE, USAGE, quietly, refused};

struct Remote {
    home: Home,
    server: Server,
}

impl Remote {
    fn start() -> Self {
        let home = Home::new();
        let server = Server::start(&home.path(), &[]);
        Self { home, server }
    }

    fn root(&self) -> Credentials {
        self.home.root_credentials()
    }

    /// With nothing of the caller's own set-up.
    fn command(&self, credentials: &Credentials, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("kms"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.as_ref())
            .env("AWS_ENDPOINT_URL_KMS", self.server.endpoint())
            .env("AWS_ACCESS_KEY_ID", &credentials.id)
            .env("AWS_SECRET_ACCESS_KEY", &credentials.secret)
            .env("AWS_REGION", "us-east-1");
        command
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.command(&self.root(), arguments).output().unwrap();
        String::from_utf8(quietly(output))
            .unwrap()
            .trim_end()
            .to_owned()
    }
}

#[test]
fn signatures_and_codes_are_made_over_an_endpoint() {
    let remote = Remote::start();
    let file = |name: &str, content: &[u8]| {
        let path = remote.home.scratch(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let bytes = |arguments: &[&str]| {
        let output = remote.command(&remote.root(), arguments).output();
        quietly(output.unwrap())
    };
    let create = ["key", "create", "--usage", "SIGN_VERIFY", "--spec"];
    let key = remote.done(&[&create[..], &["ECC_NIST_P384"]].concat());
    let message = file("message", &[7; 5000]);
    let signature = file("signature", &bytes(&["sign", "-k", &key, &message]));
    let verify = ["verify", "-k", &key, "--signature", &signature];
    let said = remote.done(&[&verify[..], &[&message]].concat());
    assert!(said.contains("ECDSA_SHA_384"), "{said}");
    let other = file("other", &[8; 5000]);
    let wrong = remote.command(&remote.root(), &[&verify[..], &[&other]].concat());
    let wrong = { wrong }.output().unwrap();
    refused(&wrong, INTEGRITY, "KMSInvalidSignatureException");
    let pem = remote.done(&["key", "public-key", &key]);
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----"), "{pem}");
    let key = remote.done(&["key", "create", "--spec", "HMAC_256"]);
    let message = file("message", b"short");
    let mac = file("mac", &bytes(&["mac", "generate", "-k", &key, &message]));
    let verify = ["mac", "verify", "-k", &key, "--mac", &mac, &message];
    assert!(remote.done(&verify).contains("HMAC_SHA_256"));
}

#[test]
fn the_commands_work_over_an_endpoint_as_on_a_directory() {
    let remote = Remote::start();
    let arn = remote.done(&["key", "create", "--alias", "alias/k", "--tag", "a=1"]);
    assert!(remote.done(&["key", "list"]).starts_with(&arn));
    assert!(remote.done(&["key", "describe", "alias/k"]).contains(&arn));
    assert_eq!(remote.done(&["key", "tags", &arn]), "a=1");
    let used = remote.done(&["key", "last-usage", "alias/k"]);
    assert!(used.starts_with("never used"), "{used}");
    remote.done(&["key", "rotation", "enable", &arn]);
    assert!(
        remote
            .done(&["key", "rotation", "status", &arn])
            .contains("365 days")
    );
    remote.done(&["key", "rotate", &arn]);
    assert!(
        remote
            .done(&["key", "rotation", "list", &arn])
            .contains("ON_DEMAND")
    );
    assert!(
        remote
            .done(&["key", "policy", "get", &arn])
            .contains("Statement")
    );
    remote.done(&["key", "disable", &arn]);
    remote.done(&["key", "enable", &arn]);
    remote.done(&["key", "schedule-deletion", &arn]);
    let output = remote
        .command(&remote.root(), &["-q", "key", "cancel-deletion", &arn])
        .output();
    quietly(output.unwrap());
    let root = "arn:aws:iam::111122223333:root";
    let (to, allow) = (["--to", root, "--retiring", root], ["--allow", "Encrypt"]);
    remote.done(&["key", "enable", &arn]);
    let create = [&["grant", "create", "alias/k"][..], &to, &allow].concat();
    let made = remote.done(&[&create[..], &["--context-equals", "a=1"]].concat());
    let (id, token) = made.split_once('\n').unwrap();
    let listed = format!("{id}  {root}  Encrypt  a==1");
    assert_eq!(remote.done(&["grant", "list", "alias/k"]), listed);
    assert_eq!(remote.done(&["grant", "list", "--retiring", root]), listed);
    remote.done(&["grant", "retire", "--token", token]);
    let made = remote.done(&create);
    let (id, _) = made.split_once('\n').unwrap();
    remote.done(&["grant", "revoke", "alias/k", id]);
    assert_eq!(remote.done(&["grant", "list", "alias/k"]), "");
    assert!(remote.done(&["alias", "list"]).starts_with("alias/k"));
    remote.done(&["alias", "delete", "alias/k"]);
    assert_eq!(
        remote.done(&["random", "--format", "hex", "-n", "4"]).len(),
        8
    );
}

#[test]
fn a_message_made_over_an_endpoint_opens_on_the_store_behind_it() {
    let remote = Remote::start();
    remote.done(&["key", "create", "--alias", "alias/k"]);
    let file = remote.home.scratch("f");
    std::fs::write(&file, "over the wire").unwrap();
    let message = remote.home.scratch("m");
    let (file, message) = (file.to_str().unwrap(), message.to_str().unwrap());
    remote.done(&[
        "encrypt",
        "-k",
        "alias/k",
        "--context",
        "a=1",
        "-o",
        message,
        file,
    ]);
    assert_eq!(remote.done(&["decrypt", message]), "over the wire");
    assert_eq!(
        remote.home.kms().done(["decrypt", message]),
        "over the wire"
    );
}

#[test]
fn an_endpoint_s_refusals_have_their_exit_codes() {
    let remote = Remote::start();
    let root = remote.root();
    let run = |credentials: &Credentials, arguments: &[&str]| {
        remote.command(credentials, arguments).output().unwrap()
    };
    refused(
        &run(&root, &["key", "describe", "alias/none"]),
        NOT_FOUND,
        "alias/none",
    );
    let wrong = Credentials {
        secret: "x".repeat(40),
        ..root.clone()
    };
    refused(&run(&wrong, &["key", "list"]), DENIED, "secret");
    let nobody = remote.home.user("alice");
    refused(&run(&nobody, &["key", "create"]), DENIED, "not authorized");
    let mut silent = remote.command(&root, &["key", "list"]);
    silent
        .env("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
        .env("AWS_MAX_ATTEMPTS", "1");
    refused(&silent.output().unwrap(), UNAVAILABLE, "cannot reach");
    let mut homeless = remote.command(&root, &["key", "list"]);
    refused(
        &homeless.env_remove("AWS_REGION").output().unwrap(),
        USAGE,
        "--region",
    );
    let mut anonymous = remote.command(&root, &["key", "list"]);
    anonymous
        .env_remove("AWS_ACCESS_KEY_ID")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    refused(&anonymous.output().unwrap(), DENIED, "credentials");
}

#[test]
fn it_says_which_store_it_uses() {
    let remote = Remote::start();
    let said = |mut command: Command| String::from_utf8(command.output().unwrap().stderr).unwrap();
    let over_endpoint = said(remote.command(&remote.root(), &["-v", "key", "list"]));
    assert!(over_endpoint.contains("endpoint"), "{over_endpoint}");
    let home = remote.home.path();
    let on_directory = ["-v", "key", "list", "--home", home.to_str().unwrap()];
    let on_directory = said(remote.command(&remote.root(), &on_directory));
    assert!(
        on_directory.contains(home.to_str().unwrap()),
        "{on_directory}"
    );
}

#[test]
fn a_profile_names_the_endpoint_and_the_credentials() {
    let remote = Remote::start();
    let directory = remote.home.scratch(".aws");
    std::fs::create_dir(&directory).unwrap();
    let Credentials { id, secret } = remote.root();
    let config = format!(
        "[profile p]\nregion = us-east-1\nendpoint_url = {}\n\
         aws_access_key_id = {id}\naws_secret_access_key = {secret}\n",
        remote.server.endpoint()
    );
    std::fs::write(directory.join("config"), config).unwrap();
    let mut command = Command::new(program("kms"));
    command
        .args(["key", "create", "--profile", "p"])
        .env_clear()
        .env("HOME", remote.home.as_ref());
    let arn = String::from_utf8(quietly(command.output().unwrap())).unwrap();
    assert!(remote.done(&["key", "list"]).starts_with(arn.trim_end()));
}
