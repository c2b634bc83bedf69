//! Which store a command works on: a directory or an endpoint.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use super::endpoint::EndpointOptions;
use crate::args::Global;
use crate::failure::Failure;

/// What the environment says about the store.
#[derive(Debug, Default)]
struct Environment {
    endpoint_url_kms: Option<OsString>,
    endpoint_url: Option<OsString>,
    ignore_endpoint_urls: Option<OsString>,
    kms_home: Option<OsString>,
    xdg_data_home: Option<OsString>,
    home: Option<OsString>,
}

impl Environment {
    fn read() -> Self {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        Self {
            endpoint_url_kms: variable("AWS_ENDPOINT_URL_KMS"),
            endpoint_url: variable("AWS_ENDPOINT_URL"),
            ignore_endpoint_urls: variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
            kms_home: variable("KMS_HOME"),
            xdg_data_home: variable("XDG_DATA_HOME"),
            home: variable("HOME"),
        }
    }

    /// Whether the SDK would take an endpoint from the environment. Which URL it takes is its own
    /// business.
    fn names_endpoint(&self) -> bool {
        let ignored = self
            .ignore_endpoint_urls
            .as_ref()
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        !ignored && (self.endpoint_url_kms.is_some() || self.endpoint_url.is_some())
    }

    fn directory(&self) -> Result<PathBuf, Failure> {
        if let Some(home) = &self.kms_home {
            return Ok(home.into());
        }
        // The XDG Base Directory Specification: a relative path is to be ignored.
        let data = self.xdg_data_home.as_ref().map(PathBuf::from);
        if let Some(data) = data.filter(|path| path.is_absolute()) {
            return Ok(data.join("kms"));
        }
        let home = self.home.as_ref().map(PathBuf::from);
        home.map(|home| home.join(".local/share/kms"))
            .ok_or_else(|| {
                Failure::usage("there is no home directory to look for a store in")
                    .hint("give --home or set KMS_HOME")
            })
    }
}

/// What a command works on.
#[derive(Debug)]
pub(crate) enum Choice {
    /// The store in this directory.
    Directory(PathBuf),
    /// An endpoint.
    Endpoint(EndpointOptions),
}

impl Choice {
    /// `--home`, else `--endpoint-url` or `--profile`, else the endpoint of the environment, else
    /// the directory of the environment.
    pub(crate) fn of(global: &Global) -> Result<Self, Failure> {
        Self::from(global, &Environment::read())
    }

    fn from(global: &Global, environment: &Environment) -> Result<Self, Failure> {
        if let Some(home) = &global.home {
            return Ok(Self::Directory(home.clone()));
        }
        let asked = global.endpoint_url.is_some() || global.profile.is_some();
        if asked || environment.names_endpoint() {
            return Ok(Self::Endpoint(EndpointOptions {
                url: global.endpoint_url.clone(),
                profile: global.profile.clone(),
                region: global.region.clone(),
            }));
        }
        environment.directory().map(Self::Directory)
    }

    /// For what only a directory has: users, the ledger. An endpoint in the environment does not
    /// matter then; one in the arguments is a mistake.
    pub(crate) fn directory(global: &Global) -> Result<PathBuf, Failure> {
        Self::directory_from(global, &Environment::read())
    }

    fn directory_from(global: &Global, environment: &Environment) -> Result<PathBuf, Failure> {
        if global.endpoint_url.is_some() || global.profile.is_some() {
            return Err(Failure::usage(
                "this works on a store in a directory, not over an endpoint",
            )
            .hint("give --home instead of --endpoint-url or --profile"));
        }
        match &global.home {
            Some(home) => Ok(home.clone()),
            None => environment.directory(),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "the store in {}", path.display()),
            Self::Endpoint(EndpointOptions { url: Some(url), .. }) => {
                write!(f, "the endpoint {url}")
            }
            Self::Endpoint(EndpointOptions {
                profile: Some(profile),
                ..
            }) => {
                write!(f, "the endpoint of profile {profile}")
            }
            Self::Endpoint(_) => f.write_str("the endpoint of the environment"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Arguments;

    fn global(flags: &str) -> Global {
        let line = format!("kms {flags} key list");
        Arguments::try_parse_from(line.split_whitespace())
            .unwrap()
            .global
    }

    fn everywhere() -> Environment {
        Environment {
            endpoint_url: Some("http://env".into()),
            kms_home: Some("/kms".into()),
            xdg_data_home: Some("/data".into()),
            home: Some("/u".into()),
            ..Environment::default()
        }
    }

    fn choose(flags: &str, environment: &Environment) -> String {
        Choice::from(&global(flags), environment)
            .unwrap()
            .to_string()
    }

    #[test]
    fn the_more_explicit_choice_wins() {
        let mut environment = everywhere();
        assert_eq!(choose("--home /flag", &environment), "the store in /flag");
        assert_eq!(
            choose("--endpoint-url http://f", &environment),
            "the endpoint http://f"
        );
        assert_eq!(
            choose("--profile p", &environment),
            "the endpoint of profile p"
        );
        assert_eq!(choose("", &environment), "the endpoint of the environment");
        environment.endpoint_url = None;
        assert_eq!(choose("", &environment), "the store in /kms");
        environment.kms_home = None;
        assert_eq!(choose("", &environment), "the store in /data/kms");
        environment.xdg_data_home = Some("relative".into());
        assert_eq!(choose("", &environment), "the store in /u/.local/share/kms");
        environment.home = None;
        assert!(Choice::from(&global(""), &environment).is_err());
    }

    #[test]
    fn endpoints_of_the_environment_can_be_ignored() {
        let mut environment = everywhere();
        environment.ignore_endpoint_urls = Some("TRUE".into());
        assert_eq!(choose("", &environment), "the store in /kms");
    }

    #[test]
    fn what_needs_a_directory_takes_one_whatever_the_environment_s_endpoint() {
        let environment = everywhere();
        let path = Choice::directory_from(&global(""), &environment).unwrap();
        assert_eq!(path, PathBuf::from("/kms"));
        assert!(Choice::directory_from(&global("--endpoint-url http://f"), &environment).is_err());
    }
}
