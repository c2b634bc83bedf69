//! The examples do what they say.

#[expect(dead_code, reason = "run from here, and not as a program")]
#[path = "../examples/backup.rs"]
mod backup;
#[expect(dead_code, reason = "run from here, and not as a program")]
#[path = "../examples/column.rs"]
mod column;
#[expect(dead_code, reason = "run from here, and not as a program")]
#[path = "../examples/disk.rs"]
mod disk;

#[test]
fn a_backup_comes_back_and_is_not_on_the_disk_in_clear() {
    let directory = tempfile::tempdir().unwrap();
    backup::run(directory.path()).unwrap();
    let restored = std::fs::read(directory.path().join("dump.sql")).unwrap();
    assert!(restored.starts_with(b"CREATE TABLE people;\nxxx"));
    let stored = std::fs::read(directory.path().join("backup.aes")).unwrap();
    assert!(stored.starts_with(&[2, 4, 0x78]));
    assert!(!stored.windows(12).any(|window| window == b"CREATE TABLE"));
}

#[test]
fn a_column_opens_row_by_row_and_is_not_in_the_database_in_clear() {
    let directory = tempfile::tempdir().unwrap();
    column::run(directory.path()).unwrap();
    let database = std::fs::read(directory.path().join("people.sqlite")).unwrap();
    assert!(!database.windows(11).any(|window| window == b"219-09-9999"));
}

#[test]
fn the_key_of_a_disk_is_stored_wrapped() {
    let directory = tempfile::tempdir().unwrap();
    disk::run(directory.path()).unwrap();
    let wrapped = std::fs::read(directory.path().join("disk.key")).unwrap();
    assert!(wrapped.len() > 64);
}
