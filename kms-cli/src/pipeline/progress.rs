//! How far long work has come, on a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{getpgrp, getpid};

/// Work that ends sooner shows nothing.
const SHOWN_AFTER: Duration = Duration::from_secs(1);
/// How often the line is drawn anew.
const INTERVAL: Duration = Duration::from_millis(200);

/// Back to the first column, and the rest of the line cleared.
const CLEAR: &str = "\r\x1b[K";

/// A line on standard error that is drawn while work goes on, and is gone when it ends.
#[derive(Debug)]
pub(crate) struct Progress(Option<Mutex<State>>);

#[derive(Debug)]
struct State {
    total: Option<u64>,
    done: u64,
    started: Instant,
    /// When the line was drawn last; `None` while it does not stand there.
    drawn: Option<Instant>,
}

impl Progress {
    /// Shows nothing.
    pub(crate) const fn silent() -> Self {
        Self(None)
    }

    /// Shows how many bytes of `total`, if that is known, are done; nothing where standard error is
    /// no terminal.
    pub(crate) fn of(total: Option<u64>) -> Self {
        let shown = io::stderr().is_terminal();
        Self(shown.then(|| {
            Mutex::new(State {
                total,
                done: 0,
                started: Instant::now(),
                drawn: None,
            })
        }))
    }

    /// `count` more bytes are done.
    pub(crate) fn advance(&self, count: usize) {
        self.with(|state| {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            state.done = state.done.saturating_add(count);
            let now = Instant::now();
            let is_due = match state.drawn {
                None => now.duration_since(state.started) >= SHOWN_AFTER,
                Some(drawn) => now.duration_since(drawn) >= INTERVAL,
            };
            if is_due && in_foreground() {
                draw(&format!(
                    "{CLEAR}{}",
                    line(state.done, state.total, now - state.started)
                ));
                state.drawn = Some(now);
            }
        });
    }

    /// The same bytes are gone through once more.
    pub(crate) fn begin_again(&self) {
        self.with(|state| state.done = 0);
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        self.with(|state| {
            if state.drawn.take().is_some() {
                draw(CLEAR);
            }
        });
    }

    fn with(&self, change: impl FnOnce(&mut State)) {
        if let Some(state) = &self.0 {
            change(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A command in the background draws nothing over what the person does meanwhile.
fn in_foreground() -> bool {
    let foreground = rustix::termios::tcgetpgrp(io::stderr());
    foreground.is_ok_and(|group| group == getpgrp() || group == getpid())
}

fn draw(text: &str) {
    // A terminal that is gone has nobody to show anything to.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Such as `1.2 GiB of 4.0 GiB, 30 %, 512 MiB/s, 6 s left`; it fits into 80 columns.
fn line(done: u64, total: Option<u64>, elapsed: Duration) -> String {
    let milliseconds = elapsed.as_millis().max(1);
    let rate = u128::from(done).saturating_mul(1000) / milliseconds;
    let rate = u64::try_from(rate).unwrap_or(u64::MAX);
    // A file that grows while it is read has no end that could be told.
    let Some(total) = total.filter(|&total| total >= done && total > 0) else {
        return format!("{}, {}/s", size(done), size(rate));
    };
    let percent = u128::from(done).saturating_mul(100) / u128::from(total);
    let left = (total - done).checked_div(rate).map(time);
    format!(
        "{} of {}, {percent} %, {}/s{}",
        size(done),
        size(total),
        size(rate),
        left.map_or_else(String::new, |left| format!(", {left} left"))
    )
}

/// In the largest binary unit that leaves at least one, with one digit below ten.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut tenths = u128::from(bytes).saturating_mul(10);
    let mut unit = "bytes";
    for larger in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    match (unit, tenths) {
        ("bytes", _) => format!("{bytes} bytes"),
        (unit, 0..100) => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        (unit, _) => format!("{} {unit}", tenths / 10),
    }
}

/// Whole seconds, minutes with seconds, or hours with minutes.
fn time(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_much_how_fast_and_how_long() {
        let gib = 1 << 30;
        let second = Duration::from_secs(1);
        for (done, total, elapsed, expected) in [
            (0, None, second, "0 bytes, 0 bytes/s"),
            (gib, None, second * 2, "1.0 GiB, 512 MiB/s"),
            (
                gib,
                Some(4 * gib),
                second * 2,
                "1.0 GiB of 4.0 GiB, 25 %, 512 MiB/s, 6 s left",
            ),
            (0, Some(gib), second, "0 bytes of 1.0 GiB, 0 %, 0 bytes/s"),
            (gib, Some(gib - 1), second, "1.0 GiB, 1.0 GiB/s"),
            (
                1024,
                Some(u64::MAX),
                second,
                "1.0 KiB of 16383 PiB, 0 %, 1.0 KiB/s, 5003999585967 h 13 min left",
            ),
        ] {
            assert_eq!(line(done, total, elapsed), expected);
            assert!(expected.len() < 80);
        }
    }

    #[test]
    fn times_have_two_units_at_most() {
        for (seconds, expected) in [(59, "59 s"), (61, "1 min 1 s"), (7384, "2 h 3 min")] {
            assert_eq!(time(seconds), expected);
        }
    }
}
