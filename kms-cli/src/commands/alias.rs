//! `kms alias`.

use kms_core::api::{
    CreateAliasRequest, DeleteAliasRequest, ListAliasesRequest, ListAliasesResponse,
    UpdateAliasRequest,
};
use kms_core::ids::AliasName;

use super::key::resolve_alias;
use crate::args::AliasCommand;
use crate::engine::Kms;
use crate::failure::Failure;
use crate::output::{Output, table};

pub(super) fn run(command: AliasCommand, kms: &Kms, output: &Output) -> Result<(), Failure> {
    match command {
        AliasCommand::Create { alias, key } => {
            check_name(&alias)?;
            let request = CreateAliasRequest {
                alias_name: Some(alias),
                target_key_id: Some(key),
            };
            kms.call(request).map(drop)
        }
        AliasCommand::Update { alias, key } => {
            check_name(&alias)?;
            let request = UpdateAliasRequest {
                alias_name: Some(alias),
                target_key_id: Some(key),
            };
            kms.call(request).map(drop)
        }
        AliasCommand::Delete { alias } => {
            check_name(&alias)?;
            let request = DeleteAliasRequest {
                alias_name: Some(alias),
            };
            kms.call(request).map(drop)
        }
        AliasCommand::List { mut key } => {
            if let Some(key) = &mut key {
                resolve_alias(key, kms)?;
            }
            output.show(&all(kms, key.as_deref())?, |all| {
                let rows: Vec<_> = all
                    .aliases
                    .iter()
                    .map(|alias| {
                        [
                            alias.alias_name.to_string(),
                            alias.target_key_id.to_string(),
                        ]
                    })
                    .collect();
                table(&rows)
            })
        }
    }
}

/// Refuses what is no alias name with a word on what is.
pub(super) fn check_name(name: &str) -> Result<(), Failure> {
    match name.parse::<AliasName>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::usage(format!("{name} is not an alias name"))
            .hint("write alias/NAME with letters, digits and :/_- in NAME")),
    }
}

/// All pages as one answer; of all keys, or of one.
pub(super) fn all(kms: &Kms, key: Option<&str>) -> Result<ListAliasesResponse, Failure> {
    let mut all = ListAliasesResponse::default();
    let mut marker = None;
    loop {
        let page = kms.call(ListAliasesRequest {
            key_id: key.map(str::to_owned),
            marker,
            ..ListAliasesRequest::default()
        })?;
        all.aliases.extend(page.aliases);
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            return Ok(all);
        }
    }
}
