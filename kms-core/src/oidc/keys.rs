//! Where the keys of a provider come from: a seam, since rooms here reach nobody.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::{Issuer, KeySet};

/// The provider's keys cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the identity provider cannot be had")]
pub struct Unreachable;

/// The keys of a provider, once they are there.
pub type Keys = Pin<Box<dyn Future<Output = Result<Arc<KeySet>, Unreachable>> + Send>>;

/// Who brings the keys of providers.
pub trait ProviderKeys: fmt::Debug + Send + Sync {
    /// The keys of the provider, newer ones if the known ones have none of the name `wanted`.
    fn keys(&self, issuer: &Issuer, wanted: &str) -> Keys;

    /// Whether the provider may be reached, or have its keys in a file, as it is configured: one
    /// without TLS only where that is allowed.
    fn admits(&self, issuer: &Issuer) -> bool;
}
