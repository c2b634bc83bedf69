//! `kms key`.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_core::api::{
    CancelKeyDeletionRequest, CreateAliasRequest, CreateKeyRequest, DescribeKeyRequest,
    DisableKeyRequest, EnableKeyRequest, GetKeyLastUsageRequest, GetKeyLastUsageResponse,
    GetKeyPolicyRequest, GetPublicKeyRequest, KeyMetadata, KeySpec, KeyUsage, ListKeysRequest,
    ListKeysResponse, ListResourceTagsRequest, ListResourceTagsResponse, PutKeyPolicyRequest,
    RequestTag, RotateKeyOnDemandRequest, ScheduleKeyDeletionRequest, Tag, TagResourceRequest,
    UntagResourceRequest, UpdateKeyDescriptionRequest,
};
use kms_core::ids::KeyId;
use kms_core::keys::KeyKind;

use super::{alias, multi_region, rotation};
use crate::args::{CreateKey, KeyCommand, PolicyCommand, TagPair};
use crate::engine::Kms;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::pipeline::read_document;

/// The one policy that a key has.
const POLICY_NAME: &str = "default";

pub(super) fn run(mut command: KeyCommand, kms: &Kms, output: &Output) -> Result<(), Failure> {
    if let Some(key) = command.managed_key() {
        resolve_alias(key, kms)?;
    }
    match command {
        KeyCommand::Create(create) => create_key(create, kms, output),
        KeyCommand::List(_) => list(kms, output),
        KeyCommand::Describe { key } => describe(key, kms, output),
        KeyCommand::PublicKey { key } => public_key(key, kms, output),
        KeyCommand::Enable { key } => kms.call(EnableKeyRequest { key_id: Some(key) }).map(drop),
        KeyCommand::Disable { key } => kms.call(DisableKeyRequest { key_id: Some(key) }).map(drop),
        KeyCommand::Rotate { key } => {
            let answer = kms.call(RotateKeyOnDemandRequest { key_id: Some(key) })?;
            output.show(&answer, |_| String::new())
        }
        KeyCommand::ScheduleDeletion { key, days } => schedule_deletion(key, days, kms, output),
        KeyCommand::CancelDeletion { key } => cancel_deletion(key, kms, output),
        KeyCommand::Replicate(replicate) => multi_region::replicate(replicate, kms, output),
        KeyCommand::UpdatePrimaryRegion { key, to } => {
            multi_region::update_primary_region(key, &to, kms)
        }
        KeyCommand::UpdateDescription { key, description } => {
            let request = UpdateKeyDescriptionRequest {
                key_id: Some(key),
                description: Some(description),
            };
            kms.call(request).map(drop)
        }
        KeyCommand::Policy(command) => policy(command, kms, output),
        KeyCommand::Rotation(command) => rotation::run(command, kms, output),
        KeyCommand::LastUsage { key } => {
            let answer = kms.call(GetKeyLastUsageRequest { key_id: Some(key) })?;
            output.show(&answer, last_usage)
        }
        KeyCommand::Tag { key, tags } => {
            let request = TagResourceRequest {
                key_id: Some(key),
                tags: Some(request_tags(tags)),
            };
            kms.call(request).map(drop)
        }
        KeyCommand::Untag { key, tags } => {
            let request = UntagResourceRequest {
                key_id: Some(key),
                tag_keys: Some(tags),
            };
            kms.call(request).map(drop)
        }
        KeyCommand::Tags { key } => list_tags(&key, kms, output),
    }
}

fn last_usage(answer: &GetKeyLastUsageResponse) -> String {
    match &answer.key_last_usage {
        Some(used) => format!(
            "{} on {}, event {}",
            used.operation, used.timestamp, used.cloud_trail_event_id
        ),
        None => format!("never used; tracked since {}", answer.tracking_start_date),
    }
}

