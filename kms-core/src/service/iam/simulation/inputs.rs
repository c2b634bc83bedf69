//! From the members of a request to what is simulated; what AWS refuses is refused here.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::invalid_input;
use super::case::{Group, Source};
use super::members::{ContextEntries, ContextEntry, OrganizationLevels};
use crate::Error;
use crate::ids::AccountId;
use crate::policy::{
    ConditionKey, Context, ContextKeyType, IdentityPolicy, KeyPolicy, MalformedPolicy,
    ServiceControlPolicy,
};

/// The most questions of one request: actions times resources.
const MOST_QUESTIONS: usize = 1000;

/// The most work of one request: questions, times the bytes of the documents, times what they may
/// be compared with, in stretches of [`STRETCH`] bytes. Simulations run while changes wait.
const MOST_WORK: usize = 1 << 22;
const STRETCH: usize = 256;

/// The longest value of a condition key, in bytes, and the most values of one.
const LONGEST_VALUE: usize = 8192;
const MOST_VALUES: usize = 64;

/// The most levels of an organization.
const MOST_LEVELS: usize = 7;

fn refused(refusal: &MalformedPolicy) -> Error {
    invalid_input(refusal.to_string())
}

/// Reads the documents of `PolicyInputList`.
pub(super) fn policies(documents: &[String]) -> Result<Vec<Source>, Error> {
    let numbered = documents.iter().enumerate();
    numbered
        .map(|(place, text)| {
            let policy = IdentityPolicy::parse(text).map_err(|refusal| refused(&refusal))?;
            Ok(Source {
                name: format!("PolicyInputList.{}", place.saturating_add(1)),
                text: text.clone(),
                policy: Arc::new(policy),
            })
        })
        .collect()
}

/// Reads the one document of `PermissionsBoundaryPolicyInputList`.
pub(super) fn boundary(
    documents: Option<&Vec<String>>,
) -> Result<Option<Arc<IdentityPolicy>>, Error> {
    match documents.map(Vec::as_slice) {
        None | Some([]) => Ok(None),
        Some([text]) => IdentityPolicy::parse_managed(text)
            .map(|policy| Some(Arc::new(policy)))
            .map_err(|refusal| refused(&refusal)),
        Some(_) => Err(invalid_input(
            "Only one permissions boundary policy can be simulated.",
        )),
    }
}

/// Reads the documents of an organization.
pub(super) fn service_control(
    levels: Option<&OrganizationLevels>,
) -> Result<Option<Vec<Vec<Arc<ServiceControlPolicy>>>>, Error> {
    let Some(OrganizationLevels(levels)) = levels else {
        return Ok(None);
    };
    if levels.len() > MOST_LEVELS {
        return Err(invalid_input(format!(
            "An organization has at most {MOST_LEVELS} levels."
        )));
    }
    let read = |text: &String| {
        let policy = ServiceControlPolicy::parse(text);
        policy.map(Arc::new).map_err(|refusal| refused(&refusal))
    };
    let levels = levels.iter().map(|level| {
        let documents = level.service_control_policy_input_list.iter();
        documents.map(read).collect::<Result<Vec<_>, Error>>()
    });
    levels.collect::<Result<Vec<_>, Error>>().map(Some)
}

/// Reads `ResourcePolicy`, which has to fit every resource: each must be a key.
pub(super) fn key_policy(
    text: Option<&String>,
    resources: Option<&Vec<String>>,
) -> Result<Option<(String, KeyPolicy)>, Error> {
    let Some(text) = text else {
        return Ok(None);
    };
    let is_key = |arn: &String| arn.parse::<crate::ids::KeyArn>().is_ok();
    let resources = resources.map(Vec::as_slice).unwrap_or_default();
    if resources.is_empty() || !resources.iter().all(is_key) {
        return Err(invalid_input(
            "ResourcePolicy must be applicable to every resource: name the ARNs of keys in \
             ResourceArns.",
        ));
    }
    let policy = KeyPolicy::parse(text).map_err(|refusal| refused(&refusal))?;
    Ok(Some((text.clone(), policy)))
}

/// Reads the values of condition keys.
pub(super) fn context(entries: Option<&ContextEntries>) -> Result<Context, Error> {
    let mut context = Context::new();
    let mut seen = BTreeSet::new();
    for entry in entries.iter().flat_map(|entries| &entries.0) {
        let name = &entry.context_key_name;
        let key: Result<ConditionKey, _> = name.parse();
        let Ok(key) = key else {
            return Err(invalid_input(format!("Invalid context key name: {name}")));
        };
        if !seen.insert(key.folded().to_owned()) {
            return Err(invalid_input(format!("Duplicate context key name: {name}")));
        }
        context = with(context, entry)?;
    }
    Ok(context)
}

fn with(context: Context, entry: &ContextEntry) -> Result<Context, Error> {
    let ContextEntry {
        context_key_name: name,
        context_key_values: values,
        context_key_type: kind,
    } = entry;
    let Ok(kind) = kind.parse::<ContextKeyType>() else {
        return Err(Error::Validation(format!(
            "1 validation error detected: Value '{kind}' at 'contextKeyType' failed to satisfy \
             constraint: Member must satisfy enum value set: [{}]",
            ContextKeyType::NAMES.join(", ")
        )));
    };
    let too_long = |value: &String| value.len() > LONGEST_VALUE;
    if values.len() > MOST_VALUES || values.iter().any(too_long) {
        return Err(too_large());
    }
    if !values.iter().all(|value| kind.accepts(value)) {
        return Err(invalid_input(format!(
            "Invalid value for context key: {name}"
        )));
    }
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    match values.as_slice() {
        many if kind.is_list() => Ok(context.with_many(name, many)),
        [] => Ok(context),
        [one] => Ok(context.with(name, one)),
        _ => Err(invalid_input(format!(
            "Context key {name} has more than one value and is not of a list type."
        ))),
    }
}

