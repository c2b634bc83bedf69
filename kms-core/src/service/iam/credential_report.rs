//! `GenerateCredentialReport` and `GetCredentialReport`: a table of the users of an account and what
//! each of them proves itself by.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::subject::Subject;
use super::{IamRequest, iam_request};
use crate::Error;
use crate::api::query::{QueryCode, ToXml, Xml};
use crate::identity::{AccessKey, AccessKeyOwner};
use crate::ids::{UniqueId, UserName, account_root_arn};
use crate::service::credential_reports::CredentialReport;
use crate::service::operation::{Performed, Step};
use crate::service::usage::KeyUsage;
use crate::time::Timestamp;

/// The columns, as AWS names them.
const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,\
    password_last_changed,password_next_rotation,mfa_active,\
    access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
    access_key_1_last_used_region,access_key_1_last_used_service,\
    access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
    access_key_2_last_used_region,access_key_2_last_used_service,\
    cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

const NONE: &str = "N/A";

/// How the report calls the root user.
const ROOT: &str = "<root_account>";

/// Passwords, which nobody has, of a user and of the root user.
const NO_PASSWORD: [&str; 4] = ["false", NONE, NONE, NONE];
const NO_ROOT_PASSWORD: [&str; 4] = ["not_supported", NONE, "not_supported", "not_supported"];

iam_request! {
    /// Makes the report of the account, unless there is one that is not four hours old.
    GenerateCredentialReportRequest "GenerateCredentialReport" true -> CredentialReportState {}
}

iam_request! {
    /// The report of the account that was made last.
    GetCredentialReportRequest "GetCredentialReport" true -> CredentialReport {}
}

/// Whether the report is there: it always is, when the answer comes.
#[derive(Clone, Copy, Debug)]
pub struct CredentialReportState;

impl ToXml for CredentialReportState {
    fn write(&self, xml: &mut Xml) {
        xml.text("State", "COMPLETE");
    }
}

impl ToXml for CredentialReport {
    fn write(&self, xml: &mut Xml) {
        xml.text("Content", &STANDARD.encode(&*self.content));
        xml.text("ReportFormat", "text/csv");
        super::answers::time(xml, "GeneratedTime", self.made);
    }
}

impl IamRequest for GenerateCredentialReportRequest {
    type Response = CredentialReportState;
    const ASKS_FOR_USAGE: bool = true;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<CredentialReportState>, Error> {
        let reports = &step.engine.credential_reports;
        let account = step.call.account();
        if !reports.is_fresh(account, step.now) {
            let content = table(step).into();
            let made = step.now;
            reports.put(account.clone(), CredentialReport { made, content });
        }
        Ok(Performed::read(CredentialReportState))
    }
}

impl IamRequest for GetCredentialReportRequest {
    type Response = CredentialReport;

    fn subject(&self) -> Subject {
        Subject::Any
    }

    fn perform(self, step: &Step<'_>) -> Result<Performed<CredentialReport>, Error> {
        let reports = &step.engine.credential_reports;
        let account = step.call.account();
        let Some(report) = reports.of(account) else {
            return Err(Error::Query(
                QueryCode::ReportNotPresent,
                "No credential report exists: ask GenerateCredentialReport for one.".to_owned(),
            ));
        };
        match reports.is_fresh(account, step.now) {
            true => Ok(Performed::read(report)),
            false => Err(Error::Query(
                QueryCode::ReportExpired,
                "The credential report is older than four hours: ask GenerateCredentialReport for \
                 another one."
                    .to_owned(),
            )),
        }
    }
}

/// The header, the root user and the users in order of name, a line each.
fn table(step: &Step<'_>) -> String {
    let (state, account) = (step.state, step.call.account());
    let mut table = COLUMNS.to_owned();
    let root = state.account(account).map(|account| account.created);
    let mut owned: BTreeMap<Option<&UserName>, Vec<&AccessKey>> = BTreeMap::new();
    for key in state.access_keys(account) {
        owned.entry(owner(key)).or_default().push(key);
    }
    let devices = state.federation.mfa_devices.of_account(account);
    let with_device: BTreeSet<&UniqueId> = devices
        .filter_map(|device| Some(&device.assigned.as_ref()?.user_id))
        .collect();
    let mut line =
        |name: &str, arn: &str, created: Option<Timestamp>, password: [&str; 4], mfa, owner| {
            let mut keys = owned.remove(&owner).unwrap_or_default();
            keys.sort_by_key(|key| (key.created, key.id.clone()));
            let created = created.map_or_else(|| NONE.to_owned(), date);
            let mut fields = vec![name.to_owned(), arn.to_owned(), created];
            fields.extend(password.map(str::to_owned));
            fields.push(flag(mfa));
            for position in 0..2 {
                fields.extend(access_key(keys.get(position).copied(), &step.engine.usage));
            }
            // Signing certificates, which nobody has.
            fields.extend(["false", NONE, "false", NONE].map(str::to_owned));
            let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
            table.push('\n');
            table.push_str(&fields.join(","));
        };
    let arn = account_root_arn(account);
    line(ROOT, &arn, root, NO_ROOT_PASSWORD, false, None);
    for entry in state.users(account) {
        let user = &entry.user;
        let mfa = with_device.contains(&user.id);
        let (name, arn) = (user.name.as_str(), user.arn());
        let owner = Some(&user.name);
        line(name, &arn, Some(user.created), NO_PASSWORD, mfa, owner);
    }
    table
}

/// The user whose key it is; none for the root user's.
fn owner(key: &AccessKey) -> Option<&UserName> {
    match &key.owner {
        AccessKeyOwner::Root => None,
        AccessKeyOwner::User(name) => Some(name),
    }
}

/// Whether it is active, when it was made, and when and for what it was used last.
fn access_key(key: Option<&AccessKey>, usage: &KeyUsage) -> [String; 5] {
    let Some(key) = key else {
        return ["false", NONE, NONE, NONE, NONE].map(str::to_owned);
    };
    let used = usage.of_access_key(&key.id);
    let (used, region, service) = match used {
        Some(used) => (date(used.time), used.region, used.service),
        None => (NONE.to_owned(), NONE.to_owned(), NONE.to_owned()),
    };
    [
        flag(!key.inactive),
        date(key.created),
        used,
        region,
        service,
    ]
}

fn flag(value: bool) -> String {
    value.to_string()
}

/// `2026-11-22T01:18:07+00:00`, as AWS writes it here.
fn date(time: Timestamp) -> String {
    let text = time.to_rfc3339();
    match text.strip_suffix('Z') {
        Some(text) => format!("{text}+00:00"),
        None => text,
    }
}

/// A field of RFC 4180: the names of users can have commas.
fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}
