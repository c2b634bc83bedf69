//! One request of Organizations, from its body to its answer.

use http::request;
use hyper::body::Incoming;
use kms_core::api::{ErrorCode, OrganizationsCode, organizations as api};
use kms_core::service::RefusedCaller;

use super::answer::{self, Answer};
use super::body;
use super::endpoint::{Endpoint, Received};
use super::failure;
use super::organizations;
use super::route::organizations_operation;
use crate::auth::Service;

type Failure = failure::Failure<OrganizationsCode>;

const NOBODY: RefusedCaller<'static> = RefusedCaller::Unauthenticated(None);

impl Endpoint {
    /// Answers a request whose target is one of Organizations.
    pub(super) async fn answer_organizations(
        &self,
        head: &request::Parts,
        body: Incoming,
        mut received: Received,
    ) -> Answer {
        match self.organizations(head, body, &mut received).await {
            Ok(body) => answer::success(&received.request_id, body),
            Err(failure) => {
                let id = &received.request_id;
                answer::organizations_error(id, failure.code, &failure.message)
            }
        }
    }

    async fn organizations(
        &self,
        head: &request::Parts,
        body: Incoming,
        received: &mut Received,
    ) -> Result<Vec<u8>, Failure> {
        let name = organizations_operation(head).unwrap_or_default();
        let row = organizations::row(name);
        received.event = row.map(|row| row.event);
        let reading = self.reading();
        let body = match body::read(body, reading.limit, reading.timeout).await {
            Ok(body) => body,
            Err(fault) => return Err(self.refuse(received, NOBODY, fault.into()).await),
        };
        let Some(row) = row else {
            return Err(self.refuse(received, NOBODY, unknown(name)).await);
        };
        let service = Service::Global(api::SIGNING_NAME);
        let authentic = self.known(head, &body, service, received).await?;
        let context = received.context(authentic);
        let answered = row.perform(self.engine(), &context, body).await;
        self.conclude(answered, &context, received).await
    }
}

fn common(code: ErrorCode, message: &str) -> Failure {
    Failure::new(OrganizationsCode::Common(code), message)
}

/// The answer to a name that no operation here has.
fn unknown(name: &str) -> Failure {
    if organizations::is_not_offered(name) {
        let message = format!("The operation {name} is not available here.");
        return Failure::new(OrganizationsCode::UnsupportedAPIEndpointException, message);
    }
    common(
        ErrorCode::UnknownOperationException,
        "The requested operation is not recognized by the service.",
    )
}
