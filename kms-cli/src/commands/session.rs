//! `kms session`.

use kms_core::identity::SessionRevocation;
use kms_core::service::{ListSessionRevocationsRequest, RevokeSessionsRequest};
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
            output.show(&fields(&revoked), |_| {
                let until = revoked.until.to_rfc3339();
                format!(
                    "sessions of {} that were made until {until} are over",
                    revoked.of
                )
            })
        }
        SessionCommand::ListRevoked => {
            let revoked = store.call(ListSessionRevocationsRequest)?;
            let all: Vec<Value> = revoked.iter().map(fields).collect();
            output.show(&json!({ "SessionRevocations": all }), |_| {
                let row = |one: &SessionRevocation| [one.of.clone(), one.until.to_rfc3339()];
                table(&revoked.iter().map(row).collect::<Vec<_>>())
            })
        }
    }
}

fn fields(revocation: &SessionRevocation) -> Value {
    json!({ "SessionsOf": revocation.of, "MadeUntil": revocation.until.to_rfc3339() })
}
