//! Nobody changes a record unseen.

use super::*;

/// A checkpoint after every `records` records, over segments of a few records each.
fn ledger_to_tamper_with_of(rounds: u64, records: u64) -> TempDir {
    let directory = TempDir::new().unwrap();
    let options = LedgerOptions {
        segment_bytes: 80,
        ..quiet()
    };
    for round in 0..rounds {
        let ledger = open(directory.path(), options);
        for number in round * records..(round + 1) * records {
            append(&ledger, number..number + 1);
        }
        ledger.close().unwrap();
    }
    directory
}

fn ledger_to_tamper_with() -> TempDir {
    ledger_to_tamper_with_of(3, 3)
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| !path.ends_with("lock"))
        .collect();
    files.sort();
    files
}

fn is_segment(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "jsonl")
}

#[test]
fn no_bit_of_any_file_changes_unseen() {
    let directory = ledger_to_tamper_with_of(2, 2);
    let expected = signer().verifier().clone();
    let whole = verify(directory.path(), Some(&expected)).unwrap();
    for path in files(directory.path()) {
        let bytes = fs::read(&path).unwrap();
        for (i, bit) in (0..bytes.len()).flat_map(|i| (0..8).map(move |bit| (i, bit))) {
            // Every bit of a record; of what is signed as one text, a bit of each byte.
            if !is_segment(&path) && bit != i % 8 {
                continue;
            }
            let mut changed = bytes.clone();
            changed[i] ^= 1 << bit;
            fs::write(&path, &changed).unwrap();
            // A change may make the newest checkpoint look unfinished: that shows as records
            // that no checkpoint covers.
            let seen = match verify(directory.path(), Some(&expected)) {
                Err(_) => true,
                Ok(verified) => !is_segment(&path) && verified != whole,
            };
            assert!(seen, "{} byte {i} bit {bit}", path.display());
        }
        fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(verify(directory.path(), Some(&expected)).unwrap(), whole);
}

#[test]
fn bytes_where_no_record_is_cannot_change_what_the_ledger_says() {
    let directory = TempDir::new().unwrap();
    let options = LedgerOptions {
        preallocate: 4 << 20,
        ..quiet()
    };
    let ledger = open(directory.path(), options);
    append(&ledger, 0..3);
    let whole = verify(directory.path(), None).unwrap();
    let file = fs::OpenOptions::new()
        .write(true)
        .open(segment(directory.path(), 0))
        .unwrap();
    let end: u64 = lines(directory.path())
        .iter()
        .map(|l| u64::try_from(l.len()).unwrap() + 1)
        .sum();
    for offset in [end, end + 1, end + 5000] {
        file.write_all_at(b"x", offset).unwrap();
        let verified = verify(directory.path(), None).unwrap();
        assert_eq!(verified.records, whole.records);
        assert!(verified.unfinished_bytes > 0);
        file.write_all_at(b"\0", offset).unwrap();
    }
}

#[test]
fn the_place_of_an_edited_record_is_named() {
    let directory = ledger_of(0, quiet());
    for numbers in [0..2, 2..5, 5..6] {
        let ledger = open(directory.path(), quiet());
        append(&ledger, numbers);
        ledger.close().unwrap();
    }
    let path = segment(directory.path(), 0);
    let edited = fs::read_to_string(&path)
        .unwrap()
        .replace("event-3", "event-x");
    fs::write(&path, edited).unwrap();
    let error = verify(directory.path(), None).unwrap_err();
    let line = entry(0).as_bytes().len() + 1;
    assert_eq!(
        error.to_string().split(": ").next().unwrap(),
        format!(
            "segment 00000000000000000000.jsonl, record 2, byte {}",
            2 * line
        )
    );
}

fn rearranged(change: impl Fn(&mut Vec<&str>)) {
    let directory = ledger_of(0, quiet());
    for numbers in [0..2, 2..6] {
        let ledger = open(directory.path(), quiet());
        append(&ledger, numbers);
        ledger.close().unwrap();
    }
    let path = segment(directory.path(), 0);
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    change(&mut lines);
    fs::write(&path, lines.concat()).unwrap();
    assert!(verify(directory.path(), None).is_err());
    // The frontier does not stand past these records, so opening reads them too.
    assert!(try_open(directory.path(), quiet()).is_err());
}

#[test]
fn records_cannot_be_swapped_removed_doubled_added_or_cut_off() {
    rearranged(|lines| lines.swap(0, 1));
    rearranged(|lines| lines.swap(4, 5));
    rearranged(|lines| {
        lines.remove(0);
    });
    rearranged(|lines| {
        lines.remove(3);
    });
    rearranged(|lines| {
        lines.pop();
    });
    rearranged(|lines| lines.insert(2, "{\"eventID\":\"event-2\"}\n"));
    rearranged(|lines| lines.insert(0, "{}\n"));
    rearranged(|lines| lines.truncate(0));
    rearranged(|lines| *lines.last_mut().unwrap() = "{\"eventID\":\"event-5\"}");
}

#[test]
fn a_missing_cut_or_lengthened_segment_is_seen() {
    for first in [0, 3, 6] {
        let directory = ledger_to_tamper_with();
        let path = segment(directory.path(), first);
        assert!(path.exists(), "{:?}", files(directory.path()));
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(verify(directory.path(), None).is_err());
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            assert!(verify(directory.path(), None).is_err(), "{first} {length}");
        }
        if first < 6 {
            for extra in ["\0", "{}\n", "x"] {
                fs::write(&path, [&bytes, extra.as_bytes()].concat()).unwrap();
                assert!(verify(directory.path(), None).is_err());
            }
        }
    }
}

