//! A response that may leave.

use std::future::Future;

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
    /// The entry is handed over before this returns. When the ledger fails, the response is
    /// dropped, and with it the secrets in it are wiped.
    ///
    /// # Errors
    /// [`LedgerUnavailable`] when the entry did not become durable in time.
    pub fn release(
        ledger: &dyn Ledger,
        entry: Entry,
        response: R,
    ) -> impl Future<Output = Result<Self, LedgerUnavailable>> + Send + use<R> {
        let pending = ledger.append(entry);
        async move {
            pending.await?;
            Ok(Self { response })
        }
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
