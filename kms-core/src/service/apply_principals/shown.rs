//! The properties of entities as text, by which a plan tells what changes.

use std::collections::BTreeMap;

use super::outcome::FieldChange;
use crate::identity::{AccessKey, Group, ManagedPolicy, OidcProvider, Role, User};
use crate::ids::PolicyArn;
use crate::service::state::State;

/// Names of properties and what they are.
pub(super) type Properties = BTreeMap<String, String>;

/// An entity that a plan tells about.
pub(super) trait Shown {
    /// What it is.
    const KIND: &'static str;

    fn arn_text(&self) -> String;
    fn unique_id(&self) -> Option<String>;
    fn is_managed(&self) -> bool;
    fn properties(&self, state: &State) -> Properties;
}

/// What differs between two states of an entity.
pub(super) fn difference(before: &Properties, after: &Properties) -> Vec<FieldChange> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let field = |name: &String| FieldChange {
        name: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    };
    let fields = names.into_iter().map(field);
    fields.filter(|field| field.before != field.after).collect()
}

/// What an access key is, without its secret.
pub(super) fn access_key(key: &AccessKey) -> (String, String) {
    let status = if key.inactive { "inactive" } else { "active" };
    (format!("access_keys/{}", key.id), status.to_owned())
}

pub(super) fn put(properties: &mut Properties, name: &str, value: impl ToString) {
    properties.insert(name.to_owned(), value.to_string());
}

pub(super) fn each<'a>(
    properties: &mut Properties,
    name: &str,
    pairs: impl IntoIterator<Item = (&'a String, &'a String)>,
) {
    let pairs = pairs.into_iter();
    properties.extend(pairs.map(|(key, value)| (format!("{name}/{key}"), value.clone())));
}

fn attached<'a>(properties: &mut Properties, arns: impl IntoIterator<Item = &'a PolicyArn>) {
    let arns = arns.into_iter();
    properties.extend(arns.map(|arn| (format!("policies/{arn}"), "attached".to_owned())));
}

impl Shown for ManagedPolicy {
    const KIND: &'static str = "policy";

    fn arn_text(&self) -> String {
        self.arn().to_string()
    }

    fn unique_id(&self) -> Option<String> {
        Some(self.id.to_string())
    }

    fn is_managed(&self) -> bool {
        self.managed_by_file
    }

    fn properties(&self, _state: &State) -> Properties {
        let mut properties = Properties::new();
        put(
            &mut properties,
            "document",
            self.document().unwrap_or_default(),
        );
        if let Some(description) = &self.description {
            put(&mut properties, "description", description);
        }
        each(&mut properties, "tags", &self.tags);
        properties
    }
}

impl Shown for Group {
    const KIND: &'static str = "group";

    fn arn_text(&self) -> String {
        self.arn()
    }

    fn unique_id(&self) -> Option<String> {
        Some(self.id.to_string())
    }

    fn is_managed(&self) -> bool {
        self.managed_by_file
    }

    fn properties(&self, _state: &State) -> Properties {
        let mut properties = Properties::new();
        put(&mut properties, "path", &self.path);
        each(&mut properties, "inline", &self.policies);
        attached(&mut properties, &self.attached);
        properties
    }
}

impl Shown for User {
    const KIND: &'static str = "user";

    fn arn_text(&self) -> String {
        self.arn()
    }

    fn unique_id(&self) -> Option<String> {
        Some(self.id.to_string())
    }

    fn is_managed(&self) -> bool {
        self.managed_by_file
    }

    fn properties(&self, state: &State) -> Properties {
        let mut properties = Properties::new();
        put(&mut properties, "path", &self.path);
        each(&mut properties, "inline", &self.policies);
        attached(&mut properties, &self.attached);
        if let Some(boundary) = &self.boundary {
            put(&mut properties, "boundary", boundary);
        }
        each(&mut properties, "tags", &self.tags);
        for id in &self.groups {
            let group = state.group_of_id(id);
            let name = group.map_or(id.as_str(), |entry| entry.group.name.as_str());
            put(&mut properties, &format!("groups/{name}"), "member");
        }
        properties
    }
}

impl Shown for Role {
    const KIND: &'static str = "role";

    fn arn_text(&self) -> String {
        self.arn()
    }

    fn unique_id(&self) -> Option<String> {
        Some(self.id.to_string())
    }

    fn is_managed(&self) -> bool {
        self.managed_by_file
    }

    fn properties(&self, _state: &State) -> Properties {
        let mut properties = Properties::new();
        put(&mut properties, "trust", &self.trust_policy);
        put(
            &mut properties,
            "max_session_duration",
            self.max_session_duration,
        );
        if let Some(description) = &self.description {
            put(&mut properties, "description", description);
        }
        each(&mut properties, "inline", &self.policies);
        attached(&mut properties, &self.attached);
        if let Some(boundary) = &self.boundary {
            put(&mut properties, "boundary", boundary);
        }
        each(&mut properties, "tags", &self.tags);
        properties
    }
}

impl Shown for OidcProvider {
    const KIND: &'static str = "oidc_provider";

    fn arn_text(&self) -> String {
        self.arn()
    }

    fn unique_id(&self) -> Option<String> {
        None
    }

    fn is_managed(&self) -> bool {
        self.managed_by_file
    }

    fn properties(&self, _state: &State) -> Properties {
        let mut properties = Properties::new();
        put(&mut properties, "url", &self.issuer);
        for audience in &self.client_ids {
            put(&mut properties, &format!("audiences/{audience}"), "taken");
        }
        for thumbprint in &self.thumbprints {
            put(
                &mut properties,
                &format!("thumbprints/{thumbprint}"),
                "kept",
            );
        }
        properties
    }
}
