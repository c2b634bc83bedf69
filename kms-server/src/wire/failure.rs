//! An error answer, before it has the form of a protocol.

use kms_core::Error;
use kms_core::api::query::{InvalidForm, QueryCode};
use kms_core::api::{ErrorCode, OrganizationsCode};
use kms_core::sigv4;

use super::body::BodyFault;
use crate::auth;

/// An error of one of the protocols.
#[derive(Debug)]
pub(super) struct Failure<C = ErrorCode> {
    pub(super) code: C,
    pub(super) message: String,
}

/// An error code of a protocol.
pub(super) trait Code: Copy {
    /// As it stands in the ledger.
    fn recorded(self) -> &'static str;
    /// What an error of the engine is called.
    fn of(error: &Error) -> Self;
    /// What an error of the JSON protocol is called.
    fn named(code: ErrorCode) -> Self;
}

impl Code for ErrorCode {
    fn recorded(self) -> &'static str {
        self.as_str()
    }

    fn of(error: &Error) -> Self {
        error.code()
    }

    fn named(code: ErrorCode) -> Self {
        code
    }
}

impl Code for QueryCode {
    fn recorded(self) -> &'static str {
        QueryCode::recorded(self)
    }

    fn of(error: &Error) -> Self {
        error.query_code()
    }

    fn named(code: ErrorCode) -> Self {
        code.into()
    }
}

impl Code for OrganizationsCode {
    fn recorded(self) -> &'static str {
        OrganizationsCode::recorded(self)
    }

    fn of(error: &Error) -> Self {
        error.organizations_code()
    }

    fn named(code: ErrorCode) -> Self {
        code.into()
    }
}

impl<C: Code> Failure<C> {
    pub(super) fn new(code: C, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }

    /// The service's own fault; the cause goes to the log and nowhere else.
    pub(super) fn internal(request_id: &str, cause: &(dyn std::error::Error + 'static)) -> Self {
        let source = cause.source();
        tracing::error!(request_id, cause, source, "a request failed");
        Self::fault()
    }

    /// What the engine refused, or its own fault.
    pub(super) fn of(error: &Error, request_id: &str) -> Self {
        match error {
            Error::Internal(_) => Self::internal(request_id, error),
            _ => Self::from(error),
        }
    }

    pub(super) fn fault() -> Self {
        Self::from(&Error::internal("told already"))
    }

    /// A caller who is not known.
    pub(super) fn unauthentic(refusal: &sigv4::Refusal) -> Self {
        Self::new(C::named(auth::code(refusal)), refusal.to_string())
    }
}

impl Failure {
    /// A fault that the configuration asks for, in AWS's words.
    pub(super) fn on_purpose(code: ErrorCode) -> Self {
        let message = match code {
            ErrorCode::ThrottlingException => {
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of \
                 your calls."
            }
            ErrorCode::DependencyTimeoutException => {
                "The system timed out while trying to fulfill the request."
            }
            ErrorCode::ServiceUnavailableException => "The service is unavailable.",
            _ => return Self::fault(),
        };
        Self::new(code, message)
    }
}

impl<C: Code> From<&Error> for Failure<C> {
    fn from(error: &Error) -> Self {
        Self::new(C::of(error), error.to_string())
    }
}

impl<C: Code> From<BodyFault> for Failure<C> {
    fn from(fault: BodyFault) -> Self {
        let (code, message) = match fault {
            BodyFault::TooLarge => (
                ErrorCode::RequestEntityTooLargeException,
                "The request is larger than the service accepts.",
            ),
            BodyFault::TooSlow => (
                ErrorCode::SerializationException,
                "The body of the request did not arrive in time.",
            ),
            BodyFault::Broken => (
                ErrorCode::SerializationException,
                "The body of the request could not be read.",
            ),
        };
        Self::new(C::named(code), message)
    }
}

impl From<&InvalidForm> for Failure<QueryCode> {
    fn from(invalid: &InvalidForm) -> Self {
        let code = match invalid {
            InvalidForm::Syntax => QueryCode::MalformedQueryString,
            InvalidForm::Missing(_) | InvalidForm::Value { .. } | InvalidForm::Unknown(_) => {
                QueryCode::ValidationError
            }
        };
        Self::new(code, invalid.to_string())
    }
}
