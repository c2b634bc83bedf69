//! The answers, byte for byte as clients of KMS expect them.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use kms_core::api::{ErrorCode, OrganizationsCode};

/// The content type of requests and answers.
pub(crate) const AWS_JSON: &str = "application/x-amz-json-1.1";

/// The content type of requests of local callers, and of answers to them.
pub(super) const JSON: &str = "application/json";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// An answer whose body is complete.
pub(crate) type Answer = Response<Full<Bytes>>;

/// An operation's response.
pub(crate) fn success(request_id: &str, body: Vec<u8>) -> Answer {
    aws(StatusCode::OK, request_id, body)
}

/// An error: `{"__type":CODE,"message":TEXT}`. AWS spells the member `Message` where access is
/// denied, and clients read either; where it has nothing to say it leaves the member out.
pub(crate) fn error(request_id: &str, code: ErrorCode, message: &str) -> Answer {
    let status = StatusCode::from_u16(code.http_status());
    let member = match code {
        ErrorCode::AccessDeniedException => "Message",
        _ => "message",
    };
    aws(
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        request_id,
        error_body(code.as_str(), member, message),
    )
}

/// An error as JSON, its message in `member`.
pub(super) fn error_body(code: &str, member: &str, message: &str) -> Vec<u8> {
    let told = match message {
        "" => String::new(),
        _ => format!(r#","{member}":{}"#, serde_json::Value::from(message)),
    };
    format!(r#"{{"__type":"{code}"{told}}}"#).into_bytes()
}

/// An answer to a local caller.
pub(super) fn json(status: StatusCode, request_id: &str, body: Vec<u8>) -> Answer {
    aws_as(JSON, status, request_id, body)
}

/// An error of Organizations, which may tell a reason with its code.
pub(super) fn organizations_error(
    request_id: &str,
    code: OrganizationsCode,
    message: &str,
) -> Answer {
    let status = StatusCode::from_u16(code.http_status());
    let mut body = serde_json::json!({"__type": code.as_str(), "Message": message});
    if let (Some(reason), Some(members)) = (code.reason(), body.as_object_mut()) {
        members.insert("Reason".to_owned(), reason.into());
    }
    aws(
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        request_id,
        body.to_string().into_bytes(),
    )
}

/// An error of the protocol around the operations, with a status of its own.
pub(crate) fn misdirected(status: StatusCode, request_id: &str, allow: &'static str) -> Answer {
    let code = ErrorCode::UnknownOperationException;
    let mut answer = error(
        request_id,
        code,
        "POST / is the only way to call this service.",
    );
    *answer.status_mut() = status;
    if !allow.is_empty() {
        answer
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static(allow));
    }
    answer
}

/// A word for a load balancer.
pub(crate) fn health(status: StatusCode, word: &'static str) -> Answer {
    let mut answer = Response::new(Full::from(Bytes::from_static(word.as_bytes())));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// An answer of the query protocol.
pub(super) fn xml(status: StatusCode, request_id: &str, body: Vec<u8>) -> Answer {
    aws_as("text/xml", status, request_id, body)
}

fn aws(status: StatusCode, request_id: &str, body: Vec<u8>) -> Answer {
    aws_as(AWS_JSON, status, request_id, body)
}

fn aws_as(
    content_type: &'static str,
    status: StatusCode,
    request_id: &str,
    body: Vec<u8>,
) -> Answer {
    let mut answer = Response::new(Full::from(Bytes::from(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store, must-revalidate, private"),
    );
    answer
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;
    use http_body_util::BodyExt;

    use super::*;

    fn body(answer: Answer) -> Vec<u8> {
        let body = block_on(answer.into_body().collect());
        body.unwrap().to_bytes().to_vec()
    }

    #[test]
    fn an_error_spells_its_message_as_aws_does_and_has_none_where_aws_has_none() {
        for (code, message, expected) in [
            (
                ErrorCode::NotFoundException,
                "no \"key\"",
                r#"{"__type":"NotFoundException","message":"no \"key\""}"#,
            ),
            (
                ErrorCode::AccessDeniedException,
                "no",
                r#"{"__type":"AccessDeniedException","Message":"no"}"#,
            ),
            (
                ErrorCode::InvalidCiphertextException,
                "",
                r#"{"__type":"InvalidCiphertextException"}"#,
            ),
        ] {
            assert_eq!(body(error("id", code, message)), expected.as_bytes());
        }
    }
}
