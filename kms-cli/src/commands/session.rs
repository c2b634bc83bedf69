//! `kms session`.

use kms_core::service::{ListSessionRevocationsRequest, ListedRevocation, RevokeSessionsRequest};
use kms_core::time::Timestamp;
use serde_json::{Value, json};

use crate::args::{Global, SessionCommand};
use crate::engine::{Choice, Embedded};
use crate::failure::Failure;
use crate::output::{Output, table};

pub(super) fn run(
    command: SessionCommand,
    global: &Global,
    output: &Output,
) -> Result<(), Failure> {
    let home = Choice::directory(global)?;
    output.note(&format!("using the store in {}", home.display()));
    let store = Embedded::open(&home, global)?;
    match command {
        SessionCommand::Revoke { of, account } => {
            let of = of.into();
            let revoked = store.call(RevokeSessionsRequest { of, account })?;
            output.show(&fields(&revoked.of, revoked.until), |_| {
                let until = revoked.until.to_rfc3339();
                format!(
                    "sessions of {} that were made until {until} are over",
                    revoked.of
                )
            })
        }
        SessionCommand::ListRevoked => {
            let revoked = store.call(ListSessionRevocationsRequest)?;
            let all: Vec<Value> = revoked.iter().map(listed).collect();
            output.show(&json!({ "SessionRevocations": all }), |_| {
                table(&revoked.iter().map(row).collect::<Vec<_>>())
            })
        }
    }
}

fn fields(of: &str, until: Timestamp) -> Value {
    json!({ "SessionsOf": of, "MadeUntil": until.to_rfc3339() })
}

fn listed(one: &ListedRevocation) -> Value {
    let mut fields = fields(&one.of, one.until);
    if let (Some(arn), Some(members)) = (&one.arn, fields.as_object_mut()) {
        members.insert("Arn".to_owned(), arn.as_str().into());
    }
    fields
}

/// The name comes last, since not all have one.
fn row(one: &ListedRevocation) -> [String; 3] {
    let arn = one.arn.clone().unwrap_or_default();
    [one.of.clone(), one.until.to_rfc3339(), arn]
}
