//! Work that does not wait, or not for the runtime: asking a keyring, sealing a payload.

use std::panic::resume_unwind;

use object_store::{Error, Result};
use tokio::runtime::Handle;

use crate::error::STORE;

/// Does `work` on a thread that may block; in place where there is no Tokio runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let Ok(runtime) = Handle::try_current() else {
        return Ok(work());
    };
    match runtime.spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(error) => Err(Error::Generic {
            store: STORE,
            source: Box::new(error),
        }),
    }
}