fn create_key(create: CreateKey, kms: &Kms, output: &Output) -> Result<(), Failure> {
    // Refused before there is a key that nobody wanted without its alias.
    if let Some(name) = &create.alias {
        alias::check_name(name)?;
    }
    let policy = create.policy.as_deref().map(read_document).transpose()?;
    let answer = kms.call(CreateKeyRequest {
        policy,
        key_spec: Some(create.spec.to_string()),
        key_usage: create
            .usage
            .or_else(|| only_usage(create.spec))
            .map(|usage| usage.to_string()),
        description: Some(create.description),
        tags: Some(request_tags(create.tags)).filter(|tags| !tags.is_empty()),
        multi_region: create.multi_region.then_some(true),
        ..CreateKeyRequest::default()
    })?;
    let key_id = answer.key_metadata.key_id.to_string();
    if create.alias.is_some() {
        let named = kms.call(CreateAliasRequest {
            alias_name: create.alias,
            target_key_id: Some(key_id.clone()),
        });
        named
            .map_err(|failure| failure.within(format!("key {key_id} was created without alias")))?;
    }
    output.show(&answer, |answer| answer.key_metadata.arn.to_string())
}

/// The usage of keys of a spec that have no other.
fn only_usage(spec: KeySpec) -> Option<KeyUsage> {
    let mut usages = KeyUsage::ALL
        .iter()
        .copied()
        .filter(|usage| KeyKind::new(spec, *usage).is_some());
    usages.next().filter(|_| usages.next().is_none())
}

fn public_key(key: String, kms: &Kms, output: &Output) -> Result<(), Failure> {
    let answer = kms.call(GetPublicKeyRequest {
        key_id: Some(key),
        ..GetPublicKeyRequest::default()
    })?;
    output.show(&answer, |answer| pem(answer.public_key.as_slice()))
}

/// RFC 7468 §13.
fn pem(public_key: &[u8]) -> String {
    let mut text = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    // 48 bytes are a line of 64 characters.
    for line in public_key.chunks(48) {
        text.push_str(&STANDARD.encode(line));
        text.push('\n');
    }
    text.push_str("-----END PUBLIC KEY-----\n");
    text
}

pub(super) fn request_tags(tags: Vec<TagPair>) -> Vec<RequestTag> {
    let tags = tags.into_iter().map(|(key, value)| RequestTag {
        tag_key: Some(key),
        tag_value: Some(value),
    });
    tags.collect()
}

/// All pages as one answer.
fn list(kms: &Kms, output: &Output) -> Result<(), Failure> {
    let mut all = ListKeysResponse::default();
    let mut marker = None;
    loop {
        let page = kms.call(ListKeysRequest {
            marker,
            ..ListKeysRequest::default()
        })?;
        all.keys.extend(page.keys);
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            break;
        }
    }
    let aliases = alias::all(kms, None)?.aliases;
    output.show(&all, |all| {
        let mut names: BTreeMap<KeyId, Vec<String>> = BTreeMap::new();
        for alias in aliases {
            let of_key = names.entry(alias.target_key_id).or_default();
            of_key.push(alias.alias_name.to_string());
        }
        let mut name = |key| names.remove(key).unwrap_or_default().join(" ");
        let rows: Vec<_> = all
            .keys
            .iter()
            .map(|key| [key.key_arn.to_string(), name(&key.key_id)])
            .collect();
        table(&rows)
    })
}

/// Puts the ARN of the key in the place of an alias.
pub(super) fn resolve_alias(key: &mut String, kms: &Kms) -> Result<(), Failure> {
    if key.starts_with("alias/") || key.contains(":alias/") {
        let request = DescribeKeyRequest {
            key_id: Some(key.clone()),
            ..DescribeKeyRequest::default()
        };
        *key = kms.call(request)?.key_metadata.arn.to_string();
    }
    Ok(())
}

