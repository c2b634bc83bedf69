//! What each finding looks for.

use super::super::condition::MULTIVALUED;
use super::super::document::json::Json;
use super::statement::{Clause, Statement};
use super::{Finding, PolicyType};

/// Every finding on one statement.
pub(super) fn all(statement: &Statement<'_>) -> Vec<Finding> {
    let checks: [fn(&Statement<'_>) -> Option<Finding>; 10] = [
        without_effect,
        not_principal_with_allow,
        public_principal,
        set_of_values_without_set_operator,
        for_all_values_alone,
        mfa_guard,
        token_without_subject,
        decrypt_on_all_keys,
        alias_as_resource,
        variable_in_old_version,
    ];
    checks.iter().filter_map(|check| check(statement)).collect()
}

/// A statement of a key policy that is accepted and does nothing.
fn without_effect(statement: &Statement<'_>) -> Option<Finding> {
    if statement.kind != PolicyType::Key {
        return None;
    }
    let (missing, remedy) = if !statement.has("Action") && !statement.has("NotAction") {
        ("Action", "add the actions that it is about")
    } else if !statement.has("Resource") && !statement.has("NotResource") {
        (
            "Resource",
            "add \"Resource\": \"*\", which is the key itself",
        )
    } else {
        return None;
    };
    Some(statement.finding(
        "NO_EFFECT",
        format!("The statement has no {missing} and therefore no effect; {remedy}."),
    ))
}

fn not_principal_with_allow(statement: &Statement<'_>) -> Option<Finding> {
    (statement.allows() && statement.has("NotPrincipal")).then(|| {
        statement.finding(
            "NOT_PRINCIPAL_WITH_ALLOW",
            "An Allow with NotPrincipal is for everybody else in every account, anonymous callers \
             too; name with Principal whom it is for.",
        )
    })
}

/// Who or where a caller is, which the caller does not choose.
const OF_THE_CALLER: [&str; 14] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:username",
    "kms:calleraccount",
];

fn public_principal(statement: &Statement<'_>) -> Option<Finding> {
    let resource_based = matches!(statement.kind, PolicyType::Key | PolicyType::Trust);
    let public = statement.principals("AWS").contains(&"*");
    let narrow = |clause: &Clause<'_>| {
        OF_THE_CALLER.contains(&clause.key.as_str())
            && clause.demands_a_value()
            && clause.values.iter().all(|value| is_fixed(value))
    };
    (resource_based && statement.allows() && public && !statement.clauses().iter().any(narrow))
        .then(|| {
            statement.finding(
                "PUBLIC_PRINCIPAL",
                "The statement allows everybody in every account; name the principals, or add a \
             condition on fixed values such as kms:CallerAccount or aws:PrincipalOrgID.",
            )
        })
}

/// Whether a value of a condition is one value: no wildcard, no variable, not all addresses.
fn is_fixed(value: &Json) -> bool {
    match value {
        Json::Text(text) => !text.contains(['*', '?', '$']) && !text.ends_with("/0"),
        _ => true,
    }
}

fn set_of_values_without_set_operator(statement: &Statement<'_>) -> Option<Finding> {
    let clauses = statement.clauses();
    let clause = clauses.iter().find(|clause| {
        MULTIVALUED.contains(&clause.key.as_str())
            && !clause.has_set_operator()
            && clause.operator != "Null"
    })?;
    statement.denies().then(|| {
        statement.finding(
            "MULTIVALUED_KEY_WITHOUT_SET_OPERATOR",
            format!(
                "{} has several values, so that {} never holds for it and the Deny does nothing; \
                 put ForAnyValue: or ForAllValues: before the operator.",
                clause.key, clause.operator
            ),
        )
    })
}

fn for_all_values_alone(statement: &Statement<'_>) -> Option<Finding> {
    let clauses = statement.clauses();
    let is_guarded = |key: &str| {
        clauses.iter().any(|guard| {
            guard.key == key
                && (guard.operator == "Null" && guard.says("false") && !guard.says("true")
                    || guard.demands_a_value())
        })
    };
    let clause = clauses
        .iter()
        .find(|clause| clause.is_for_all() && !is_guarded(&clause.key))?;
    statement.allows().then(|| {
        statement.finding(
            "FOR_ALL_VALUES_ALONE",
            format!(
                "ForAllValues also holds for requests without {0}, which the Allow lets through; \
                 add \"Null\": {{\"{0}\": \"false\"}}.",
                clause.key
            ),
        )
    })
}

