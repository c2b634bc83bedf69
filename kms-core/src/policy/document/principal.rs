//! The `Principal` and `NotPrincipal` elements.

use super::json::Json;
use super::malformed::MalformedPolicy;
use super::named::{self, Entity, Named};
use crate::caller::Principal;
use crate::ids::AccountId;

/// Who asks, as statements see it.
#[derive(Clone, Copy, Debug)]
pub(in crate::policy) enum Asker<'a> {
    /// An authenticated principal, and whether a permissions boundary limits it.
    Principal(&'a Principal, Bounded),
    /// Somebody of whom an identity provider says who it is; the provider's ARN or name.
    WebIdentity(&'a str),
}

/// Whether a permissions boundary is attached to the asker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Bounded {
    No,
    Yes,
}

impl<'a> Asker<'a> {
    /// The asker's account; a web identity has none.
    pub(in crate::policy) fn account(self) -> Option<&'a AccountId> {
        match self {
            Self::Principal(principal, _) => Some(principal.account()),
            Self::WebIdentity(_) => None,
        }
    }
}

/// How closely a statement names the asker. The closer it does, the less others have a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::policy) enum Match {
    /// Its account is named, which leaves the decision to that account's identity policies.
    Account,
    /// The entity behind its session is named, which leaves its limits to hold: the permissions
    /// boundary and the session policies.
    Entity,
    /// It is named itself.
    Direct,
}

/// Whom a statement is about.
#[derive(Debug)]
pub(in crate::policy) enum PrincipalElement {
    /// Whoever the policy is attached to.
    Attached,
    Is(Vec<Named>),
    IsNot(Vec<Named>),
}

impl PrincipalElement {
    pub(super) fn named(&self) -> &[Named] {
        match self {
            Self::Attached => &[],
            Self::Is(named) | Self::IsNot(named) => named,
        }
    }

    pub(super) fn named_mut(&mut self) -> &mut [Named] {
        match self {
            Self::Attached => &mut [],
            Self::Is(named) | Self::IsNot(named) => named,
        }
    }

    /// How the statement names `asker`; `None` when it is not about the asker.
    pub(in crate::policy) fn matches(&self, asker: Asker<'_>) -> Option<Match> {
        match self {
            Self::Attached => Some(Match::Direct),
            Self::Is(named) => named.iter().filter_map(|named| one(named, asker)).max(),
            Self::IsNot(named) => (!exempts(named, asker)).then_some(Match::Direct),
        }
    }
}

fn one(named: &Named, asker: Asker<'_>) -> Option<Match> {
    let caller = match (named, asker) {
        // `*` is every AWS principal. It holds a web identity off, and does not let it in.
        (Named::Anyone, Asker::WebIdentity(_)) => return Some(Match::Account),
        (Named::Provider(name), Asker::WebIdentity(provider)) => {
            return (name == provider).then_some(Match::Direct);
        }
        (_, Asker::WebIdentity(_)) => return None,
        (_, Asker::Principal(caller, _)) => caller,
    };
    match named {
        Named::Anyone => Some(Match::Direct),
        Named::Account(account) => (account == caller.account()).then_some(Match::Account),
        Named::User(_) | Named::Role(_) if is_itself(named, caller) => Some(Match::Direct),
        Named::User(_) | Named::Role(_) => is_behind(named, caller).then_some(Match::Entity),
        Named::Session { .. } | Named::FederatedUser { .. } => {
            is_itself(named, caller).then_some(Match::Direct)
        }
        Named::Service(_) | Named::Provider(_) | Named::Other(_) => None,
    }
}

/// Whether `named` is exactly the caller: a user, a session of a role, a federated user.
fn is_itself(named: &Named, caller: &Principal) -> bool {
    match (named, caller) {
        (
            Named::User(user),
            Principal::User {
                account,
                path,
                name,
                id,
            },
        ) => user.is(account, path, name, id),
        (
            Named::Session {
                account: named_account,
                role: named_role,
                session: named_session,
                id: bound,
            },
            Principal::AssumedRole {
                account,
                role,
                id,
                session,
                ..
            },
        ) => {
            named_account == account
                && named_session == session
                && bound
                    .as_ref()
                    .map_or(named_role == role, |bound| bound == id)
        }
        (
            Named::FederatedUser {
                account: named_account,
                name: named_name,
            },
            Principal::FederatedUser { account, name, .. },
        ) => named_account == account && named_name == name,
        _ => false,
    }
}

/// Whether `named` is the role that the caller is a session of, or the user that handed the
/// federated user's session out.
fn is_behind(named: &Named, caller: &Principal) -> bool {
    match (named, caller) {
        (
            Named::Role(entity),
            Principal::AssumedRole {
                account,
                path,
                role,
                id,
                ..
            },
        ) => entity.is(account, path, role, id),
        (
            Named::User(entity),
            Principal::FederatedUser {
                account,
                issuer,
                issuer_path,
                issuer_name,
                ..
            },
        ) => entity.is(account, issuer_path, issuer_name, issuer),
        _ => false,
    }
}

impl<N: PartialEq> Entity<N> {
    /// By its unique id if it is bound to one, else by name.
    fn is(
        &self,
        account: &AccountId,
        path: &crate::ids::EntityPath,
        name: &N,
        id: &crate::ids::UniqueId,
    ) -> bool {
        match &self.id {
            Some(bound) => bound == id,
            None => self.account == *account && self.name == *name && self.path == *path,
        }
    }
}

/// `NotPrincipal` exempts a caller when every element of its chain is named: its account, the
/// entity behind its session, and it itself. Nobody is exempt who has a permissions boundary.
fn exempts(named: &[Named], asker: Asker<'_>) -> bool {
    let caller = match asker {
        Asker::WebIdentity(provider) => {
            let is_provider = |named: &Named| matches!(named, Named::Provider(n) if n == provider);
            return named.iter().any(is_provider);
        }
        Asker::Principal(_, Bounded::Yes) => return false,
        Asker::Principal(caller, Bounded::No) => caller,
    };
    let some = |test: &dyn Fn(&Named) -> bool| named.iter().any(test);
    if some(&|named| *named == Named::Anyone) {
        return true;
    }
    let account = some(&|named| matches!(named, Named::Account(a) if a == caller.account()));
    let itself = || some(&|named| is_itself(named, caller));
    let behind = || some(&|named| is_behind(named, caller));
    account
        && match caller {
            Principal::Root { .. } => true,
            Principal::User { .. } => itself(),
            Principal::AssumedRole { .. } | Principal::FederatedUser { .. } => itself() && behind(),
            Principal::Service { .. } => false,
        }
}

/// Reads `"*"` or `{ TYPE: name | [name, …] }`.
pub(super) fn parse(json: &Json) -> Result<Vec<Named>, MalformedPolicy> {
    let members = match json {
        Json::Text(text) if text == "*" => return Ok(vec![Named::Anyone]),
        Json::Text(_) => return Err(MalformedPolicy::InvalidPrincipal),
        Json::Object(members) => members,
        _ => return Err(MalformedPolicy::Syntax),
    };
    let mut all = Vec::new();
    for (kind, names) in members {
        let parse = match kind.as_str() {
            "AWS" => named::parse_aws,
            "Service" => named::parse_service,
            "Federated" => named::parse_provider,
            "CanonicalUser" => named::parse_other,
            _ => return Err(MalformedPolicy::Syntax),
        };
        for name in super::statement::texts(names)? {
            all.push(parse(name).ok_or(MalformedPolicy::InvalidPrincipal)?);
        }
    }
    if all.is_empty() {
        return Err(MalformedPolicy::NoPrincipal);
    }
    Ok(all)
}
