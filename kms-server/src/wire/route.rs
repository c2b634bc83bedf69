//! What a request is for, by its method, path and headers.

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode, request};
use kms_core::api::{Operation, organizations};

use super::answer::AWS_JSON;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// An operation of the service; `None` when there is no such operation.
    Call(Option<Operation>),
    /// An operation of a service that speaks the query protocol, which the body names.
    Query,
    /// The credentials of whoever is at the other end of the connection.
    Local,
    /// An operation of Organizations, which the target names.
    Organizations,
    /// Whether the process is alive.
    Health,
    /// Whether requests can be served.
    Ready,
    /// Nothing here, with the status to say so and the methods that would do.
    Elsewhere(StatusCode, &'static str),
}

const LOCAL: &str = "/local/credentials";

/// The only paths are `/`, `/healthz` and `/readyz`, spelt so, and `/local/credentials` where
/// `has_local` says that the connection is one on which it is offered.
pub(super) fn route(head: &request::Parts, has_local: bool) -> Route {
    let is_read = matches!(head.method, Method::GET | Method::HEAD);
    match head.uri.path() {
        "/" if head.method == Method::POST && is_form(head) => Route::Query,
        "/" if head.method == Method::POST => match organizations_operation(head) {
            Some(_) => Route::Organizations,
            None => Route::Call(operation(head)),
        },
        "/" => Route::Elsewhere(StatusCode::METHOD_NOT_ALLOWED, "POST"),
        LOCAL if has_local && head.uri.query().is_none() => match head.method {
            Method::POST => Route::Local,
            _ => Route::Elsewhere(StatusCode::METHOD_NOT_ALLOWED, "POST"),
        },
        "/healthz" if is_read => Route::Health,
        "/readyz" if is_read => Route::Ready,
        "/healthz" | "/readyz" => Route::Elsewhere(StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"),
        _ => Route::Elsewhere(StatusCode::NOT_FOUND, ""),
    }
}

/// The content type of requests of the query protocol.
const FORM: &str = "application/x-www-form-urlencoded";

fn media_type(head: &request::Parts) -> Option<&str> {
    let content_type = head.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(content_type.split(';').next()?.trim_end())
}

/// Whether the body is a form. Who names a target speaks JSON, whatever else is said.
fn is_form(head: &request::Parts) -> bool {
    !head.headers.contains_key("x-amz-target")
        && media_type(head).is_some_and(|found| found.eq_ignore_ascii_case(FORM))
}

fn operation(head: &request::Parts) -> Option<Operation> {
    Operation::from_target(target(head)?)
}

/// The operation of Organizations that the request asks for, whether there is one of that name or
/// not.
pub(super) fn organizations_operation(head: &request::Parts) -> Option<&str> {
    target(head)?.strip_prefix(organizations::TARGET_PREFIX)
}

/// The target of a request whose body is AWS's JSON.
fn target(head: &request::Parts) -> Option<&str> {
    if !media_type(head)?.eq_ignore_ascii_case(AWS_JSON) {
        return None;
    }
    head.headers.get("x-amz-target")?.to_str().ok()
}
