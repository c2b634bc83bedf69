//! Grants.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_kms::Client;
use aws_sdk_kms::types;
use kms_core::api::{
    CreateGrantRequest, CreateGrantResponse, EncryptionContextMap, GrantConstraintEntry,
    GrantConstraints, GrantListEntry, ListGrantsRequest, ListGrantsResponse,
    ListRetirableGrantsRequest, RetireGrantRequest, RetireGrantResponse, RevokeGrantRequest,
    RevokeGrantResponse,
};

use super::{Remote, failed, parsed, present, timestamp};
use crate::failure::Failure;

impl Remote for CreateGrantRequest {
    async fn send(self, client: &Client) -> Result<CreateGrantResponse, Failure> {
        let operations = self.operations.map(|names| {
            let names = names.iter();
            names
                .map(|name| types::GrantOperation::from(name.as_str()))
                .collect()
        });
        let call = client
            .create_grant()
            .set_key_id(self.key_id)
            .set_grantee_principal(self.grantee_principal)
            .set_retiring_principal(self.retiring_principal)
            .set_operations(operations)
            .set_constraints(self.constraints.map(asked))
            .set_grant_tokens(self.grant_tokens)
            .set_name(self.name)
            .set_dry_run(self.dry_run);
        let answer = call.send().await.map_err(failed)?;
        Ok(CreateGrantResponse {
            grant_token: present(answer.grant_token)?,
            grant_id: parsed(answer.grant_id)?,
        })
    }
}

fn asked(constraints: GrantConstraints) -> types::GrantConstraints {
    let pairs = |map: Option<EncryptionContextMap>| map.map(|map| map.0.into_iter().collect());
    types::GrantConstraints::builder()
        .set_encryption_context_subset(pairs(constraints.encryption_context_subset))
        .set_encryption_context_equals(pairs(constraints.encryption_context_equals))
        .build()
}

impl Remote for ListGrantsRequest {
    async fn send(self, client: &Client) -> Result<ListGrantsResponse, Failure> {
        let call = client
            .list_grants()
            .set_key_id(self.key_id)
            .set_grant_id(self.grant_id)
            .set_grantee_principal(self.grantee_principal)
            .set_limit(self.limit)
            .set_marker(self.marker);
        let answer = call.send().await.map_err(failed)?;
        Ok(ListGrantsResponse {
            grants: entries(answer.grants)?,
            next_marker: answer.next_marker,
            truncated: answer.truncated,
        })
    }
}

impl Remote for ListRetirableGrantsRequest {
    async fn send(self, client: &Client) -> Result<ListGrantsResponse, Failure> {
        let call = client
            .list_retirable_grants()
            .set_retiring_principal(self.retiring_principal)
            .set_limit(self.limit)
            .set_marker(self.marker);
        let answer = call.send().await.map_err(failed)?;
        Ok(ListGrantsResponse {
            grants: entries(answer.grants)?,
            next_marker: answer.next_marker,
            truncated: answer.truncated,
        })
    }
}

impl Remote for RetireGrantRequest {
    async fn send(self, client: &Client) -> Result<RetireGrantResponse, Failure> {
        let call = client
            .retire_grant()
            .set_grant_token(self.grant_token)
            .set_key_id(self.key_id)
            .set_grant_id(self.grant_id)
            .set_dry_run(self.dry_run);
        call.send().await.map_err(failed)?;
        Ok(RetireGrantResponse {})
    }
}

impl Remote for RevokeGrantRequest {
    async fn send(self, client: &Client) -> Result<RevokeGrantResponse, Failure> {
        let call = client
            .revoke_grant()
            .set_key_id(self.key_id)
            .set_grant_id(self.grant_id)
            .set_dry_run(self.dry_run);
        call.send().await.map_err(failed)?;
        Ok(RevokeGrantResponse {})
    }
}

fn entries(grants: Option<Vec<types::GrantListEntry>>) -> Result<Vec<GrantListEntry>, Failure> {
    grants.unwrap_or_default().into_iter().map(entry).collect()
}

fn entry(grant: types::GrantListEntry) -> Result<GrantListEntry, Failure> {
    let operations = grant.operations.unwrap_or_default();
    let operations = operations.iter().map(|name| parsed(Some(name.as_str())));
    Ok(GrantListEntry {
        key_id: parsed(grant.key_id)?,
        grant_id: parsed(grant.grant_id)?,
        name: grant.name.unwrap_or_default(),
        creation_date: timestamp(&present(grant.creation_date)?),
        grantee_principal: present(grant.grantee_principal)?,
        retiring_principal: grant.retiring_principal,
        issuing_account: present(grant.issuing_account)?,
        operations: operations.collect::<Result<_, _>>()?,
        constraints: grant.constraints.map(|told| GrantConstraintEntry {
            encryption_context_subset: told.encryption_context_subset.map(sorted),
            encryption_context_equals: told.encryption_context_equals.map(sorted),
        }),
    })
}

fn sorted(pairs: HashMap<String, String>) -> BTreeMap<String, String> {
    pairs.into_iter().collect()
}
