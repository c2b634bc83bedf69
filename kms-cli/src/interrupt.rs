//! What happens when a signal ends the command: what is temporary is removed first.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// What is removed, each under its number.
static REGISTERED: Mutex<Registered> = Mutex::new(Registered {
    next: 0,
    paths: BTreeMap::new(),
});

/// Whether the keys that send signals are for an editor.
static KEYS_ARE_THE_EDITOR_S: AtomicBool = AtomicBool::new(false);

struct Registered {
    next: u64,
    paths: BTreeMap<u64, (PathBuf, What)>,
}

#[derive(Clone, Copy, Debug)]
enum What {
    File,
    Directory,
}

/// Something that is removed if a signal ends the command while this value lives. Whoever holds it
/// removes it in every other case.
#[derive(Debug)]
pub(crate) struct Temporary(u64);

impl Temporary {
    /// A file.
    pub(crate) fn file(path: &Path) -> Self {
        Self::register(path, What::File)
    }

    /// A directory with all that is in it.
    pub(crate) fn directory(path: &Path) -> Self {
        Self::register(path, What::Directory)
    }

    fn register(path: &Path, what: What) -> Self {
        listen();
        let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
        let number = registered.next;
        registered.next = number.saturating_add(1);
        registered.paths.insert(number, (path.to_owned(), what));
        Self(number)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
        registered.paths.remove(&self.0);
    }
}

/// From now on the interrupt and quit keys do not end this command: they are meant for the editor that
/// has the terminal, and, once it has ended, what was edited is to be stored and not thrown away.
pub(crate) fn leave_keys_to_editor() {
    KEYS_ARE_THE_EDITOR_S.store(true, Ordering::SeqCst);
}

/// Starts to listen for the signals that end a command; a program that is started from here gets
/// them as ever. Where the system refuses to tell, what is temporary stays behind a killed command.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // What our caller had us ignore, as `nohup` does, does not end this command.
        let ignored = ignored();
        let deadly = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
            .into_iter()
            .filter(|&signal| !is_in(ignored, signal));
        let Ok(mut signals) = Signals::new(deadly) else {
            return;
        };
        thread::spawn(move || {
            for signal in signals.forever() {
                let is_key = matches!(signal, SIGINT | SIGQUIT);
                if !(is_key && KEYS_ARE_THE_EDITOR_S.load(Ordering::SeqCst)) {
                    end(signal);
                }
            }
        });
    });
}

/// The signals that are ignored, a bit for each; none where the system does not tell.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_of(&status)
}

fn ignored_of(status: &str) -> u64 {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

/// Whether the mask has the signal, of which the first is 1.
fn is_in(mask: u64, signal: i32) -> bool {
    let bit = u32::try_from(signal.saturating_sub(1)).unwrap_or(u32::MAX);
    mask.checked_shr(bit).is_some_and(|rest| rest & 1 == 1)
}

/// Removes what is registered and lets the signal end the process, so that its parent sees which.
fn end(signal: i32) {
    // Held to the end: nothing that is temporary may be made any more.
    let registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    for (path, what) in registered.paths.values() {
        // What cannot be removed has nobody left to be told.
        let _ = match what {
            What::File => fs::remove_file(path),
            What::Directory => fs::remove_dir_all(path),
        };
    }
    let _ = emulate_default_handler(signal);
}

/// From now on a write past the size that the process may write fails, instead of ending the process
/// without a word.
pub(crate) fn fail_at_size_limits() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The flag is not read: that there is a handler is what makes the write fail.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ignored_signals_are_read_from_the_status() {
        let mask = ignored_of("Name:\tkms\nSigBlk:\tff\nSigIgn:\t0000000000001001\n");
        assert!(is_in(mask, SIGHUP) && !is_in(mask, SIGINT) && !is_in(mask, SIGTERM));
        assert!(!is_in(mask, 0) && !is_in(mask, 65));
        assert_eq!(ignored_of(""), 0);
    }
}
