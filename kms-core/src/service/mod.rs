//! The service: every operation, and the one walk that each request takes.
//!
//! A request is parsed, the keys that it names are loaded, the policies decide, the state of the
//! keys admits, the operation is performed, and the outcome is recorded; in this order, written
//! once in [`Engine::call`]. There is one file for each operation or family of operations.

mod abandoned;
mod aliases;
mod apply_principals;
mod apply_seed;
mod authorize;
mod bootstrap;
mod change;
mod cipher;
mod context;
mod create_grant;
mod create_key;
mod credential_reports;
mod credentials;
mod custom_key_stores;
mod decrypt;
mod derive_shared_secret;
mod describe_key;
mod draft;
mod enable_key;
mod encrypt;
mod engine;
mod explain;
mod federation_edit;
mod generate_data_key;
mod generate_data_key_pair;
mod generate_random;
mod get_key_last_usage;
mod get_key_policy;
mod get_public_key;
mod given_material;
mod grant_list;
mod grant_principal;
mod grant_token;
mod iam;
mod identity_edit;
mod identity_state;
mod import;
mod import_key_material;
mod jobs;
mod key_entry;
mod key_kind;
mod key_operation;
mod key_pairs;
mod key_rotation;
mod list_aliases;
mod list_key_rotations;
mod list_keys;
mod list_resource_tags;
mod mac;
mod managed_by_file;
mod metadata;
mod mfa;
mod multi_region;
mod mutation;
mod named_policies;
mod new_material;
mod new_policy;
mod oidc;
mod open;
mod operation;
mod organizations;
mod own_policies;
mod page;
mod parameters;
mod principals;
mod production;
mod put_key_policy;
mod re_encrypt;
mod recipient;
mod refusal;
mod replicate_key;
mod request;
mod resolve;
mod retire_grant;
mod rotate_key_on_demand;
mod schedule_key_deletion;
mod secrets;
mod sign;
mod state;
mod store_findings;
mod sts;
mod symmetric;
mod tag_resource;
mod tags;
mod update_key_description;
mod update_primary_region;
mod usage;
mod values;
mod xks_proxy;

pub use apply_principals::{
    ApplyPrincipalsRequest, ChangeAction, ExportPrincipalsRequest, FieldChange, FileStamp,
    PlanPrincipalsRequest, PrincipalChange, PrincipalsOutcome, PrincipalsSource, Stamp,
    UnreadablePrincipals,
};
pub use apply_seed::{ApplySeedRequest, SeedOutcome, groups};
pub use context::CallContext;
pub use credential_reports::CredentialReport;
pub use credentials::SigningCredential;
pub use engine::{Engine, Outcome};
pub use explain::{ExplainRequest, Explanation, Ground};
pub use iam::*;
pub use mfa::*;
pub use oidc::*;
pub use open::{LEDGER_NAME, NewStore, OpenError, OpenOptions};
pub use operation::{Event, Finding, Inquiry, Operation};
pub use organizations::*;
pub use production::MarkProductionRequest;
pub use refusal::{Refusal, RefusedCaller};
pub use store_findings::{LintStoreRequest, StoreFinding};
pub use sts::*;
pub use usage::AccessKeyUse;
pub use xks_proxy::{XksRequest, xks_error};
