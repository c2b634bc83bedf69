//! The JSON bodies of requests.

use kms_core::api::{self, Request, parse};

/// A longest message: the echo of every bad value, each of them no longer than the body.
const WORDS_OF_AN_ERROR: usize = 1 << 16;

/// Every request reads the body or refuses it, and checks its own constraints without trouble.
pub fn run(data: &[u8]) {
    macro_rules! all {
        ($($request:ident)*) => { $(one::<api::$request>(data);)* };
    }
    all! {
        CancelKeyDeletionRequest CreateAliasRequest CreateKeyRequest DecryptRequest
        DeleteAliasRequest DeriveSharedSecretRequest DescribeKeyRequest DisableKeyRequest
        DisableKeyRotationRequest EnableKeyRequest EnableKeyRotationRequest EncryptRequest
        GenerateDataKeyPairRequest GenerateDataKeyPairWithoutPlaintextRequest
        GenerateDataKeyRequest GenerateDataKeyWithoutPlaintextRequest GenerateMacRequest
        GenerateRandomRequest GetKeyLastUsageRequest GetKeyPolicyRequest
        GetKeyRotationStatusRequest GetPublicKeyRequest
        ListAliasesRequest ListKeyPoliciesRequest ListKeyRotationsRequest ListKeysRequest
        ListResourceTagsRequest PutKeyPolicyRequest ReEncryptRequest RotateKeyOnDemandRequest
        ScheduleKeyDeletionRequest SignRequest TagResourceRequest UntagResourceRequest
        UpdateAliasRequest UpdateKeyDescriptionRequest VerifyMacRequest VerifyRequest
        CreateGrantRequest ListGrantsRequest ListRetirableGrantsRequest RetireGrantRequest
        RevokeGrantRequest ReplicateKeyRequest UpdatePrimaryRegionRequest
    }
}

fn one<R: Request>(data: &[u8]) {
    let Ok(request) = parse::<R>(data) else {
        return;
    };
    let Err(violations) = request.validate() else {
        return;
    };
    let words = violations.to_string();
    assert!(!words.is_empty() && words.len() <= 8 * data.len() + WORDS_OF_AN_ERROR);
}
