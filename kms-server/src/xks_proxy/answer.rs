//! The answers of the specification.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use kms_core::xks::{ErrorName, ErrorReply};
use serde::Serialize;

/// A body that is written out of what it says.
pub(super) fn body(value: &impl Serialize) -> Option<Vec<u8>> {
    // Room for the longest, so that growing leaves no copy of a plaintext behind.
    let mut json = Vec::with_capacity(16 * 1024);
    serde_json::to_writer(&mut json, value).ok()?;
    Some(json)
}

pub(super) fn success(body: Vec<u8>) -> Response<Full<Bytes>> {
    json(StatusCode::OK, body)
}

/// An error, with a message for whoever runs the other side.
pub(super) fn error(name: ErrorName, message: &str) -> Response<Full<Bytes>> {
    let printable = message.chars().filter(|c| matches!(c, ' '..='~'));
    let reply = ErrorReply {
        error_name: name.as_str().to_owned(),
        error_message: Some(printable.take(511).collect()).filter(|text: &String| !text.is_empty()),
    };
    let status = StatusCode::from_u16(name.http_status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, body(&reply).unwrap_or_default())
}

/// An answer without a body.
pub(super) fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn json(status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