/// A test of MFA that says nothing of long-term credentials, which do not have the key at all.
fn mfa_guard(statement: &Statement<'_>) -> Option<Finding> {
    let clauses = statement.clauses();
    let of_mfa = |clause: &&Clause<'_>| clause.key == "aws:multifactorauthpresent";
    let found = clauses
        .iter()
        .filter(of_mfa)
        .find_map(|clause| match clause.operator {
            "Bool" if statement.denies() && clause.says("false") => Some(
                "A Deny with Bool does not hold access keys off, whose requests do not have \
                 aws:MultiFactorAuthPresent; use BoolIfExists.",
            ),
            "BoolIfExists" if statement.allows() && clause.says("true") => Some(
                "An Allow with BoolIfExists lets access keys through, whose requests do not have \
                 aws:MultiFactorAuthPresent; use Bool.",
            ),
            _ => None,
        })?;
    Some(statement.finding("MFA_GUARD", found))
}

/// Trust in every token that a provider signs, for whomever and for whichever service.
fn token_without_subject(statement: &Statement<'_>) -> Option<Finding> {
    if statement.kind != PolicyType::Trust || !statement.allows() {
        return None;
    }
    let clauses = statement.clauses();
    let asks = |issuer: &str, claim: &str| {
        let key = format!("{}:{claim}", issuer.to_ascii_lowercase());
        clauses
            .iter()
            .any(|clause| clause.key == key && clause.demands_a_value())
    };
    statement
        .principals("Federated")
        .into_iter()
        .filter_map(|arn| arn.split_once(":oidc-provider/"))
        .find_map(|(_, issuer)| {
            let claims = ["sub", "aud"].into_iter();
            let missing: Vec<&str> = claims.filter(|claim| !asks(issuer, claim)).collect();
            (!missing.is_empty()).then(|| {
                statement.finding(
                    "TOKEN_WITHOUT_SUBJECT",
                    format!(
                        "Every token of the provider with any {} may assume the role; add a \
                         condition on {}.",
                        missing.join(" and any "),
                        missing
                            .iter()
                            .map(|claim| format!("{issuer}:{claim}"))
                            .collect::<Vec<_>>()
                            .join(" and ")
                    ),
                )
            })
        })
}

fn decrypt_on_all_keys(statement: &Statement<'_>) -> Option<Finding> {
    let action = ["kms:Decrypt", "kms:ReEncryptFrom"]
        .into_iter()
        .find(|action| statement.covers_action(action))?;
    (statement.kind == PolicyType::Identity && statement.allows() && statement.covers_every_key())
        .then(|| {
            statement.finding(
                "DECRYPT_ON_ALL_KEYS",
                format!(
                    "The statement allows {action} with every key, those of later too; name the \
                     ARNs of the keys in Resource."
                ),
            )
        })
}

/// The operations on aliases, for which alone the ARN of one is a resource.
const ON_ALIASES: [&str; 3] = ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"];

fn alias_as_resource(statement: &Statement<'_>) -> Option<Finding> {
    let is_alias = |arn: &&str| arn.starts_with("arn:") && arn.contains(":alias/");
    let mut resources = statement.texts("Resource");
    resources.extend(statement.texts("NotResource"));
    let alias = resources.iter().find(|arn| is_alias(arn))?;
    let keys_too = !resources.iter().all(is_alias);
    let of_aliases = ON_ALIASES
        .iter()
        .any(|action| statement.covers_action(action));
    let of_keys = [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Sign",
        "kms:GenerateDataKey",
    ]
    .iter()
    .any(|action| statement.covers_action(action));
    let useful = of_aliases && (keys_too || !of_keys) && statement.kind != PolicyType::Key;
    (!useful).then(|| {
        statement.finding(
            "ALIAS_AS_RESOURCE",
            format!(
                "{alias} names the alias and never the key behind it; name the ARN of the key, or \
                 use the condition kms:ResourceAliases or kms:RequestAlias."
            ),
        )
    })
}

fn variable_in_old_version(statement: &Statement<'_>) -> Option<Finding> {
    if statement.has_variables {
        return None;
    }
    let text = statement.find_pattern(|text| text.contains("${"))?;
    Some(statement.finding(
        "VARIABLE_IN_OLD_VERSION",
        format!(
            "{text} is plain text in a document of version 2008-10-17; add \"Version\": \
             \"2012-10-17\"."
        ),
    ))
}
