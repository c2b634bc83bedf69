//! Where requests meet the writer: what has gathered goes out as one batch.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ledger::{Entry, Gathered, LedgerUnavailable, Pending, Receipt, Release};
use super::note::Checkpoint;
use super::{MAX_BATCH, MAX_RECORD};

/// Somebody who waits for a record of this batch; `None` when the deadline has released them.
#[derive(Debug)]
struct Waiter {
    release: Option<Release>,
    since: Instant,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    waiting: Vec<Waiter>,
    in_flight: Vec<Waiter>,
    closing: bool,
    /// Why nothing can be appended any more.
    broken: Option<LedgerUnavailable>,
    /// The last batch was refused by a full disk, or the deadline passed.
    failing: bool,
    full: bool,
    /// Somebody wants what waits to be written; until then it may grow.
    flushed: bool,
    writer_idle: bool,
    watchdog_idle: bool,
    size: u64,
    newest: Option<Checkpoint>,
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    watch: Condvar,
    limit: usize,
    deadline: Duration,
}

/// What the writer is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Write the batch.
    Write,
    /// Nothing came until the time was up.
    Idle,
    /// Nothing is left and nothing will come.
    Close,
}

impl Queue {
    pub(super) fn new(limit: usize, deadline: Duration, size: u64, newest: Checkpoint) -> Self {
        Self {
            state: Mutex::new(State {
                size,
                newest: Some(newest),
                ..State::default()
            }),
            work: Condvar::new(),
            watch: Condvar::new(),
            limit,
            deadline,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry to the next batch; the writer hears of it from [`Queue::flush`].
    pub(super) fn append(&self, entry: &Entry) -> Gathered {
        let (release, pending) = Pending::new();
        let line = entry.as_bytes();
        let since = Instant::now();
        let mut state = self.state();
        if let Some(refusal) = self.refusal(&state, line.len()) {
            let pending = Pending::ready(Err(refusal));
            return Gathered {
                pending,
                first: false,
            };
        }
        let first = state.waiting.is_empty();
        state.lines.extend_from_slice(line);
        state.lines.push(b'\n');
        state.waiting.push(Waiter {
            release: Some(release),
            since,
        });
        Gathered { pending, first }
    }

    /// Wakes the writer, unless it is at work and will look for more by itself.
    pub(super) fn flush(&self) {
        let mut state = self.state();
        if state.waiting.is_empty() {
            return;
        }
        state.flushed = true;
        let wake_writer = mem::take(&mut state.writer_idle);
        let wake_watchdog = mem::take(&mut state.watchdog_idle);
        drop(state);
        if wake_writer {
            self.work.notify_one();
        }
        if wake_watchdog {
            self.watch.notify_one();
        }
    }

    fn refusal(&self, state: &State, length: usize) -> Option<LedgerUnavailable> {
        if let Some(broken) = &state.broken {
            return Some(broken.clone());
        }
        let reason = if state.closing {
            "the ledger is closed"
        } else if length > MAX_RECORD {
            "the record is too long"
        } else if state.waiting.len() >= self.limit || state.lines.len() + length >= MAX_BATCH {
            "too many records wait for the disk"
        } else {
            return None;
        };
        Some(LedgerUnavailable::because(reason))
    }

    /// Waits for records and moves all there are into `batch`; with a time limit when `idle_after`
    /// says so.
    pub(super) fn next(&self, batch: &mut Vec<u8>, idle_after: Option<Duration>) -> Task {
        batch.clear();
        let until = idle_after.map(|time| Instant::now() + time);
        let mut state = self.state();
        loop {
            if !state.waiting.is_empty() && (state.flushed || state.closing) {
                state.flushed = false;
                mem::swap(&mut state.lines, batch);
                state.in_flight = mem::take(&mut state.waiting);
                return Task::Write;
            }
            if state.closing {
                return Task::Close;
            }
            state.writer_idle = true;
            state = match until {
                None => self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        state.writer_idle = false;
                        return Task::Idle;
                    }
                    let waited = self.work.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Releases the batch in flight: its records stand from `first` on.
    pub(super) fn release(&self, first: u64) {
        let mut state = self.state();
        let waiters = mem::take(&mut state.in_flight);
        state.failing = false;
        state.full = false;
        let count = u64::try_from(waiters.len()).unwrap_or(u64::MAX);
        state.size = first.saturating_add(count);
        self.drop_after_batch(state);
        for (index, waiter) in (first..).zip(waiters) {
            waiter.tell(Ok(Receipt { index }));
        }
    }

    /// Fails the batch in flight; later ones may succeed.
    pub(super) fn fail(&self, reason: &LedgerUnavailable) {
        let mut state = self.state();
        let waiters = mem::take(&mut state.in_flight);
        state.failing = true;
        state.full = true;
        self.drop_after_batch(state);
        tell_all(waiters, reason);
    }

    /// Fails everybody who waits and everybody who will come.
    pub(super) fn break_off(&self, reason: &LedgerUnavailable) {
        let mut state = self.state();
        let mut waiters = mem::take(&mut state.in_flight);
        waiters.append(&mut state.waiting);
        state.lines.clear();
        state.broken = Some(reason.clone());
        self.drop_after_batch(state);
        tell_all(waiters, reason);
    }

    /// A watchdog that waits for the last batch need not wait for its next look.
    fn drop_after_batch(&self, state: MutexGuard<'_, State>) {
        let closing = state.closing;
        drop(state);
        if closing {
            self.watch.notify_all();
        }
    }

    /// The disk has room again.
    pub(super) fn recovered(&self) {
        let mut state = self.state();
        state.failing = false;
        state.full = false;
    }

    pub(super) fn is_full(&self) -> bool {
        self.state().full
    }

    pub(super) fn signed(&self, newest: Checkpoint) {
        let mut state = self.state();
        state.size = state.size.max(newest.size);
        state.newest = Some(newest);
    }

    pub(super) fn close(&self) {
        self.state().closing = true;
        self.work.notify_all();
        self.watch.notify_all();
    }

    pub(super) fn healthy(&self) -> bool {
        let state = self.state();
        state.broken.is_none() && !state.failing && !state.closing
    }

    pub(super) fn size(&self) -> u64 {
        self.state().size
    }

    pub(super) fn newest(&self) -> Option<Checkpoint> {
        self.state().newest
    }

    pub(super) fn broken(&self) -> Option<LedgerUnavailable> {
        self.state().broken.clone()
    }

    /// Releases those whose deadline has passed, until the queue closes; the disk may never answer
    /// the writer.
    pub(super) fn watch(&self) {
        let tick = (self.deadline / 10).max(Duration::from_millis(1));
        let mut state = self.state();
        while !(state.closing && state.in_flight.is_empty() && state.waiting.is_empty()) {
            let late = state.late(self.deadline);
            if !late.is_empty() {
                state.failing = true;
                drop(state);
                let reason = LedgerUnavailable::because("the disk did not answer in time");
                tell_all(late, &reason);
                state = self.state();
                continue;
            }
            let idle = state.in_flight.is_empty() && state.waiting.is_empty();
            state.watchdog_idle = idle;
            state = if idle {
                let waited = self.watch.wait(state);
                waited.unwrap_or_else(PoisonError::into_inner)
            } else {
                let waited = self.watch.wait_timeout(state, tick);
                waited.unwrap_or_else(PoisonError::into_inner).0
            };
        }
    }
}

impl State {
    fn late(&mut self, deadline: Duration) -> Vec<Waiter> {
        let now = Instant::now();
        self.in_flight
            .iter_mut()
            .chain(&mut self.waiting)
            .filter(|waiter| {
                waiter.release.is_some() && now.duration_since(waiter.since) >= deadline
            })
            .map(|waiter| Waiter {
                release: waiter.release.take(),
                since: waiter.since,
            })
            .collect()
    }
}

impl Waiter {
    fn tell(self, outcome: Result<Receipt, LedgerUnavailable>) {
        if let Some(release) = self.release {
            // Whoever no longer listens does not need the answer.
            drop(release.send(outcome));
        }
    }
}

fn tell_all(waiters: Vec<Waiter>, reason: &LedgerUnavailable) {
    for waiter in waiters {
        waiter.tell(Err(reason.clone()));
    }
}
