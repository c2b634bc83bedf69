//! What packages install beside the programs.

use std::fs;
use std::process::{Command, Output};

use kms_tests::{Home, program, workspace};
use toml::Value;

use crate::quietly;

fn server(arguments: &[&str]) -> Output {
    Command::new(program("kms-server"))
        .args(arguments)
        .env_clear()
        .output()
        .unwrap()
}

#[test]
fn every_command_has_a_manual_page() {
    let home = Home::new();
    let directory = home.scratch("man1");
    fs::create_dir(&directory).unwrap();
    quietly(home.kms().run(["manual", directory.to_str().unwrap()]));
    for (page, words) in [
        ("kms.1", "Exit codes:"),
        ("kms-encrypt.1", "\\-\\-output\\-directory"),
        ("kms-key-create.1", "kms key create"),
        ("kms-env-set.1", "kms env set"),
    ] {
        let text = fs::read_to_string(directory.join(page)).unwrap();
        assert!(
            text.contains(".TH ") && text.contains(words),
            "{page}: {text}"
        );
    }
    // Written again, as by an update.
    quietly(home.kms().run(["manual", directory.to_str().unwrap()]));
    let missing = home.scratch("none");
    let output = home.kms().run(["manual", missing.to_str().unwrap()]);
    crate::refused(&output, crate::NOT_FOUND, "none");
}

#[test]
fn the_server_prints_its_manual_page() {
    let text = String::from_utf8(quietly(server(&["--manual"]))).unwrap();
    assert!(
        text.contains(".TH kms-server 8") && text.contains("KMS_LISTEN"),
        "{text}"
    );
}

#[test]
fn the_configuration_of_the_package_is_valid() {
    let file = workspace().join("packaging/kms-server.toml");
    let output = server(&["--check-config", "--config", file.to_str().unwrap()]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn what_a_package_takes_from_the_repository_is_there() {
    for package in ["kms-cli", "kms-server"] {
        let directory = workspace().join(package);
        let manifest = fs::read_to_string(directory.join("Cargo.toml")).unwrap();
        let manifest: Value = toml::from_str(&manifest).unwrap();
        let deb = &manifest["package"]["metadata"]["deb"];
        let assets = deb["assets"].as_array().unwrap();
        let sources = assets.iter().map(|asset| asset[0].as_str().unwrap());
        let mut own = 0;
        for source in sources.filter(|source| !source.contains("target/")) {
            own += 1;
            let place = source.rsplit_once("/*").map_or(source, |(place, _)| place);
            assert!(directory.join(place).exists(), "{package}: {source}");
        }
        assert!(own > 0);
    }
    let unit = fs::read_to_string(workspace().join("packaging/kms-server.service")).unwrap();
    assert!(unit.contains("--config /etc/kms/kms-server.toml"));
    // The server can write to its keys, and not to its configuration.
    assert!(unit.contains("\nReadWritePaths=/var/lib/kms /etc/kms/keys\n"));
    let configuration = workspace().join("packaging/kms-server.toml");
    let configuration = fs::read_to_string(configuration).unwrap();
    assert!(configuration.contains("\nkey_file = \"/etc/kms/keys/"));
    let script = fs::read_to_string(workspace().join("packaging/deb/postinst")).unwrap();
    assert!(script.contains("#DEBHELPER#") && script.contains("/etc/kms/keys"));
}
