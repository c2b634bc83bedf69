//! AWS's error codes as failures of a command.

use crate::failure::{Failure, Kind};

/// What a refusal with AWS's `code` and `message` means to somebody at a shell.
pub(crate) fn refused(code: &str, message: &str) -> Failure {
    let failure = Failure::new(kind_of(code), text(code, message));
    match hint(code, message) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn kind_of(code: &str) -> Kind {
    match code {
        "NotFoundException" | "NoSuchEntity" => Kind::NotFound,
        "AccessDeniedException"
        | "AccessDenied"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Kind::Denied,
        "DependencyTimeoutException"
        | "KMSInternalException"
        | "KeyUnavailableException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "ThrottlingException" => Kind::Unavailable,
        "IncorrectKeyException"
        | "InvalidCiphertextException"
        | "KMSInvalidMacException"
        | "KMSInvalidSignatureException" => Kind::Integrity,
        _ => Kind::Failed,
    }
}

/// AWS sends some errors without a message; the code must do then.
fn text(code: &str, message: &str) -> String {
    if message.trim().is_empty() {
        format!("refused with {code}")
    } else {
        message.trim().trim_end_matches('.').to_owned()
    }
}

/// What to do next; the message tells of cases that share a code.
fn hint(code: &str, message: &str) -> Option<&'static str> {
    Some(match code {
        "NotFoundException" if message.starts_with("Grant ") => {
            "`kms grant list KEY` lists the grants there are"
        }
        "NotFoundException" if message.starts_with("Invalid arn ") => {
            "give the Region of the ARN with --region"
        }
        "UnsupportedOperationException" if message.contains("not a multi-region primary") => {
            "work in its primary's Region with --region; `kms key create --multi-region` makes one"
        }
        "UnsupportedOperationException" if message.starts_with("KeySpec SM2 ") => {
            "a kms-server with `sm2 = true` makes such keys"
        }
        "NotFoundException" if message.starts_with("The user with name ") => {
            "`kms user list` lists the users there are"
        }
        "NotFoundException" if message.starts_with("The role with name ") => {
            "`kms principals export` shows the roles of the store's first account"
        }
        "NotFoundException" if message.starts_with("The account ") => {
            "a store has the accounts of its organization: `aws organizations list-accounts`"
        }
        "NotFoundException" if message.starts_with("The user policy ") => {
            "`--policy-name` says which policy is meant"
        }
        "NotFoundException" => "`kms key list` lists the keys there are",
        "InvalidSignatureException" if message.contains("valid region") => {
            "the server does not serve this Region: check --region and AWS_REGION"
        }
        "DisabledException" => "`kms key enable` lets the key be used again",
        "AccessDeniedException" => "a policy or a grant must allow it, and no policy may deny it",
        "InvalidSignatureException" | "UnrecognizedClientException" => {
            "check the access key and its secret"
        }
        "MissingAuthenticationTokenException" => "set up credentials as for the AWS CLI",
        "ExpiredTokenException" => "get new credentials",
        "InvalidCiphertextException" => {
            "it is damaged, or was made with another key or another encryption context"
        }
        "KMSInvalidSignatureException" => {
            "it was made with another key or algorithm, or of something else"
        }
        "KMSInvalidMacException" => "it was made with another key, or of something else",
        "ThrottlingException" | "ServiceUnavailableException" | "KMSInternalException" => {
            "try again later"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_refusal_has_its_kind_of_failure() {
        for (code, kind) in [
            ("NotFoundException", Kind::NotFound),
            ("AccessDeniedException", Kind::Denied),
            ("InvalidSignatureException", Kind::Denied),
            ("KMSInternalException", Kind::Unavailable),
            ("InvalidCiphertextException", Kind::Integrity),
            ("KMSInvalidSignatureException", Kind::Integrity),
            ("KMSInvalidMacException", Kind::Integrity),
            ("ValidationException", Kind::Failed),
            ("SomethingNew", Kind::Failed),
        ] {
            assert_eq!(refused(code, "m").kind(), kind, "{code}");
        }
    }

    #[test]
    fn the_hint_fits_what_is_missing() {
        for (code, message, hint) in [
            (
                "NotFoundException",
                "Key 'x' does not exist",
                "kms key list",
            ),
            (
                "NotFoundException",
                "Grant ID x not found",
                "kms grant list",
            ),
            ("NotFoundException", "Invalid arn eu-west-1", "--region"),
            (
                "InvalidSignatureException",
                "Credential should be scoped to a valid region.",
                "--region",
            ),
            ("InvalidSignatureException", "m", "access key"),
        ] {
            let shown = refused(code, message).to_string();
            assert!(shown.contains(hint), "{shown}");
        }
    }

    #[test]
    fn a_refusal_without_words_says_its_code() {
        let failure = refused("InvalidMarkerException", "");
        assert_eq!(failure.to_string(), "refused with InvalidMarkerException");
    }
}