#[test]
fn a_segment_beyond_the_end_is_seen() {
    let directory = ledger_to_tamper_with();
    fs::write(segment(directory.path(), 50), "{}\n").unwrap();
    assert!(verify(directory.path(), None).is_err());
    assert!(try_open(directory.path(), quiet()).is_err());
}

#[test]
fn removed_records_stop_the_opening_although_a_frontier_is_there() {
    let directory = TempDir::new().unwrap();
    let options = LedgerOptions {
        segment_bytes: 300,
        ..quiet()
    };
    let ledger = open(directory.path(), options);
    append(&ledger, 0..1);
    for number in 1..40 {
        append(&ledger, number..number + 1);
    }
    ledger.close().unwrap();
    let last = directory::Directory::new(directory.path())
        .segments()
        .unwrap()
        .pop()
        .unwrap();
    let path = segment(directory.path(), last);
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.is_empty());
    fs::write(&path, &bytes[..bytes.len() - 23]).unwrap();
    assert!(try_open(directory.path(), options).is_err());
    fs::remove_file(&path).unwrap();
    assert!(try_open(directory.path(), options).is_err());
}

#[test]
fn checkpoints_must_be_there_signed_and_in_agreement() {
    let directory = ledger_to_tamper_with();
    let path = directory.path().join("checkpoints");
    let good = fs::read_to_string(&path).unwrap();
    let refused = |text: &str, why: &str| {
        fs::write(&path, text).unwrap();
        assert!(verify(directory.path(), None).is_err(), "{why}");
        assert!(try_open(directory.path(), quiet()).is_err(), "{why}");
    };
    let note = |size, root| {
        let note = Checkpoint { size, root }.sign(&signer()).unwrap();
        format!("{good}{note}\n")
    };
    refused("", "none");
    refused(&note(9, [1; 32]), "two roots of one size");
    refused(&note(10, [1; 32]), "more records than there are");
    let other = Signer::new(Ed25519PrivateKey::from_seed(&[8; 32]).unwrap(), NAME).unwrap();
    let forged = Checkpoint {
        size: 9,
        root: [1; 32],
    };
    let forged = forged.sign(&other).unwrap();
    refused(&format!("{good}{forged}\n"), "another key");
    fs::write(&path, note(4, [1; 32])).unwrap();
    assert!(matches!(
        verify(directory.path(), None),
        Err(LedgerError::File {
            fault: Fault::Inconsistent,
            ..
        })
    ));
    fs::remove_file(&path).unwrap();
    assert!(verify(directory.path(), None).is_err());
    assert!(try_open(directory.path(), quiet()).is_err());
}

#[test]
fn checkpoints_older_than_the_frontier_are_seen_as_removed() {
    let directory = ledger_to_tamper_with();
    assert!(directory.path().join("frontier").exists());
    let path = directory.path().join("checkpoints");
    let text = fs::read_to_string(&path).unwrap();
    let first = text.find("\n\nkms.example").unwrap() + 2;
    let (first, _) = text.split_at(first);
    fs::write(&path, first).unwrap();
    for outcome in [
        verify(directory.path(), None).map(|_| ()),
        try_open(directory.path(), quiet()).map(|_| ()),
    ] {
        assert!(matches!(
            outcome,
            Err(LedgerError::File {
                fault: Fault::CheckpointsMissing,
                ..
            })
        ));
    }
}
