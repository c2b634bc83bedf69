//! Grants: permissions on one key that are given to one principal, beside the key's policy.
//!
//! Pure: what a grant is, whom it speaks for, what its constraint lets through, and an index that
//! finds the grant which allows a use without looking at the others. `docs/spec/grants.md` states
//! every rule that is implemented here.

mod constraint;
mod grant;
mod held;
mod index;
mod principal;
mod propagation;

pub use constraint::Constraint;
pub use grant::{Grant, Proposal};
pub use held::GrantUse;
pub use index::{GrantIndex, KeyGrants};
pub use principal::{GrantPrincipal, InvalidPrincipal, Naming, PrincipalName};
pub use propagation::Propagation;
