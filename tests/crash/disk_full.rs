//! A full disk: nothing is answered that could not be recorded, and nothing answered is lost.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use kms_tests::{Home, Server};
use serde_json::json;

use crate::Client;

const OPTIONS: &str = "size=96m,mode=0700";
const MOST_KEYS: usize = 5000;

/// A small file system of its own.
struct Mount(PathBuf);

impl Mount {
    /// `None` where we may not mount.
    fn at(path: PathBuf) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", OPTIONS, "tmpfs"])
            .arg(&path)
            .output();
        mount.ok()?.status.success().then_some(Self(path))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

/// Fills the file system to the last byte.
fn fill(path: &Path) {
    let mut ballast = File::create(path).unwrap();
    for size in [1 << 20, 1 << 12, 1] {
        let block = vec![0; size];
        while ballast.write_all(&block).is_ok() {}
    }
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let home = Home::new();
    let Some(_mount) = Mount::at(home.path()) else {
        println!("skipped: mounting a small file system needs root");
        return;
    };
    let server = Server::start(&home.path(), &[]);
    let mut client = Client::of(&home, &server);
    let mut keys = Vec::new();
    keys.push(client.done("CreateKey", &json!({}))["KeyMetadata"]["KeyId"].take());
    let ballast = home.path().join("ballast");
    fill(&ballast);

    let refused = loop {
        assert!(keys.len() < MOST_KEYS, "the disk never filled");
        let reply = client.send("CreateKey", &json!({})).unwrap();
        if reply.status != 200 {
            break reply;
        }
        keys.push(reply.json()["KeyMetadata"]["KeyId"].take());
    };
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (500, "KMSInternalException")
    );
    assert!(refused.json().get("KeyMetadata").is_none());

    drop(server);
    fs::remove_file(&ballast).unwrap();
    let server = Server::start(&home.path(), &[]);
    let mut client = Client::of(&home, &server);
    for key in &keys {
        client.done("DescribeKey", &json!({"KeyId": key}));
    }
    client.done("CreateKey", &json!({}));
    assert!(server.terminate().success());
    home.kms().done(["audit", "verify"]);
}
