//! A request whose caller goes away while somebody outside is waited for: what was asked cannot be
//! taken back, so that it stands in the ledger all the same.

use super::draft::{Draft, Ending};
use crate::Error;
use crate::audit::{FileLedger, Ledger};

/// Records the request when it is dropped before it was answered.
pub(super) struct Abandoned<'a> {
    ledger: &'a FileLedger,
    draft: Option<&'a Draft<'a>>,
}

impl<'a> Abandoned<'a> {
    /// Watches over the request of `draft` until [`Abandoned::answered`].
    pub(super) fn unless_answered(ledger: &'a FileLedger, draft: &'a Draft<'a>) -> Self {
        let draft = Some(draft);
        Self { ledger, draft }
    }

    /// Whoever was waited for answered, or failed to: the request is recorded as usual.
    pub(super) fn answered(mut self) {
        self.draft = None;
    }
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        let Some(draft) = self.draft else {
            return;
        };
        let error = Error::InvalidState(
            "The caller went away before the external key store proxy answered; the proxy may have \
             done what it was asked."
                .to_owned(),
        );
        // Nobody waits for it, and nobody is given anything that it would have to precede.
        drop(
            self.ledger
                .append(draft.finish(Ending::refused(draft.event, &error))),
        );
    }
}
