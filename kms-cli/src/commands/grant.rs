//! `kms grant`.

use std::collections::BTreeMap;

use kms_core::api::{
    CreateGrantRequest, EncryptionContextMap, GrantConstraints, GrantListEntry, ListGrantsRequest,
    ListGrantsResponse, ListRetirableGrantsRequest, RetireGrantRequest, RevokeGrantRequest,
};

use super::key::resolve_alias;
use crate::args::{CreateGrant, GrantCommand, ListGrants, RetireGrant};
use crate::engine::Kms;
use crate::failure::Failure;
use crate::output::{Output, table};

pub(super) fn run(command: GrantCommand, kms: &Kms, output: &Output) -> Result<(), Failure> {
    match command {
        GrantCommand::Create(create) => make(create, kms, output),
        GrantCommand::List(list) => output.show(&all(list, kms)?, |all| {
            let rows: Vec<_> = all.grants.iter().map(row).collect();
            table(&rows)
        }),
        GrantCommand::Retire(RetireGrant { key, grant, token }) => {
            let key_id = key.map(|key| own_name(key, kms)).transpose()?;
            let request = RetireGrantRequest {
                grant_token: token,
                key_id,
                grant_id: grant,
                dry_run: None,
            };
            kms.call(request).map(drop)
        }
        GrantCommand::Revoke { key, grant } => {
            let request = RevokeGrantRequest {
                key_id: Some(own_name(key, kms)?),
                grant_id: Some(grant),
                dry_run: None,
            };
            kms.call(request).map(drop)
        }
    }
}

/// AWS takes no alias for the key of a grant.
fn own_name(mut key: String, kms: &Kms) -> Result<String, Failure> {
    resolve_alias(&mut key, kms)?;
    Ok(key)
}

fn make(create: CreateGrant, kms: &Kms, output: &Output) -> Result<(), Failure> {
    let constraints = GrantConstraints {
        encryption_context_subset: pairs(create.context_includes)?,
        encryption_context_equals: pairs(create.context_equals)?,
    };
    let request = CreateGrantRequest {
        key_id: Some(own_name(create.key, kms)?),
        grantee_principal: Some(create.to),
        retiring_principal: create.retiring,
        operations: Some(create.allow),
        constraints: (constraints != GrantConstraints::default()).then_some(constraints),
        grant_tokens: None,
        name: create.name,
        dry_run: None,
    };
    output.show(&kms.call(request)?, |made| {
        format!("{}\n{}\n", made.grant_id, made.grant_token)
    })
}

/// `None` for no pairs; a key twice is a mistake, whichever value was meant.
fn pairs(given: Vec<(String, String)>) -> Result<Option<EncryptionContextMap>, Failure> {
    let mut pairs = BTreeMap::new();
    for (key, value) in given {
        if pairs.contains_key(&key) {
            return Err(Failure::usage(format!("{key} is given twice")));
        }
        pairs.insert(key, value);
    }
    Ok((!pairs.is_empty()).then_some(EncryptionContextMap(pairs)))
}

fn row(grant: &GrantListEntry) -> [String; 4] {
    let operations: Vec<&str> = grant.operations.iter().map(|one| one.as_str()).collect();
    [
        grant.grant_id.to_string(),
        grant.grantee_principal.clone(),
        operations.join(","),
        constraint(grant),
    ]
}

fn constraint(grant: &GrantListEntry) -> String {
    let Some(constraints) = &grant.constraints else {
        return String::new();
    };
    let written = |sign: &str, pairs: &Option<BTreeMap<String, String>>| {
        let pairs = pairs.iter().flatten();
        let pairs: Vec<String> = pairs
            .map(|(key, value)| format!("{key}{sign}{value}"))
            .collect();
        pairs.join(" ")
    };
    let equals = written("==", &constraints.encryption_context_equals);
    let includes = written("=", &constraints.encryption_context_subset);
    [equals, includes].concat()
}

/// All pages as one answer; of one key, or of a retiring principal.
fn all(list: ListGrants, kms: &Kms) -> Result<ListGrantsResponse, Failure> {
    let key = list.key.map(|key| own_name(key, kms)).transpose()?;
    let mut all = ListGrantsResponse::default();
    let mut marker = None;
    loop {
        let page = match &list.retiring {
            Some(principal) => kms.call(ListRetirableGrantsRequest {
                retiring_principal: Some(principal.clone()),
                marker,
                limit: None,
            })?,
            None => kms.call(ListGrantsRequest {
                key_id: key.clone(),
                grantee_principal: list.to.clone(),
                marker,
                ..ListGrantsRequest::default()
            })?,
        };
        all.grants.extend(page.grants);
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            return Ok(all);
        }
    }
}
