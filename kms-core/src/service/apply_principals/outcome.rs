//! What an apply changes, as it is told and as it is recorded.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Error;
use crate::crypto::digest::{hexadecimal, sha256};
use crate::service::parameters::Parameters;

/// The longest list of changes of one record, in bytes: an object of a record has a limit.
const MOST_RECORDED: usize = 80 * 1024;
/// The longest value that stands in such a list where values are cut, in bytes.
const LONGEST_VALUE: usize = 128;

/// What stands in the ledger for an address of email.
const HIDDEN: &str = "****";

/// What becomes of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeAction {
    /// It is made.
    Create,
    /// It was there, and the file manages it from now on.
    Adopt,
    /// It becomes something else.
    Change,
    /// It is removed.
    Remove,
    /// It stays, and the file manages it no longer.
    Release,
}

/// What becomes of one property of an entity. No value is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Such as `path` or `inline/NAME`.
    pub name: String,
    /// What it was; `None` where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it becomes; `None` where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What becomes of one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrincipalChange {
    /// What is done.
    pub action: ChangeAction,
    /// `user`, `group`, `role`, `policy`, `oidc_provider`, `organization`, `organizational_unit`,
    /// `account`, `scp` or `rcp`.
    pub kind: &'static str,
    /// Of a part of the organization its name, or its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its ARN. In a plan there is `*` in the place of ids that are to be drawn, and the address of
    /// email in that of the number of an account.
    pub arn: String,
    /// Its unique id; identity providers have none, and what is only planned has none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
    /// What becomes of its properties; none of an entity that goes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// What an apply changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalsOutcome {
    /// Every entity that changes, in the order of the kinds; nothing when all is as the file says.
    pub changes: Vec<PrincipalChange>,
    /// Names that were drawn, with what a plan says instead.
    pub(super) drawn: BTreeMap<String, String>,
}

/// The text with other names in the place of those, where they stand between `:` and `/`.
fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    let pieces = text.split_inclusive([':', '/']);
    let one = |piece: &str| {
        let name = piece.trim_end_matches([':', '/']);
        let end = piece.get(name.len()..).unwrap_or_default();
        let name = names.get(name).map_or(name, String::as_str);
        format!("{name}{end}")
    };
    pieces.map(one).collect()
}

impl PrincipalChange {
    /// The same without addresses of email, which are kept out of the ledger.
    fn private(&self) -> Self {
        let mut private = self.clone();
        let fields = private.fields.iter_mut();
        for field in fields.filter(|field| self.kind == "account" && field.name == "email") {
            for value in [&mut field.before, &mut field.after].into_iter().flatten() {
                HIDDEN.clone_into(value);
            }
        }
        private
    }

    /// The same with long values as their digests.
    fn short(&self) -> Self {
        let mut short = self.clone();
        for field in &mut short.fields {
            for value in [&mut field.before, &mut field.after].into_iter().flatten() {
                if value.len() > LONGEST_VALUE {
                    *value = format!("sha256:{}", hexadecimal(&sha256(value.as_bytes())));
                }
            }
        }
        short
    }

    /// The same without its properties.
    fn shortest(&self) -> Self {
        Self {
            fields: Vec::new(),
            ..self.clone()
        }
    }
}

impl PrincipalsOutcome {
    /// The same before anything is done: what was drawn is not what will be.
    pub(super) fn planned(mut self) -> Self {
        let drawn = std::mem::take(&mut self.drawn);
        for change in &mut self.changes {
            if change.action == ChangeAction::Create {
                change.unique_id = None;
            }
            if drawn.is_empty() {
                continue;
            }
            change.arn = renamed(&change.arn, &drawn);
            for field in &mut change.fields {
                field.name = renamed(&field.name, &drawn);
                for value in [&mut field.before, &mut field.after].into_iter().flatten() {
                    *value = renamed(value, &drawn);
                }
            }
        }
        self
    }

    /// CloudTrail's `responseElements`: every change, as much of each as a record takes.
    pub(super) fn recorded(&self) -> Result<Parameters, Error> {
        let forms = [
            PrincipalChange::clone,
            PrincipalChange::short,
            PrincipalChange::shortest,
        ];
        for form in forms {
            let changes = self.changes.iter().map(PrincipalChange::private);
            let changes: Vec<PrincipalChange> = changes.map(|change| form(&change)).collect();
            let text = serde_json::to_string(&changes).map_err(Error::internal)?;
            if text.len() <= MOST_RECORDED {
                let mut elements = Parameters::default();
                elements.value("changes", &changes);
                return Ok(elements);
            }
        }
        Err(Error::LimitExceeded(format!(
            "The file changes {} entities, which is more than one record can name: apply it in parts",
            self.changes.len()
        )))
    }
}
