//! What the endpoint needs of the engine.

use std::sync::Arc;

use bytes::Bytes;
use kms_core::api::{ErrorCode, Operation};
use kms_core::caller::Caller;
use kms_core::ids::AccessKeyId;
use kms_core::secret::SecretText;

use crate::listen::Peer;

/// What is known of a request besides its content.
#[derive(Clone, Debug)]
pub struct CallDetails {
    /// The id that the answer carries.
    pub request_id: String,
    /// The other end.
    pub peer: Peer,
    /// As sent.
    pub user_agent: String,
}

/// A request that never became a call.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What is known of it.
    pub details: CallDetails,
    /// The operation that it names, if it names one.
    pub operation: Option<Operation>,
    /// Who it is from, where that was proven.
    pub caller: Option<Caller>,
    /// The answer.
    pub failure: Failure,
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// AWS's code.
    pub code: ErrorCode,
    /// AWS's text.
    pub message: String,
}

/// The engine, as far as the endpoint sees it.
pub trait Backend: Send + Sync + 'static {
    /// The secret and the identity of an access key.
    fn credential(&self, id: &AccessKeyId) -> Option<(Arc<SecretText>, Caller)>;

    /// Performs an operation; the body of the answer.
    fn call(
        &self,
        operation: Operation,
        caller: Caller,
        details: CallDetails,
        body: Bytes,
    ) -> impl Future<Output = Result<Vec<u8>, Failure>> + Send;

    /// Records a refusal; `false` when it cannot be recorded.
    fn record_refusal(&self, refused: &Refused) -> impl Future<Output = bool> + Send;

    /// Whether calls can be served.
    fn is_ready(&self) -> bool;
}

/// No engine: nobody is known and nothing can be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Closed;

impl Backend for Closed {
    fn credential(&self, _id: &AccessKeyId) -> Option<(Arc<SecretText>, Caller)> {
        None
    }

    async fn call(
        &self,
        _operation: Operation,
        _caller: Caller,
        _details: CallDetails,
        _body: Bytes,
    ) -> Result<Vec<u8>, Failure> {
        Err(Failure {
            code: ErrorCode::ServiceUnavailableException,
            message: "There is no engine.".into(),
        })
    }

    async fn record_refusal(&self, _refused: &Refused) -> bool {
        true
    }

    fn is_ready(&self) -> bool {
        false
    }
}