/// Checks the member `ResourceOwner`: the ARN of an account, or its id.
pub(super) fn owner(text: Option<&String>) -> Result<Option<AccountId>, Error> {
    let read = text.map(|text| {
        let id = text.strip_prefix("arn:aws:iam::").unwrap_or(text);
        let id = id.strip_suffix(":root").unwrap_or(id);
        id.parse()
            .map_err(|_| invalid_input(format!("'{text}' is not a valid as a Resource Owner.")))
    });
    read.transpose()
}

/// AWS's scenarios are all of EC2, whose resources are not here.
pub(super) fn no_resource_handling(option: Option<&String>) -> Result<(), Error> {
    match option {
        None => Ok(()),
        Some(option) => Err(invalid_input(format!(
            "Invalid Resource Handling Option: {option}"
        ))),
    }
}

/// What is asked: each action on the resources of each type, in the order of the request.
pub(super) fn groups(
    actions: &[String],
    resources: Option<&Vec<String>>,
) -> Result<Vec<Group>, Error> {
    let everything = ["*".to_owned()];
    let resources = resources.map(Vec::as_slice).filter(|arns| !arns.is_empty());
    let resources = resources.unwrap_or(&everything);
    if actions.is_empty() {
        return Err(invalid_input("ActionNames must name at least one action."));
    }
    if actions.len().saturating_mul(resources.len()) > MOST_QUESTIONS {
        return Err(invalid_input(format!(
            "At most {MOST_QUESTIONS} combinations of actions and resources can be simulated."
        )));
    }
    for action in actions {
        check_action(action)?;
    }
    let mut templates: Vec<(&'static str, Vec<String>)> = Vec::new();
    for resource in resources {
        let template = template(resource)?;
        match templates.iter_mut().find(|(known, _)| *known == template) {
            Some((_, known)) if known.contains(resource) => {}
            Some((_, known)) => known.push(resource.clone()),
            None => templates.push((template, vec![resource.clone()])),
        }
    }
    let groups = actions.iter().flat_map(|action| {
        templates.iter().map(|(template, resources)| Group {
            action: action.clone(),
            template,
            resources: resources.clone(),
        })
    });
    Ok(groups.collect())
}

fn check_action(action: &str) -> Result<(), Error> {
    let is_vendor = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let is_action = action.len() <= 128
        && action.split_once(':').is_some_and(|(vendor, name)| {
            !vendor.is_empty()
                && !name.is_empty()
                && vendor.bytes().all(is_vendor)
                && name.bytes().all(is_name)
        });
    match is_action {
        true => Ok(()),
        false => Err(invalid_input(format!("Invalid Action Name: {action}"))),
    }
}

/// The form of the ARNs of the type of a resource; `*` where none is defined here.
fn template(resource: &str) -> Result<&'static str, Error> {
    if resource == "*" {
        return Ok("*");
    }
    let segments: Vec<&str> = resource.splitn(6, ':').collect();
    let ["arn", partition, service, _, _, last] = segments.as_slice() else {
        return Err(no_arn(resource));
    };
    if partition.is_empty() || service.is_empty() || last.is_empty() || resource.len() > 2048 {
        return Err(no_arn(resource));
    }
    let kind = last.split_once('/').map_or(*last, |(kind, _)| kind);
    Ok(match (*service, kind) {
        ("kms", "key") => "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}",
        ("kms", "alias") => "arn:${Partition}:kms:${Region}:${Account}:alias/${Alias}",
        ("iam", "user") => "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}",
        ("iam", "group") => "arn:${Partition}:iam::${Account}:group/${GroupNameWithPath}",
        ("iam", "role") => "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}",
        ("iam", "policy") => "arn:${Partition}:iam::${Account}:policy/${PolicyNameWithPath}",
        _ => "*",
    })
}

fn no_arn(resource: &str) -> Error {
    invalid_input(format!(
        "ResourceNames are not in a valid ARN format: {resource}."
    ))
}

fn too_large() -> Error {
    invalid_input(
        "The simulation is too large: ask for fewer actions and resources at once, or with fewer \
         policies and context values.",
    )
}

/// Refuses what would keep the service busy for long.
pub(super) fn bounded<'a>(
    groups: &[Group],
    documents: impl IntoIterator<Item = &'a str>,
    entries: Option<&ContextEntries>,
) -> Result<(), Error> {
    let questions: usize = groups.iter().map(|group| group.resources.len()).sum();
    let values = entries.iter().flat_map(|entries| &entries.0);
    let values = values.flat_map(|entry| &entry.context_key_values);
    let lengths: Vec<usize> = values.map(String::len).collect();
    let offered: usize = lengths.iter().sum();
    let longest_value = lengths.iter().max().copied().unwrap_or_default();
    // A variable stands for a value, which may be longer than what names it.
    let expanded = |text: &str| {
        let variables = text.matches("${").count();
        text.len()
            .saturating_add(variables.saturating_mul(longest_value))
    };
    let documents = documents.into_iter().map(expanded);
    let documents = documents.fold(1, usize::saturating_add);
    let longest = groups
        .iter()
        .flat_map(|group| &group.resources)
        .map(String::len)
        .max();
    let compared = offered.saturating_add(longest.unwrap_or_default());
    let stretches = compared.div_euclid(STRETCH).saturating_add(lengths.len());
    let stretches = stretches.saturating_add(1);
    let work = questions
        .saturating_mul(documents)
        .saturating_mul(stretches);
    match work > MOST_WORK {
        true => Err(too_large()),
        false => Ok(()),
    }
}
