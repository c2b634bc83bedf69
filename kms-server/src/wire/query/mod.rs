//! AWS's query protocol: from a form to an operation of IAM or STS, and from its outcome to XML.
//!
//! One table for each service says which operations it has.

mod iam;
mod sts;

use std::sync::Arc;

use kms_core::Error;
use kms_core::api::query::{Form, FromForm, InvalidForm, QueryService, ToXml, success_body};
use kms_core::service::{CallContext, Engine, Event, Operation, ProvenRequest};
use tokio::runtime::Handle;

use super::dispatch::Unanswered;

/// An operation of a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) event: Event,
    perform: fn(Performing, Form) -> Answered,
}

/// The body of the answer.
type Answered = Result<Vec<u8>, QueryUnanswered>;

/// Why a call has no response.
#[derive(Debug)]
pub(super) enum QueryUnanswered {
    /// The form is not one of the operation; nothing is recorded yet.
    Form(InvalidForm),
    /// As in the JSON protocol.
    Other(Unanswered),
}

/// What an operation is performed with, on a thread that may block.
struct Performing {
    engine: Arc<Engine>,
    context: CallContext,
    runtime: Handle,
    service: QueryService,
}

/// What a form asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) service: QueryService,
    pub(super) row: &'static Row,
    pub(super) form: Form,
}

/// What a form asks for, and who has to prove it how.
#[derive(Debug)]
pub(super) enum Asks {
    /// An operation that its signature says who asks for.
    Signed(Asked),
    /// `AssumeRoleWithWebIdentity`, which nobody signs: its token says who asks.
    WebIdentity(Form),
}

/// Why a form asks for nothing that there is, and the service that is to say so.
#[derive(Debug)]
pub(super) enum NotAsked {
    /// It is not a form.
    Form(InvalidForm),
    /// It has no member `Action`.
    NoAction(QueryService),
    /// There is no such operation in that version of an API.
    Unknown(QueryService, String),
}

/// Reads the body, as far as it says which operation of which service is asked for.
pub(super) fn read(body: &[u8]) -> Result<Asks, NotAsked> {
    let mut form = Form::parse(body).map_err(NotAsked::Form)?;
    let version = form.text("Version").unwrap_or_default();
    let mut services = QueryService::ALL.into_iter();
    let service = services.find(|service| service.version() == version);
    let speaker = service.unwrap_or(QueryService::Iam);
    let action = form.text("Action").ok_or(NotAsked::NoAction(speaker))?;
    if service == Some(QueryService::Sts) && action == ProvenRequest::EVENT.name() {
        return Ok(Asks::WebIdentity(form));
    }
    let row = service.and_then(|service| {
        let mut rows = table(service).iter();
        rows.find(|row| row.event.name() == action)
    });
    match (service, row) {
        (Some(service), Some(row)) => Ok(Asks::Signed(Asked { service, row, form })),
        _ => Err(NotAsked::Unknown(
            speaker,
            format!(
                "Could not find operation {} for version {}",
                clipped(&action),
                clipped(&version)
            ),
        )),
    }
}

/// What strangers send is repeated and recorded to this length.
const SHOWN: usize = 128;

fn clipped(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

fn table(service: QueryService) -> &'static [Row] {
    match service {
        QueryService::Iam => iam::TABLE,
        QueryService::Sts => sts::TABLE,
    }
}

impl Asked {
    /// Performs the operation where blocking is allowed.
    pub(super) async fn perform(self, engine: &Arc<Engine>, context: &CallContext) -> Answered {
        let performing = Performing {
            engine: Arc::clone(engine),
            context: context.clone(),
            runtime: Handle::current(),
            service: self.service,
        };
        let perform = self.row.perform;
        let form = self.form;
        let joined = tokio::task::spawn_blocking(move || perform(performing, form)).await;
        joined.unwrap_or(Err(QueryUnanswered::Other(Unanswered::Panicked)))
    }
}

/// The row of an operation.
const fn row<R>() -> Row
where
    R: FromForm + Operation,
    R::Response: ToXml,
{
    Row {
        event: R::EVENT,
        perform: perform::<R>,
    }
}

/// Reads the request, and encodes its answer: only a recorded one has a form on the wire.
fn perform<R>(performing: Performing, mut form: Form) -> Answered
where
    R: FromForm + Operation,
    R::Response: ToXml,
{
    let Performing {
        engine,
        context,
        runtime,
        service,
    } = performing;
    let request = R::from_form(&mut form).map_err(QueryUnanswered::Form)?;
    form.finish().map_err(QueryUnanswered::Form)?;
    runtime.block_on(call(&engine, &context, request, service))
}

async fn call<R>(
    engine: &Engine,
    context: &CallContext,
    request: R,
    service: QueryService,
) -> Answered
where
    R: Operation,
    R::Response: ToXml,
{
    let other = QueryUnanswered::Other;
    let recorded = engine.call(context, request).await;
    let response = recorded
        .map_err(|error| other(Unanswered::Unrecorded(error)))?
        .into_inner()
        .map_err(|error: Error| other(Unanswered::Refused(error)))?;
    let (action, id) = (R::EVENT.name(), &context.request_id);
    Ok(success_body(service, action, id, &response))
}

/// Performs `AssumeRoleWithWebIdentity`, once its token was checked: it changes nothing, and so
/// blocks nobody.
pub(super) async fn perform_proven(
    engine: &Engine,
    context: &CallContext,
    request: ProvenRequest,
) -> Answered {
    call(engine, context, request, QueryService::Sts).await
}
