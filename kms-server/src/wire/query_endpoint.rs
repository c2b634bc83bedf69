//! One request of IAM or STS, from its body to its answer.

use http::{StatusCode, request};
use hyper::body::Incoming;
use kms_core::api::query::{Form, FromForm, QueryCode, QueryService, error_body};
use kms_core::service::{
    AssumeRoleWithWebIdentityRequest, CallContext, Operation, ProvenRequest, RefusedCaller,
};

use super::answer::{self, Answer};
use super::body;
use super::dispatch::Unanswered;
use super::endpoint::{Endpoint, Received};
use super::failure;
use super::query::{self, Asked, Asks, NotAsked, QueryUnanswered};
use crate::auth::Authentic;

type Failure = failure::Failure<QueryCode>;

const NOBODY: RefusedCaller<'static> = RefusedCaller::Unauthenticated(None);

impl Endpoint {
    /// Answers a request whose body is a form.
    pub(super) async fn answer_query(
        &self,
        head: &request::Parts,
        body: Incoming,
        mut received: Received,
    ) -> Answer {
        let request_id = received.request_id.clone();
        match self.query(head, body, &mut received).await {
            Ok(body) => answer::xml(StatusCode::OK, &request_id, body),
            Err(failure) => {
                let status = StatusCode::from_u16(failure.code.http_status());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let service = received.service.unwrap_or(QueryService::Iam);
                let body = error_body(service, failure.code, &failure.message, &request_id);
                answer::xml(status, &request_id, body)
            }
        }
    }

    async fn query(
        &self,
        head: &request::Parts,
        body: Incoming,
        received: &mut Received,
    ) -> Result<Vec<u8>, Failure> {
        received.service = Some(QueryService::Iam);
        let reading = self.reading();
        let body = match body::read(body, reading.limit, reading.timeout).await {
            Ok(body) => body,
            Err(fault) => return Err(self.refuse(received, NOBODY, fault.into()).await),
        };
        let asked = match query::read(&body) {
            Ok(Asks::Signed(asked)) => asked,
            Ok(Asks::WebIdentity(form)) => return self.web_identity(form, received).await,
            Err(not_asked) => {
                let failure = received.not_asked(&not_asked);
                return Err(self.refuse(received, NOBODY, failure).await);
            }
        };
        received.service = Some(asked.service);
        received.event = Some(asked.row.event);
        let signed_for = asked.service.into();
        let authentic = self.known(head, &body, signed_for, received).await?;
        let context = received.context(authentic);
        self.perform_query(asked, &context, received).await
    }

    /// `AssumeRoleWithWebIdentity`: the token says who asks.
    async fn web_identity(
        &self,
        mut form: Form,
        received: &mut Received,
    ) -> Result<Vec<u8>, Failure> {
        received.service = Some(QueryService::Sts);
        received.event = Some(ProvenRequest::EVENT);
        let request = AssumeRoleWithWebIdentityRequest::from_form(&mut form);
        let request = match request.and_then(|request| form.finish().map(|()| request)) {
            Ok(request) => request,
            Err(invalid) => return Err(self.refuse(received, NOBODY, (&invalid).into()).await),
        };
        let (caller, request) = match self.engine().web_identity(request).await {
            Ok(proven) => proven,
            Err(error) => {
                let failure = Failure::of(&error, &received.request_id);
                return Err(self.refuse(received, NOBODY, failure).await);
            }
        };
        let region = self.first_region().clone();
        let context = received.context(Authentic { caller, region });
        let answered = query::perform_proven(self.engine(), &context, request).await;
        self.answered(answered, &context, received).await
    }

    async fn perform_query(
        &self,
        asked: Asked,
        context: &CallContext,
        received: &mut Received,
    ) -> Result<Vec<u8>, Failure> {
        let answered = asked.perform(self.engine(), context).await;
        self.answered(answered, context, received).await
    }

    async fn answered(
        &self,
        answered: Result<Vec<u8>, QueryUnanswered>,
        context: &CallContext,
        received: &mut Received,
    ) -> Result<Vec<u8>, Failure> {
        let unanswered = match answered {
            Ok(body) => return Ok(body),
            Err(QueryUnanswered::Form(invalid)) => {
                received.region = Some(context.region.clone());
                let caller = RefusedCaller::Authenticated(&context.caller);
                return Err(self.refuse(received, caller, (&invalid).into()).await);
            }
            Err(QueryUnanswered::Other(unanswered)) => unanswered,
        };
        Err(match unanswered {
            Unanswered::Refused(error) => Failure::of(&error, &context.request_id),
            Unanswered::Unrecorded(error) => Failure::internal(&context.request_id, &error),
            Unanswered::Malformed | Unanswered::Panicked => Failure::fault(),
        })
    }
}

impl Received {
    /// What is answered to a form that asks for nothing that there is.
    fn not_asked(&mut self, not_asked: &NotAsked) -> Failure {
        match not_asked {
            NotAsked::Form(invalid) => invalid.into(),
            NotAsked::NoAction(service) => {
                self.service = Some(*service);
                let message = "The request is missing an action or operation parameter.";
                Failure::new(QueryCode::MissingAction, message)
            }
            NotAsked::Unknown(service, message) => {
                self.service = Some(*service);
                Failure::new(QueryCode::InvalidAction, message.clone())
            }
        }
    }
}
