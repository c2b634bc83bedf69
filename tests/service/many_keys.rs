//! A store of so many keys that they stay sealed until they are needed.

use kms_core::store::sealed::OPENED_WHOLE;

use super::*;

/// The id of the seeded key of that number.
fn id(number: u64) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

fn arn(number: u64) -> String {
    format!("arn:aws:kms:us-east-1:111122223333:key/{}", id(number))
}

/// More keys than are opened at once. Of those by number, 1 has an alias, 2 rotates by itself, 3
/// is to be deleted, and 4 did rotate and does no more.
fn large() -> Fixture {
    let fixture = Fixture::new();
    let keys = (0..=OPENED_WHOLE).map(|number| format!("[[keys]]\nid = \"{}\"\n", id(number)));
    fixture.apply(&keys.collect::<String>()).unwrap();
    let alias = CreateAliasRequest {
        alias_name: Some("alias/one".to_owned()),
        target_key_id: Some(id(1)),
    };
    fixture.send(alias).unwrap();
    for number in [2, 4] {
        let enable = EnableKeyRotationRequest {
            key_id: Some(id(number)),
            rotation_period_in_days: Some(90),
        };
        fixture.send(enable).unwrap();
    }
    fixture
        .send(on_key!(DisableKeyRotationRequest, id(4)))
        .unwrap();
    let schedule = ScheduleKeyDeletionRequest {
        key_id: Some(id(3)),
        pending_window_in_days: Some(7),
    };
    fixture.send(schedule).unwrap();
    fixture
}

#[test]
fn a_large_store_works_as_a_small_one_does() {
    let mut fixture = large();
    let sealed = fixture.send(encrypt("alias/one", &[])).unwrap();
    assert_eq!(sealed.key_id.to_string(), arn(1));
    fixture.reopen();
    let opened = fixture.send(decrypt(&sealed.ciphertext_blob, &[])).unwrap();
    assert_eq!(opened.plaintext.expose(), b"attack at dawn");

    let state = |number| {
        let described = fixture.send(on_key!(DescribeKeyRequest, id(number)));
        described.map(|answer| answer.key_metadata.key_state)
    };
    assert_eq!(state(3).unwrap(), KeyState::PendingDeletion);
    let missing = code(state(OPENED_WHOLE + 1));
    assert_eq!(missing, "NotFoundException");

    fixture.clock.set(fixture.clock.now().plus_days(90));
    fixture.engine().run_due_jobs().unwrap();
    assert_eq!(code(state(3)), "NotFoundException");
    let rotations = |number| {
        let listed = fixture.send(on_key!(ListKeyRotationsRequest, id(number)));
        listed.unwrap().rotations.len()
    };
    assert_eq!([2, 4, 5].map(rotations), [1, 0, 0]);

    fixture.reopen();
    let mut listed = 0;
    let mut marker = None;
    loop {
        let page = fixture.send(ListKeysRequest {
            limit: Some(1000),
            marker,
        });
        let page = page.unwrap();
        listed += page.keys.len() as u64;
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(listed, OPENED_WHOLE);
}

#[test]
fn a_key_that_was_altered_is_of_no_use_and_harms_no_other() {
    let mut fixture = large();
    fixture.engine = None;
    let file = fixture.directory.path().join("home/store.db");
    let alter = "UPDATE record SET sealed = \
                 CAST(substr(sealed, 1, 40) || 'x' || substr(sealed, 42) AS BLOB) \
                 WHERE path LIKE 'key/%' AND path LIKE ";
    rusqlite::Connection::open(file)
        .unwrap()
        .execute_batch(&format!("{alter} '%{}'", id(7)))
        .unwrap();
    fixture.engine = Some(Engine::open(options(fixture.directory.path(), &fixture.clock)).unwrap());
    let refused = fixture.send(encrypt(&id(7), &[]));
    assert_eq!(code(refused), "KMSInternalException");
    fixture.send(encrypt(&id(8), &[])).unwrap();
    let disabled = fixture.send(on_key!(DisableKeyRequest, id(7)));
    assert_eq!(code(disabled), "KMSInternalException");
}
