//! The home directory: creation, unlocking, the lock.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kms_core::crypto::password::Argon2Cost;
use kms_core::crypto::random::SystemRandom;
use kms_core::root::seal::Passphrase;
use kms_core::root::{RingError, SealError};
use kms_core::secret::SecretBytes;
use kms_core::store::home::{Home, HomeError, RootGuard};

use crate::support::{self, key};

const KEY_FILE: RootGuard = RootGuard::KeyFile(None);

fn passphrase(text: &str) -> RootGuard {
    let cost = Argon2Cost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    let text = SecretBytes::new(text.into());
    RootGuard::Passphrase(Passphrase::dangerous_with_any_cost(text, cost).unwrap())
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("parent/home");
    (directory, home)
}

fn create(home: &Path, guard: &RootGuard) -> Home {
    Home::create(home, guard, &SystemRandom).unwrap()
}

/// Commits one key through a home.
fn commit(home: &Home) {
    let (store, _) = home
        .open_records(Arc::new(SystemRandom), |record| record)
        .unwrap();
    let _lock = home.lock().unwrap();
    support::commit(
        &store,
        store.head().revision,
        vec![key(1, "kept")],
        Vec::new(),
        1,
    )
    .unwrap();
}

fn count(home: &Home) -> usize {
    home.open_records(Arc::new(SystemRandom), |record| record)
        .unwrap()
        .1
        .len()
}

/// Every file below the home, with its bytes.
fn content(home: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(home)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_created_home_opens_with_its_key_file() {
    let (_directory, path) = place();
    let home = create(&path, &KEY_FILE);
    commit(&home);
    drop(home);
    let home = Home::open(&path, &KEY_FILE).unwrap();
    assert_eq!(count(&home), 1);
    assert!(home.ledger_directory().is_dir());
}

#[test]
fn all_of_a_home_is_closed_to_others() {
    let (_directory, path) = place();
    commit(&create(&path, &KEY_FILE));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("ledger")), 0o700);
    for name in ["root.key", "root.sealed", "store.db", "lock"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_passphrase_guards_a_home_without_a_key_file() {
    let (_directory, path) = place();
    commit(&create(&path, &passphrase("correct horse")));
    assert!(!path.join("root.key").exists());
    assert_eq!(
        count(&Home::open(&path, &passphrase("correct horse")).unwrap()),
        1
    );
    let asked = Home::open(&path, &KEY_FILE).unwrap_err();
    assert!(matches!(asked, HomeError::PassphraseNeeded));
}

#[test]
fn a_wrong_guard_says_which_and_changes_nothing() {
    let (_directory, path) = place();
    drop(create(&path, &passphrase("correct horse")));
    let before = content(&path);
    let wrong = Home::open(&path, &passphrase("battery staple")).unwrap_err();
    assert!(matches!(
        wrong,
        HomeError::Root(RingError::Seal(SealError::WrongPassphrase))
    ));
    assert_eq!(
        wrong.to_string(),
        "wrong passphrase, or the sealed root key was altered"
    );
    assert_eq!(content(&path), before);

    let (_directory, path) = place();
    drop(create(&path, &KEY_FILE));
    let mut key = fs::read(path.join("root.key")).unwrap();
    key[0] ^= 1;
    fs::write(path.join("root.key"), key).unwrap();
    let before = content(&path);
    let wrong = Home::open(&path, &KEY_FILE).unwrap_err();
    assert!(matches!(
        wrong,
        HomeError::Root(RingError::Seal(SealError::WrongKey))
    ));
    assert_eq!(
        wrong.to_string(),
        "wrong root key, or the sealed root key was altered"
    );
    assert_eq!(content(&path), before);
}

#[test]
fn no_store_is_told_apart_from_a_damaged_one() {
    let (_directory, path) = place();
    assert!(matches!(
        Home::open(&path, &KEY_FILE),
        Err(HomeError::NoStore(_))
    ));
    assert!(!path.exists());
    commit(&create(&path, &KEY_FILE));
    for missing in ["root.sealed", "store.db"] {
        let aside = path.join("aside");
        fs::rename(path.join(missing), &aside).unwrap();
        let error = Home::open(&path, &KEY_FILE).unwrap_err();
        assert!(error.to_string().contains(missing), "{error}");
        assert!(matches!(error, HomeError::Incomplete { .. }), "{error}");
        assert!(
            Home::create(&path, &KEY_FILE, &SystemRandom).is_err(),
            "{missing}"
        );
        fs::rename(&aside, path.join(missing)).unwrap();
    }
    assert_eq!(count(&Home::open(&path, &KEY_FILE).unwrap()), 1);
}

#[test]
fn a_home_is_created_once() {
    let (_directory, path) = place();
    commit(&create(&path, &KEY_FILE));
    let before = content(&path);
    for guard in [KEY_FILE, passphrase("x")] {
        let refused = Home::create(&path, &guard, &SystemRandom);
        assert!(matches!(refused, Err(HomeError::Exists(_))));
    }
    assert_eq!(content(&path), before);
}

#[test]
fn the_root_keys_of_another_store_are_refused() {
    let (_directory, path) = place();
    let (_other_directory, other) = place();
    drop((create(&path, &KEY_FILE), create(&other, &KEY_FILE)));
    for name in ["root.key", "root.sealed"] {
        fs::copy(other.join(name), path.join(name)).unwrap();
    }
    assert!(matches!(
        Home::open(&path, &KEY_FILE),
        Err(HomeError::OtherStore(_))
    ));
}

#[test]
fn a_creation_that_was_cut_short_can_be_run_again() {
    let (_directory, whole) = place();
    drop(create(&whole, &KEY_FILE));
    let finished = content(&whole);
    // The states a kill leaves: each file may be there half, under its pending name, or whole.
    let states: [&[(&str, &str)]; 5] = [
        &[],
        &[("store.db.new", "half")],
        &[("store.db", "whole")],
        &[("store.db", "whole"), ("root.key.new", "half")],
        &[
            ("store.db", "whole"),
            ("root.key", "whole"),
            ("root.sealed.new", "half"),
        ],
    ];
    for state in states {
        let (_directory, path) = place();
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        for (name, how) in state {
            let bytes = &finished[&whole.join(name.trim_end_matches(".new"))];
            let length = if *how == "half" {
                bytes.len() / 2
            } else {
                bytes.len()
            };
            fs::write(path.join(name), &bytes[..length]).unwrap();
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        commit(&create(&path, &KEY_FILE));
        assert_eq!(
            count(&Home::open(&path, &KEY_FILE).unwrap()),
            1,
            "{state:?}"
        );
        if path.join("root.key").exists() && state.iter().any(|(name, _)| *name == "root.key") {
            let key = fs::read(path.join("root.key")).unwrap();
            assert_eq!(
                key,
                finished[&whole.join("root.key")],
                "an existing key is kept"
            );
        }
        let left = content(&path)
            .into_keys()
            .filter(|path| path.extension().is_some_and(|extension| extension == "new"));
        assert_eq!(left.count(), 0, "{state:?}");
    }
}

#[test]
fn a_directory_that_others_can_reach_is_refused() {
    let (_directory, path) = place();
    drop(create(&path, &KEY_FILE));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Home::open(&path, &KEY_FILE).is_err());
    let (_directory, path) = place();
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Home::create(&path, &KEY_FILE, &SystemRandom).is_err());
    assert!(!path.join("root.key").exists());
}

