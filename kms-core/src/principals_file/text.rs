//! The text of a principals file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write};

use super::{FileOrganization, Permissions, Place, PolicyRef, PrincipalsFile};
use crate::ids::{EntityPath, PolicyName};

const HEAD: &str = "\
# The principals of a store. Secrets of access keys are not told: a key without `secret_file` keeps
# the secret that the store has.
";

/// The text of a file that says this; secrets of access keys are left out.
#[must_use]
pub fn write(file: &PrincipalsFile) -> String {
    let mut out = Out(HEAD.to_owned());
    if let Some(organization) = &file.organization {
        out.organization(organization);
    }
    for policy in &file.policies {
        out.table("policy", &policy.place, policy.name.as_str());
        out.path(&policy.path);
        out.optional("description", policy.description.as_deref());
        out.tags(&policy.tags);
        out.string("text", &policy.document);
    }
    for group in &file.groups {
        out.table("group", &group.place, group.name.as_str());
        out.path(&group.path);
        out.permissions("group", &group.permissions);
    }
    for user in &file.users {
        out.table("user", &user.place, user.name.as_str());
        out.path(&user.path);
        out.array("groups", user.groups.iter());
        out.boundary(user.boundary.as_ref());
        out.tags(&user.tags);
        let keys = user.access_keys.iter().map(|key| {
            let active = if key.inactive { ", active = false" } else { "" };
            format!("{{ id = {}{active} }}", quoted(key.id.as_str()))
        });
        out.values("access_keys", &keys.collect::<Vec<_>>());
        out.permissions("user", &user.permissions);
    }
    for role in &file.roles {
        out.table("role", &role.place, role.name.as_str());
        out.path(&role.path);
        out.optional("description", role.description.as_deref());
        out.line("max_session_duration", &role.max_session_duration);
        out.boundary(role.boundary.as_ref());
        out.tags(&role.tags);
        out.string("trust", &role.trust);
        out.permissions("role", &role.permissions);
    }
    for provider in &file.providers {
        out.header("oidc_provider", &provider.place);
        out.string("url", &provider.url);
        out.array("audiences", provider.audiences.iter());
        out.array("thumbprints", provider.thumbprints.iter());
    }
    out.0
}

struct Out(String);

impl Out {
    fn line(&mut self, key: &str, value: &dyn Display) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn header(&mut self, kind: &str, place: &Place) {
        self.begin(&format!("[[{kind}]]"));
        let account = place.account.as_ref().map(ToString::to_string);
        self.optional("account", account.as_deref());
    }

    fn begin(&mut self, table: &str) {
        let _ = writeln!(self.0, "\n{table}");
    }

    fn organization(&mut self, organization: &FileOrganization) {
        self.begin("[organization]");
        if let Some(types) = &organization.policy_types {
            let types: Vec<_> = types.iter().map(|kind| quoted(kind.as_str())).collect();
            self.line("policy_types", &format!("[{}]", types.join(", ")));
        }
        self.tags(&organization.tags);
        for unit in &organization.units {
            let Some((parent, name)) = unit.path.split() else {
                continue;
            };
            self.begin("[[organizational_unit]]");
            self.string("name", name);
            self.string("parent", &parent.to_string());
            self.tags(&unit.tags);
        }
        for account in &organization.accounts {
            self.begin("[[account]]");
            self.optional("id", account.id.as_ref().map(|id| id.as_str()));
            self.string("name", &account.name);
            self.optional("email", account.email.as_deref());
            self.string("parent", &account.parent.to_string());
            self.tags(&account.tags);
        }
        for policy in &organization.policies {
            self.begin(&format!("[[{}]]", policy.table()));
            self.string("name", &policy.name);
            if !policy.description.is_empty() {
                self.string("description", &policy.description);
            }
            let targets = policy.targets.iter();
            let targets: Vec<_> = targets.map(|target| quoted(&target.to_string())).collect();
            self.line("targets", &format!("[{}]", targets.join(", ")));
            self.tags(&policy.tags);
            self.optional("text", policy.document.as_deref());
        }
    }

    fn table(&mut self, kind: &str, place: &Place, name: &str) {
        self.header(kind, place);
        self.string("name", name);
    }

    fn string(&mut self, key: &str, value: &str) {
        self.line(key, &written(value));
    }

    fn optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(key, value);
        }
    }

    fn path(&mut self, path: &EntityPath) {
        if *path != EntityPath::default() {
            self.string("path", path.as_str());
        }
    }

    fn values(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            self.line(key, &format!("[{}]", values.join(", ")));
        }
    }

    fn array(&mut self, key: &str, values: impl Iterator<Item = impl Display>) {
        let values: Vec<_> = values.map(|value| quoted(&value.to_string())).collect();
        self.values(key, &values);
    }

    fn boundary(&mut self, boundary: Option<&PolicyRef>) {
        self.optional("boundary", boundary.map(name_of));
    }

    fn tags(&mut self, tags: &BTreeMap<String, String>) {
        let pair =
            |(key, value): (&String, &String)| format!("{} = {}", quoted(key), quoted(value));
        let pairs: Vec<_> = tags.iter().map(pair).collect();
        if !pairs.is_empty() {
            self.line("tags", &format!("{{ {} }}", pairs.join(", ")));
        }
    }

    /// Inline policies are tables of their own, which come last in the one that they belong to.
    fn permissions(&mut self, kind: &str, permissions: &Permissions) {
        let policies: &BTreeSet<PolicyRef> = &permissions.policies;
        self.array("policies", policies.iter().map(name_of));
        let inline: &BTreeMap<PolicyName, String> = &permissions.inline;
        for (name, document) in inline {
            let _ = writeln!(self.0, "\n[[{kind}.inline]]");
            self.string("name", name.as_str());
            self.string("text", document);
        }
    }
}

fn name_of(policy: &PolicyRef) -> &str {
    match policy {
        PolicyRef::Name(name) => name.as_str(),
        PolicyRef::Arn(arn) => arn.as_str(),
    }
}

/// A document as it stands where TOML can hold it so, else in quotes.
fn written(text: &str) -> String {
    let plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
    let whole = text.contains(['\n', '"', '\\'])
        && text.chars().all(plain)
        && !text.contains("'''")
        && !text.ends_with('\'');
    if whole {
        // The line end after the opening quotes is not part of the text.
        return format!("'''\n{text}'''");
    }
    quoted(text)
}

/// A basic string, TOML 1.0.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
