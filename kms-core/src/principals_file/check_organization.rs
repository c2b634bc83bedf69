//! The organization, from what is written to what is meant.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::check::Check;
use super::file::{self, File};
use super::{
    FileAccount, FileControlPolicy, FileOrganization, FileTarget, FileUnit, InvalidPrincipals,
    UnitPath, table_of,
};
use crate::identity::{MAX_UNIT_DEPTH, PolicyType};

/// What the file has of the organization.
pub(super) struct Tables {
    organization: Option<Spanned<file::Organization>>,
    units: Vec<Spanned<file::Unit>>,
    accounts: Vec<Spanned<file::Account>>,
    service_control: Vec<Spanned<file::ControlPolicy>>,
    resource_control: Vec<Spanned<file::ControlPolicy>>,
}

impl Tables {
    pub(super) fn take(file: &mut File) -> Self {
        Self {
            organization: file.organization.take(),
            units: std::mem::take(&mut file.organizational_unit),
            accounts: std::mem::take(&mut file.account),
            service_control: std::mem::take(&mut file.scp),
            resource_control: std::mem::take(&mut file.rcp),
        }
    }

    pub(super) fn count(&self) -> [usize; 5] {
        [
            usize::from(self.organization.is_some()),
            self.units.len(),
            self.accounts.len(),
            self.service_control.len(),
            self.resource_control.len(),
        ]
    }

    /// Where the first table stands that needs an organization, and what it is.
    fn first(&self) -> Option<(usize, &'static str)> {
        fn start<T>(tables: &[Spanned<T>]) -> Option<usize> {
            tables.first().map(|table| table.span().start)
        }
        let starts = [
            (start(&self.units), "organizational_unit"),
            (start(&self.accounts), "account"),
            (start(&self.service_control), "scp"),
            (start(&self.resource_control), "rcp"),
        ];
        let starts = starts.into_iter();
        starts.filter_map(|(at, kind)| Some((at?, kind))).min()
    }
}