fn describe(key: String, kms: &Kms, output: &Output) -> Result<(), Failure> {
    let answer = kms.call(DescribeKeyRequest {
        key_id: Some(key),
        ..DescribeKeyRequest::default()
    })?;
    output.show(&answer, |answer| description(&answer.key_metadata))
}

fn description(key: &KeyMetadata) -> String {
    let row = |name: &str, value: String| [format!("{name}:"), value];
    let mut rows = vec![
        row("ARN", key.arn.to_string()),
        row("State", key.key_state.to_string()),
        row("Description", key.description.clone()),
        row("Usage", key.key_usage.to_string()),
        row("Spec", key.key_spec.to_string()),
        row("Origin", key.origin.to_string()),
        row("Created", key.creation_date.to_string()),
    ];
    if let Some(date) = key.deletion_date {
        rows.push(row("Deleted on", date.to_string()));
    }
    if let Some(days) = key.pending_deletion_window_in_days {
        let when = format!("{days} days after the last replica");
        rows.push(row("Deleted", when));
    }
    if let Some(keys) = &key.multi_region_configuration {
        rows.push(row("Primary", keys.primary_key.arn.to_string()));
        let replicas = keys.replica_keys.iter();
        rows.extend(replicas.map(|replica| row("Replica", replica.arn.to_string())));
    }
    if let Some(material) = &key.current_key_material_id {
        rows.push(row("Material", material.to_string()));
    }
    table(&rows)
}

fn schedule_deletion(key: String, days: u32, kms: &Kms, output: &Output) -> Result<(), Failure> {
    let answer = kms.call(ScheduleKeyDeletionRequest {
        key_id: Some(key),
        pending_window_in_days: i32::try_from(days).ok(),
    })?;
    output.show(&answer, |answer| match answer.deletion_date {
        Some(date) => format!("{} is deleted on {date}", answer.key_id),
        None => format!(
            "{} is deleted {} days after the last of its replicas",
            answer.key_id, answer.pending_window_in_days
        ),
    })
}

fn cancel_deletion(key: String, kms: &Kms, output: &Output) -> Result<(), Failure> {
    let answer = kms.call(CancelKeyDeletionRequest { key_id: Some(key) })?;
    output.warn("the key is disabled; `kms key enable` lets it be used again");
    output.show(&answer, |_| String::new())
}

fn policy(command: PolicyCommand, kms: &Kms, output: &Output) -> Result<(), Failure> {
    match command {
        PolicyCommand::Get { key } => {
            let answer = kms.call(GetKeyPolicyRequest {
                key_id: Some(key),
                policy_name: Some(POLICY_NAME.to_owned()),
            })?;
            output.show(&answer, |answer| answer.policy.clone())
        }
        PolicyCommand::Put {
            key,
            file,
            bypass_lockout_check,
        } => put_policy(key, &file, bypass_lockout_check, kms),
    }
}

fn put_policy(key: String, file: &Path, bypass: bool, kms: &Kms) -> Result<(), Failure> {
    let request = PutKeyPolicyRequest {
        key_id: Some(key),
        policy_name: Some(POLICY_NAME.to_owned()),
        policy: Some(read_document(file)?),
        bypass_policy_lockout_safety_check: Some(bypass),
    };
    kms.call(request).map(drop)
}

/// All pages as one answer.
fn list_tags(key: &str, kms: &Kms, output: &Output) -> Result<(), Failure> {
    let mut all = ListResourceTagsResponse::default();
    let mut marker = None;
    loop {
        let page = kms.call(ListResourceTagsRequest {
            key_id: Some(key.to_owned()),
            marker,
            ..ListResourceTagsRequest::default()
        })?;
        all.tags.extend(page.tags);
        marker = page.next_marker.filter(|_| page.truncated);
        if marker.is_none() {
            break;
        }
    }
    output.show(&all, |all| {
        let pair = |tag: &Tag| format!("{}={}", tag.tag_key, tag.tag_value);
        all.tags.iter().map(pair).collect::<Vec<_>>().join("\n")
    })
}
