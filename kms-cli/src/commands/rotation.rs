//! `kms key rotation`.

use kms_core::api::{
    DisableKeyRotationRequest, EnableKeyRotationRequest, GetKeyRotationStatusRequest,
    GetKeyRotationStatusResponse, ListKeyRotationsRequest, ListKeyRotationsResponse,
};

use crate::args::RotationCommand;
use crate::engine::Kms;
use crate::failure::Failure;
use crate::output::{Output, table};

pub(super) fn run(command: RotationCommand, kms: &Kms, output: &Output) -> Result<(), Failure> {
    match command {
        RotationCommand::Enable { key, days } => {
            let request = EnableKeyRotationRequest {
                key_id: Some(key),
                rotation_period_in_days: i32::try_from(days).ok(),
            };
            kms.call(request).map(drop)
        }
        RotationCommand::Disable { key } => kms
            .call(DisableKeyRotationRequest { key_id: Some(key) })
            .map(drop),
        RotationCommand::Status { key } => {
            let answer = kms.call(GetKeyRotationStatusRequest { key_id: Some(key) })?;
            output.show(&answer, status)
        }
        RotationCommand::List { key } => output.show(&all(&key, kms)?, listing),
    }
}

fn status(answer: &GetKeyRotationStatusResponse) -> String {
    match (answer.rotation_period_in_days, answer.next_rotation_date) {
        _ if !answer.key_rotation_enabled => "the key does not rotate by itself".to_owned(),
        (Some(days), Some(next)) => format!("rotates every {days} days, next on {next}"),
        (Some(days), None) => format!("rotates every {days} days"),
        (None, _) => "rotates by itself".to_owned(),
    }
}

/// All pages as one answer.
fn all(key: &str, kms: &Kms) -> Result<ListKeyRotationsResponse, Failure> {
    let mut all = ListKeyRotationsResponse::default();
    let mut marker = None;
    loop {
        let page = kms.call(ListKeyRotationsRequest {
            key_id: Some(key.to_owned()),
            marker,
            ..ListKeyRotationsRequest::default()
        })?;
        all.rotations.extend(page.rotations);
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            return Ok(all);
        }
    }
}

fn listing(all: &ListKeyRotationsResponse) -> String {
    fn text(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let rows: Vec<_> = all
        .rotations
        .iter()
        .map(|rotation| {
            [
                text(rotation.rotation_date),
                text(rotation.rotation_type),
                text(rotation.key_material_state),
                text(rotation.key_material_id.as_ref()),
            ]
        })
        .collect();
    table(&rows)
}