impl Check<'_> {
    pub(super) fn organization(
        &mut self,
        tables: Tables,
    ) -> Result<Option<FileOrganization>, InvalidPrincipals> {
        let first = tables.first();
        let Some(written) = tables.organization else {
            return first.map_or(Ok(None), |(at, kind)| {
                let reason = format!("[[{kind}]] needs [organization]");
                let line = self.line(at);
                Err(InvalidPrincipals { line, reason })
            });
        };
        let line = self.line(written.span().start);
        let written = written.into_inner();
        if written.feature_set.is_some_and(|set| set != "ALL") {
            let reason = "feature_set can be ALL alone".to_owned();
            return Err(InvalidPrincipals { line, reason });
        }
        let policy_types: Option<BTreeSet<_>> = written
            .policy_types
            .map(|types| types.into_iter().collect());
        let mut units = self.all(tables.units, Self::unit)?;
        let paths: BTreeSet<&UnitPath> = units.iter().map(|unit| &unit.path).collect();
        for unit in &units {
            let parent = unit.path.split().map(|(parent, _)| parent);
            known(&paths, parent.as_ref(), unit.line)?;
        }
        let accounts = self.all(tables.accounts, Self::member)?;
        for account in &accounts {
            known(&paths, Some(&account.parent), account.line)?;
        }
        let mut policies = self.all(tables.service_control, Self::service_control)?;
        policies.extend(self.all(tables.resource_control, Self::resource_control)?);
        for policy in &policies {
            let counts = match &policy_types {
                Some(types) => types.contains(&policy.kind),
                None => policy.kind == PolicyType::ServiceControl,
            };
            let targets = check_targets(policy, counts, &paths);
            targets.map_err(|reason| InvalidPrincipals {
                line: policy.line,
                reason,
            })?;
        }
        units.sort_by_key(|unit| unit.path.depth());
        Ok(Some(FileOrganization {
            line,
            policy_types,
            tags: written.tags,
            units,
            accounts,
            policies,
        }))
    }

    fn unit(&mut self, unit: file::Unit, line: usize) -> Result<FileUnit, String> {
        if unit.name.is_empty() {
            return Err("the organizational_unit has an empty name".to_owned());
        }
        let path = unit.parent.child(&unit.name);
        if path.depth() > MAX_UNIT_DEPTH {
            return Err(format!(
                "the organizational_unit {path} is more than {MAX_UNIT_DEPTH} units deep"
            ));
        }
        self.once("organizational_unit", &path.to_string())?;
        Ok(FileUnit {
            line,
            path,
            tags: unit.tags,
        })
    }

    fn member(&mut self, account: file::Account, line: usize) -> Result<FileAccount, String> {
        if account.id.is_none() && account.email.is_none() {
            return Err(format!("the account {} needs email or id", account.name));
        }
        if let Some(id) = &account.id {
            self.once("account", id.as_str())?;
        }
        if let Some(email) = &account.email {
            self.once("account", &email.to_ascii_lowercase())?;
        }
        Ok(FileAccount {
            line,
            id: account.id,
            name: account.name,
            email: account.email,
            parent: account.parent,
            tags: account.tags,
        })
    }

    fn service_control(
        &mut self,
        policy: file::ControlPolicy,
        line: usize,
    ) -> Result<FileControlPolicy, String> {
        self.control_policy(PolicyType::ServiceControl, policy, line)
    }

    fn resource_control(
        &mut self,
        policy: file::ControlPolicy,
        line: usize,
    ) -> Result<FileControlPolicy, String> {
        self.control_policy(PolicyType::ResourceControl, policy, line)
    }

    fn control_policy(
        &mut self,
        kind: PolicyType,
        policy: file::ControlPolicy,
        line: usize,
    ) -> Result<FileControlPolicy, String> {
        let of = format!("the {} {}", table_of(kind), policy.name);
        self.once(table_of(kind), &policy.name)?;
        let document = if policy.name == kind.full_access_name() {
            check_full_access(kind, &policy).map_err(|why| format!("{of} {why}"))?;
            None
        } else {
            Some(self.document(&of, ("text", policy.text), ("file", policy.file))?)
        };
        Ok(FileControlPolicy {
            line,
            kind,
            name: policy.name,
            description: policy.description.unwrap_or_default(),
            document,
            targets: policy.targets.into_iter().collect(),
            tags: policy.tags,
        })
    }
}

/// The policy that AWS manages has targets and nothing else of its own.
fn check_full_access(kind: PolicyType, policy: &file::ControlPolicy) -> Result<(), &'static str> {
    if kind == PolicyType::ResourceControl {
        return Err("is attached everywhere while its type counts, and cannot be detached");
    }
    let none: BTreeMap<String, String> = BTreeMap::new();
    let given = [&policy.text, &policy.file, &policy.description];
    if given.iter().any(|member| member.is_some()) || policy.tags != none {
        return Err("is AWS's own: it can have targets alone");
    }
    Ok(())
}

fn known(
    paths: &BTreeSet<&UnitPath>,
    path: Option<&UnitPath>,
    line: usize,
) -> Result<(), InvalidPrincipals> {
    path.map_or(Ok(()), |path| is_known(paths, path))
        .map_err(|reason| InvalidPrincipals { line, reason })
}

/// Refuses a path that is not that of the root or of a unit of the file.
fn is_known(paths: &BTreeSet<&UnitPath>, path: &UnitPath) -> Result<(), String> {
    if path.depth() == 0 || paths.contains(path) {
        return Ok(());
    }
    Err(format!("the file has no organizational_unit {path}"))
}

fn check_targets(
    policy: &FileControlPolicy,
    counts: bool,
    paths: &BTreeSet<&UnitPath>,
) -> Result<(), String> {
    let of = format!("the {} {}", policy.table(), policy.name);
    if !counts && !policy.targets.is_empty() {
        let kind = policy.kind.as_str();
        return Err(format!(
            "{of} has targets, and {kind} is not one of policy_types"
        ));
    }
    for target in &policy.targets {
        if let FileTarget::Unit(path) = target {
            is_known(paths, path).map_err(|why| format!("{of}: {why}"))?;
        }
    }
    Ok(())
}
