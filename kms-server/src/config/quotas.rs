//! How many of each thing there may be.

use kms_core::api::limits::Quotas;
use serde::Deserialize;

use super::ConfigError;

/// The most that any quota can be: what is counted is held in memory.
const MOST: usize = 1_000_000;

/// The section `[quotas]`, 1 to 1000000 each.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileQuotas {
    /// Keys of one account and Region.
    pub keys: Option<usize>,
    /// Aliases of one key.
    pub aliases_per_key: Option<usize>,
    /// Grants on one key.
    pub grants_per_key: Option<usize>,
    /// Rotations on demand in the life of one key.
    pub on_demand_rotations: Option<usize>,
}

pub(super) fn quotas(file: FileQuotas) -> Result<Quotas, ConfigError> {
    let default = Quotas::default();
    let within = |key, given: Option<usize>, default| match given.unwrap_or(default) {
        number if (1..=MOST).contains(&number) => Ok(number),
        number => Err(ConfigError::Value {
            key,
            reason: format!("{number} is not 1 to {MOST}"),
        }),
    };
    Ok(Quotas {
        keys: within("quotas.keys", file.keys, default.keys)?,
        aliases_per_key: within(
            "quotas.aliases_per_key",
            file.aliases_per_key,
            default.aliases_per_key,
        )?,
        grants_per_key: within(
            "quotas.grants_per_key",
            file.grants_per_key,
            default.grants_per_key,
        )?,
        on_demand_rotations: within(
            "quotas.on_demand_rotations",
            file.on_demand_rotations,
            default.on_demand_rotations,
        )?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Config, File};

    fn config(text: &str) -> Result<Config, String> {
        let file = File::parse(&format!("home = \"/srv\"\n{text}"));
        Config::from_file(file.map_err(|error| error.to_string())?)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_quota_is_aws_s_unless_the_file_has_another_and_never_none() {
        let quotas = config("[quotas]\ngrants_per_key = 7").unwrap().quotas;
        assert_eq!(
            (
                quotas.keys,
                quotas.aliases_per_key,
                quotas.grants_per_key,
                quotas.on_demand_rotations
            ),
            (100_000, 50, 7, 25)
        );
        for name in [
            "keys",
            "aliases_per_key",
            "grants_per_key",
            "on_demand_rotations",
        ] {
            for number in ["0", "1000001"] {
                let refused = config(&format!("[quotas]\n{name} = {number}")).unwrap_err();
                assert_eq!(
                    refused,
                    format!("quotas.{name}: {number} is not 1 to 1000000")
                );
            }
        }
        for text in ["tags = 1", "keys = -1", "keys = \"1\""] {
            assert!(config(&format!("[quotas]\n{text}")).is_err(), "{text}");
        }
    }
}
