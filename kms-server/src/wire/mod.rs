//! AWS JSON 1.1 over HTTP: from a request to an operation and from its outcome to an answer.

pub mod answer;
mod backend;
mod body;
mod endpoint;
mod route;

pub use backend::{Backend, CallDetails, Closed, Failure, Refused};
pub use endpoint::Endpoint;
