//! The seam to a durable log, and what crosses it.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures_channel::oneshot;
use serde::de::IgnoredAny;

use super::MAX_RECORD;

/// Bytes that cannot be an entry of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry of the ledger is one JSON object without line breaks, at most 256 KiB long")]
pub struct InvalidEntry;

/// One record of the ledger: a JSON object (RFC 8259) in UTF-8 without control characters, of at
/// most [`MAX_RECORD`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry(Vec<u8>);

impl Entry {
    /// Checks and takes the bytes of one record.
    ///
    /// # Errors
    /// [`InvalidEntry`] when they are not one.
    pub fn new(bytes: Vec<u8>) -> Result<Self, InvalidEntry> {
        if is_record(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(InvalidEntry)
        }
    }

    /// From a writer of this room that makes nothing but whole objects.
    pub(super) fn written(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The line without its newline.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Whether a line can be a record at all.
pub(super) fn is_record(line: &[u8]) -> bool {
    line.len() <= MAX_RECORD
        && line.starts_with(b"{")
        && line.ends_with(b"}")
        && !line.iter().any(|byte| *byte < 0x20)
        && std::str::from_utf8(line)
            .is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Proof that an entry is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The record's place in the ledger, counted from 0.
    pub index: u64,
}

/// The ledger could not make an entry durable in time: what it records must not happen.
///
/// The record may stand in the ledger all the same, since a write whose end nobody saw may have
/// succeeded. The reason is in `source()`, for the log.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the ledger is unavailable")]
pub struct LedgerUnavailable(#[source] Arc<dyn Error + Send + Sync>);

impl LedgerUnavailable {
    /// With the reason, which is for the log.
    pub fn because(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(reason.into()))
    }
}

/// A durable, ordered, append-only log.
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Hands an entry over; it is durable when the returned future says so.
    fn append(&self, entry: Entry) -> Pending;

    /// Hands an entry over like [`Ledger::append`], but lets it wait for company: whoever hands
    /// over the first of a batch must call [`Ledger::flush`] soon.
    fn gather(&self, entry: Entry) -> Gathered;

    /// Has all entries written that were handed over.
    fn flush(&self);

    /// Whether the ledger takes entries at present.
    fn healthy(&self) -> bool;
}

/// An entry that waits for company.
#[derive(Debug)]
pub struct Gathered {
    /// Its way to the disk.
    pub pending: Pending,
    /// Whether it is the first of its batch.
    pub first: bool,
}

/// An entry on its way to the disk. To drop it does not take the entry back.
#[derive(Debug)]
#[must_use = "an entry is durable only when this has resolved"]
pub struct Pending(oneshot::Receiver<Result<Receipt, LedgerUnavailable>>);

pub(super) type Release = oneshot::Sender<Result<Receipt, LedgerUnavailable>>;

impl Pending {
    /// An outcome that is known already.
    pub fn ready(outcome: Result<Receipt, LedgerUnavailable>) -> Self {
        let (release, pending) = Self::new();
        // The receiver is in our hands, so the send cannot fail.
        drop(release.send(outcome));
        pending
    }

    pub(super) fn new() -> (Release, Self) {
        let (release, receiver) = oneshot::channel();
        (release, Self(receiver))
    }

    /// Blocks the thread until the entry is durable. In asynchronous code, await instead.
    ///
    /// # Errors
    /// [`LedgerUnavailable`] when it did not become durable in time.
    pub fn wait(self) -> Result<Receipt, LedgerUnavailable> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut pending = pin!(self);
        loop {
            match pending.as_mut().poll(&mut context) {
                Poll::Ready(outcome) => return outcome,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl Future for Pending {
    type Output = Result<Receipt, LedgerUnavailable>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|outcome| {
            outcome.unwrap_or_else(|oneshot::Canceled| {
                Err(LedgerUnavailable::because("the ledger was closed"))
            })
        })
    }
}

/// Unlike `futures_executor::block_on` this may be nested in another executor's thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_json_object_on_one_line() {
        assert!(Entry::new(br#"{"a":[1,"b",{}]}"#.to_vec()).is_ok());
        for refused in [
            &b""[..],
            b"[]",
            b"{",
            b"{}\n",
            b"{}\0",
            b"{\n}",
            b"{}{}",
            b"{\"a\":\xff}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\"}",
            b" {}",
        ] {
            assert_eq!(Entry::new(refused.to_vec()), Err(InvalidEntry));
        }
        let mut long = b"{\"a\":\"".to_vec();
        long.resize(MAX_RECORD - 1, b'x');
        long.extend_from_slice(b"\"}");
        assert_eq!(Entry::new(long), Err(InvalidEntry));
    }

    #[test]
    fn a_known_outcome_is_there_at_once() {
        let receipt = Receipt { index: 3 };
        assert_eq!(Pending::ready(Ok(receipt)).wait().unwrap(), receipt);
        let refused = Pending::ready(Err(LedgerUnavailable::because("full")));
        let error = refused.wait().unwrap_err();
        assert_eq!(error.to_string(), "the ledger is unavailable");
        assert_eq!(error.source().unwrap().to_string(), "full");
    }

    #[test]
    fn a_ledger_that_vanishes_fails_those_who_wait() {
        let (release, pending) = Pending::new();
        drop(release);
        assert!(pending.wait().is_err());
    }
}
