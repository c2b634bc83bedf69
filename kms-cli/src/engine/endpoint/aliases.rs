//! Aliases.

use aws_sdk_kms::Client;
use aws_sdk_kms::types;
use kms_core::api::{
    AliasListEntry, CreateAliasRequest, CreateAliasResponse, DeleteAliasRequest,
    DeleteAliasResponse, ListAliasesRequest, ListAliasesResponse, UpdateAliasRequest,
    UpdateAliasResponse,
};

use super::{Remote, failed, optional, parsed, present, timestamp};
use crate::failure::Failure;

impl Remote for CreateAliasRequest {
    async fn send(self, client: &Client) -> Result<CreateAliasResponse, Failure> {
        let call = client
            .create_alias()
            .set_alias_name(self.alias_name)
            .set_target_key_id(self.target_key_id);
        call.send().await.map_err(failed)?;
        Ok(CreateAliasResponse {})
    }
}

impl Remote for UpdateAliasRequest {
    async fn send(self, client: &Client) -> Result<UpdateAliasResponse, Failure> {
        let call = client
            .update_alias()
            .set_alias_name(self.alias_name)
            .set_target_key_id(self.target_key_id);
        call.send().await.map_err(failed)?;
        Ok(UpdateAliasResponse {})
    }
}

impl Remote for DeleteAliasRequest {
    async fn send(self, client: &Client) -> Result<DeleteAliasResponse, Failure> {
        let call = client.delete_alias().set_alias_name(self.alias_name);
        call.send().await.map_err(failed)?;
        Ok(DeleteAliasResponse {})
    }
}

impl Remote for ListAliasesRequest {
    async fn send(self, client: &Client) -> Result<ListAliasesResponse, Failure> {
        let call = client
            .list_aliases()
            .set_key_id(self.key_id)
            .set_limit(self.limit)
            .set_marker(self.marker);
        let answer = call.send().await.map_err(failed)?;
        let entries = answer.aliases.unwrap_or_default().into_iter();
        let aliases: Result<Vec<_>, Failure> =
            entries.filter_map(|e| entry(e).transpose()).collect();
        Ok(ListAliasesResponse {
            aliases: aliases?,
            next_marker: answer.next_marker,
            truncated: answer.truncated,
        })
    }
}

/// `None` for a name that AWS keeps for a key of its own which does not exist yet.
fn entry(entry: types::AliasListEntry) -> Result<Option<AliasListEntry>, Failure> {
    let Some(target_key_id) = optional(entry.target_key_id)? else {
        return Ok(None);
    };
    let arn = present(entry.alias_arn)?;
    let kms_core::ids::KeyRef::AliasArn(alias_arn) = parsed(Some(arn))? else {
        return Err(super::unknown_value());
    };
    Ok(Some(AliasListEntry {
        alias_name: parsed(entry.alias_name)?,
        alias_arn,
        target_key_id,
        creation_date: timestamp(&present(entry.creation_date)?),
        last_updated_date: timestamp(&present(entry.last_updated_date)?),
    }))
}
