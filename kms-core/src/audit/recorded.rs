//! A response that may leave.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::ledger::{Entry, Ledger, LedgerUnavailable};

/// A response whose record is durable; only a ledger makes one.
///
/// ```compile_fail,E0423
/// let forged = kms_core::audit::Recorded("plaintext");
/// ```
///
/// ```compile_fail,E0451
/// let forged = kms_core::audit::Recorded { response: "plaintext" };
/// ```
#[derive(Debug)]
pub struct Recorded<R> {
    response: R,
}

impl<R: Send> Recorded<R> {
    /// Holds `response` back until `entry` is durable in `ledger`.
    ///
    /// Between handing over the first entry of a batch and having it written, every other task
    /// that is ready gets a turn: what they hand over shares the sync. When the ledger fails, the
    /// response is dropped, and with it the secrets in it are wiped.
    ///
    /// # Errors
    /// [`LedgerUnavailable`] when the entry did not become durable in time.
    pub async fn release(
        ledger: &dyn Ledger,
        entry: Entry,
        response: R,
    ) -> Result<Self, LedgerUnavailable> {
        let gathered = ledger.gather(entry);
        if gathered.first {
            let flush = FlushOnDrop(ledger);
            YieldOnce::default().await;
            drop(flush);
        }
        gathered.pending.await?;
        Ok(Self { response })
    }

    /// Like [`Recorded::release`], for a thread that may block.
    ///
    /// # Errors
    /// [`LedgerUnavailable`] when the entry did not become durable in time.
    pub fn release_blocking(
        ledger: &dyn Ledger,
        entry: Entry,
        response: R,
    ) -> Result<Self, LedgerUnavailable> {
        ledger.append(entry).wait()?;
        Ok(Self { response })
    }
}

/// Sees to it that a gathered entry is written also when its task ends early.
struct FlushOnDrop<'a>(&'a dyn Ledger);

impl Drop for FlushOnDrop<'_> {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// Pending once, and ready again at once: the end of the line of ready tasks, in any runtime.
#[derive(Default)]
struct YieldOnce {
    yielded: bool,
}

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<R> Recorded<R> {
    /// The response.
    pub fn get(&self) -> &R {
        &self.response
    }

    /// The response, to send it.
    pub fn into_inner(self) -> R {
        self.response
    }
}
