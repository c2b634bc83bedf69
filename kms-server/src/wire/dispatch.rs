//! From an operation's name to its type: one table.

use std::sync::Arc;

use bytes::Bytes;
use kms_core::Error;
use kms_core::api::{self, Response};
use kms_core::audit::LedgerUnavailable;
use kms_core::service::{CallContext, Engine, Operation, Outcome};
use tokio::runtime::Handle;

/// Why a call has no response.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The body is not the JSON of the request; nothing is recorded yet.
    Malformed,
    /// The engine refused, and recorded that.
    Refused(Error),
    /// Nothing could be recorded.
    Unrecorded(LedgerUnavailable),
    /// The operation panicked.
    Panicked,
}

/// The body of the answer.
pub(super) type Answered = Result<Vec<u8>, Unanswered>;

/// `here` runs on the thread that read the request: what uses a key in memory and waits for the
/// ledger alone. `aside` runs where blocking is allowed.
macro_rules! dispatch {
    ($operation:expr, $arguments:expr; $($name:ident $request:ident $place:ident;)*) => {
        match $operation {
            $(api::Operation::$name => $place::<api::$request>($arguments).await,)*
        }
    };
}

/// What an operation is performed with.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) context: &'a CallContext,
    pub(super) body: &'a Bytes,
}

/// Reads the body as the request of `operation`, and performs it.
pub(super) async fn dispatch(operation: api::Operation, call: Call<'_>) -> Answered {
    dispatch! { operation, call;
        Encrypt EncryptRequest here;
        Decrypt DecryptRequest here;
        ReEncrypt ReEncryptRequest here;
        GenerateDataKey GenerateDataKeyRequest here;
        GenerateDataKeyWithoutPlaintext GenerateDataKeyWithoutPlaintextRequest here;
        GenerateDataKeyPair GenerateDataKeyPairRequest aside;
        GenerateDataKeyPairWithoutPlaintext GenerateDataKeyPairWithoutPlaintextRequest aside;
        Sign SignRequest here;
        Verify VerifyRequest here;
        GetPublicKey GetPublicKeyRequest here;
        DeriveSharedSecret DeriveSharedSecretRequest here;
        GenerateMac GenerateMacRequest here;
        VerifyMac VerifyMacRequest here;
        GenerateRandom GenerateRandomRequest here;
        DescribeKey DescribeKeyRequest here;
        CreateKey CreateKeyRequest aside;
        ListKeys ListKeysRequest aside;
        EnableKey EnableKeyRequest aside;
        DisableKey DisableKeyRequest aside;
        ScheduleKeyDeletion ScheduleKeyDeletionRequest aside;
        CancelKeyDeletion CancelKeyDeletionRequest aside;
        UpdateKeyDescription UpdateKeyDescriptionRequest aside;
        ReplicateKey ReplicateKeyRequest aside;
        UpdatePrimaryRegion UpdatePrimaryRegionRequest aside;
        CreateAlias CreateAliasRequest aside;
        UpdateAlias UpdateAliasRequest aside;
        DeleteAlias DeleteAliasRequest aside;
        ListAliases ListAliasesRequest aside;
        TagResource TagResourceRequest aside;
        UntagResource UntagResourceRequest aside;
        ListResourceTags ListResourceTagsRequest aside;
        GetKeyPolicy GetKeyPolicyRequest aside;
        PutKeyPolicy PutKeyPolicyRequest aside;
        ListKeyPolicies ListKeyPoliciesRequest aside;
        CreateGrant CreateGrantRequest aside;
        ListGrants ListGrantsRequest aside;
        ListRetirableGrants ListRetirableGrantsRequest aside;
        RetireGrant RetireGrantRequest aside;
        RevokeGrant RevokeGrantRequest aside;
        EnableKeyRotation EnableKeyRotationRequest aside;
        DisableKeyRotation DisableKeyRotationRequest aside;
        GetKeyRotationStatus GetKeyRotationStatusRequest aside;
        GetKeyLastUsage GetKeyLastUsageRequest aside;
        RotateKeyOnDemand RotateKeyOnDemandRequest aside;
        GetParametersForImport GetParametersForImportRequest aside;
        ImportKeyMaterial ImportKeyMaterialRequest aside;
        DeleteImportedKeyMaterial DeleteImportedKeyMaterialRequest aside;
        ListKeyRotations ListKeyRotationsRequest aside;
        CreateCustomKeyStore CreateCustomKeyStoreRequest aside;
        DescribeCustomKeyStores DescribeCustomKeyStoresRequest aside;
        UpdateCustomKeyStore UpdateCustomKeyStoreRequest aside;
        DeleteCustomKeyStore DeleteCustomKeyStoreRequest aside;
        ConnectCustomKeyStore ConnectCustomKeyStoreRequest aside;
        DisconnectCustomKeyStore DisconnectCustomKeyStoreRequest aside;
    }
}

async fn here<R>(call: Call<'_>) -> Answered
where
    R: api::Request + Operation,
    <R as Operation>::Response: Response,
{
    let request: R = api::parse(call.body).map_err(|_| Unanswered::Malformed)?;
    encode(call.engine.call(call.context, request).await)
}

async fn aside<R>(call: Call<'_>) -> Answered
where
    R: api::Request + Operation,
    <R as Operation>::Response: Response,
{
    let request: R = api::parse(call.body).map_err(|_| Unanswered::Malformed)?;
    let (engine, context) = (Arc::clone(call.engine), call.context.clone());
    let runtime = Handle::current();
    let blocking = move || encode(runtime.block_on(engine.call(&context, request)));
    let joined = tokio::task::spawn_blocking(blocking).await;
    joined.unwrap_or(Err(Unanswered::Panicked))
}

/// Only a recorded response has a form on the wire.
pub(super) fn encode<R: Response>(outcome: Outcome<R>) -> Answered {
    let recorded = outcome.map_err(Unanswered::Unrecorded)?;
    let response = recorded.into_inner().map_err(Unanswered::Refused)?;
    let mut body = Vec::with_capacity(1024);
    response
        .write_json(&mut body)
        .map_err(|error| Unanswered::Refused(Error::internal(error)))?;
    Ok(body)
}