#[test]
fn the_guard_can_be_changed_and_the_records_stay() {
    let (directory, path) = place();
    commit(&create(&path, &KEY_FILE));
    let elsewhere = RootGuard::KeyFile(Some(directory.path().join("stick.key")));
    let words = passphrase("correct horse");
    Home::reseal(&path, &KEY_FILE, &words, &SystemRandom).unwrap();
    assert!(matches!(
        Home::open(&path, &KEY_FILE),
        Err(HomeError::PassphraseNeeded)
    ));
    assert_eq!(count(&Home::open(&path, &words).unwrap()), 1);
    let refused = Home::reseal(&path, &passphrase("wrong"), &elsewhere, &SystemRandom);
    assert!(refused.is_err());
    Home::reseal(&path, &words, &elsewhere, &SystemRandom).unwrap();
    assert_eq!(count(&Home::open(&path, &elsewhere).unwrap()), 1);
    assert!(Home::open(&path, &words).is_err());
}

#[test]
fn the_lock_lets_one_at_a_time_through() {
    let (_directory, path) = place();
    let one = create(&path, &KEY_FILE);
    let two = Home::open(&path, &KEY_FILE).unwrap();
    let inside = AtomicBool::new(false);
    let enter = |home: &Home| {
        for _ in 0..50 {
            let lock = home.lock().unwrap();
            assert!(!inside.swap(true, Ordering::SeqCst));
            std::thread::sleep(Duration::from_micros(50));
            inside.store(false, Ordering::SeqCst);
            drop(lock);
        }
    };
    std::thread::scope(|scope| {
        for home in [&one, &one, &two] {
            scope.spawn(|| enter(home));
        }
    });
}
