//! AWS JSON 1.1 (AWS KMS, Organizations) and AWS's query protocol (IAM, STS) over HTTP: from a request to an operation and from its outcome to an answer.

mod answer;
mod body;
mod dispatch;
mod endpoint;
mod failure;
mod faults;
mod local_endpoint;
mod organizations;
mod organizations_endpoint;
mod query;
mod query_endpoint;
mod route;

pub(crate) use body::read as read_body;
pub(crate) use endpoint::request_id;
pub(crate) use endpoint::user_agent;
pub use endpoint::{Endpoint, Reading};
pub use faults::Faults;
