//! `kms init`.

use kms_core::service::{MarkProductionRequest, NewStore};
use kms_core::store::home::RootGuard;

use crate::args::{Global, Init, SealKind};
use crate::engine::{Choice, Embedded, new_passphrase, parse_region};
use crate::failure::Failure;
use crate::output::Output;

/// The Region of keys that nobody asked to be elsewhere.
const DEFAULT_REGION: &str = "us-east-1";

pub(super) fn run(init: &Init, global: &Global, output: &Output) -> Result<(), Failure> {
    let home = Choice::directory(global)?;
    let account = init.account.as_deref().map(|account| {
        account
            .parse()
            .map_err(|_| Failure::usage(format!("{account} is not an account: write 12 digits")))
    });
    let new = NewStore {
        account: account.transpose()?,
        region: parse_region(global.region.as_deref().unwrap_or(DEFAULT_REGION))?,
    };
    let guard = guard(init.seal, global)?;
    let store = Embedded::create(&home, guard, &new, global)?;
    if init.production {
        store.call(MarkProductionRequest)?;
    }
    match init.seal {
        SealKind::KeyFile => output.warn(
            "keep a copy of the key file apart from the store: without it nothing can be read",
        ),
        SealKind::Passphrase => {
            output.warn("keep the passphrase: without it nothing can be read");
        }
    }
    let fields = serde_json::json!({
        "Home": home,
        "Account": store.account(),
        "Region": store.region(),
    });
    output.show(&fields, |_| {
        format!(
            "created {} for account {} in {}",
            home.display(),
            store.account(),
            store.region()
        )
    })
}

fn guard(seal: SealKind, global: &Global) -> Result<RootGuard, Failure> {
    let unlock = &global.unlock;
    let has_passphrase = unlock.passphrase_file.is_some() || unlock.passphrase_fd.is_some();
    match seal {
        SealKind::KeyFile if has_passphrase => {
            Err(Failure::usage("a key file takes no passphrase").hint("give --seal passphrase"))
        }
        SealKind::KeyFile => Ok(RootGuard::KeyFile(unlock.key_file.clone())),
        SealKind::Passphrase => new_passphrase(unlock),
    }
}
