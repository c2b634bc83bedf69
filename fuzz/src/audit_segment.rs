//! The files of a ledger.
//!
//! The input is the three files, each behind a line that names it; the reader and the verifier of
//! a ledger see them in a directory.

use std::fs;
use std::path::{Path, PathBuf};

use kms_core::audit;

/// The files that the input may bring, in the order of their marks.
const FILES: [(&str, &str); 3] = [
    ("#pub\n", "ledger.pub"),
    ("#checkpoints\n", "checkpoints"),
    ("#segment\n", "00000000000000000000.jsonl"),
];

/// A directory of this thread, gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let thread = format!("{:?}", std::thread::current().id());
        let name = format!("kms-fuzz-{}-{thread}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Records that are read were written, and a ledger that verifies has as many as are read.
pub fn run(data: &[u8]) {
    let directory = Directory::new();
    let Some(segment) = lay_out(&directory.0, data) else {
        return;
    };
    let Ok(records) = audit::read(&directory.0, 0) else {
        return;
    };
    let mut read = 0;
    for record in records {
        let Ok((_, line)) = record else { break };
        assert!(find(segment, &line).is_some());
        read += 1;
    }
    if let Ok(verified) = audit::verify(&directory.0, None) {
        assert_eq!(verified.records, read);
        assert!(verified.checkpoint.size <= read);
    }
}

/// Writes the files; returns the bytes of the segment.
fn lay_out<'a>(directory: &Path, data: &'a [u8]) -> Option<&'a [u8]> {
    let mut rest = data;
    for (index, (mark, name)) in FILES.iter().enumerate() {
        rest = rest.strip_prefix(mark.as_bytes())?;
        let next = FILES.get(index + 1).map(|(mark, _)| mark.as_bytes());
        let end = match next {
            Some(mark) => find(rest, mark)?,
            None => rest.len(),
        };
        let (content, after) = rest.split_at(end);
        fs::write(directory.join(name), content).expect("a written file");
        if next.is_none() {
            return Some(content);
        }
        rest = after;
    }
    None
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
