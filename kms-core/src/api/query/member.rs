//! The types that a member of a request can have.

use super::{Form, InvalidForm};
use crate::ids::{
    AccessKeyId, EntityPath, GroupName, MfaDeviceName, PathPrefix, PolicyArn, PolicyName, RoleName,
    UserName,
};

/// A type that is read from a member of a form.
pub trait Member: Sized {
    /// Takes the member of that name, which is given in camel case as AWS's messages have it: on
    /// the wire it begins in upper case.
    ///
    /// # Errors
    /// [`InvalidForm::Missing`] or [`InvalidForm::Value`].
    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm>;

    /// Whether the request does not have the member.
    fn is_absent(&self) -> bool {
        false
    }
}

fn required(form: &mut Form, name: &str) -> Result<String, InvalidForm> {
    let text = form.text(&on_the_wire(name));
    text.ok_or_else(|| InvalidForm::Missing(name.to_owned()))
}

/// `userName` is sent as `UserName`.
#[must_use]
pub fn on_the_wire(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// Types that have one textual form: required as they are, and optional.
macro_rules! textual {
    ($($type:ty: $wanted:literal;)*) => {$(
        impl Member for $type {
            fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
                read(&required(form, name)?, name, $wanted)
            }
        }
        impl Member for Option<$type> {
            fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
                let text = form.text(&on_the_wire(name));
                text.map(|text| read(&text, name, $wanted)).transpose()
            }
            fn is_absent(&self) -> bool {
                self.is_none()
            }
        }
    )*};
}

fn read<T: std::str::FromStr>(
    text: &str,
    name: &str,
    wanted: &'static str,
) -> Result<T, InvalidForm> {
    text.parse().map_err(|_| InvalidForm::Value {
        name: name.to_owned(),
        wanted,
    })
}

textual! {
    String: "It must be text.";
    bool: "It must be true or false.";
    u32: "It must be a number.";
    UserName: "It must contain only alphanumeric characters and/or the following: +=,.@_- and at most 64 of them.";
    GroupName: "It must contain only alphanumeric characters and/or the following: +=,.@_- and at most 128 of them.";
    PathPrefix: "It must begin with / and contain only visible ASCII characters.";
    PolicyName: "It must contain only alphanumeric characters and/or the following: +=,.@_- and at most 128 of them.";
    PolicyArn: "It must be the ARN of a managed policy.";
    RoleName: "It must contain only alphanumeric characters and/or the following: +=,.@_- and at most 64 of them.";
    MfaDeviceName: "It must contain only alphanumeric characters and/or the following: +=,.@_- and at most 226 of them.";
    AccessKeyId: "It must be the id of an access key.";
    EntityPath: "It must begin and end with / and contain only alphanumeric characters and/or / characters.";
}

impl Member for Vec<String> {
    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
        let list = form.list(&on_the_wire(name))?;
        list.ok_or_else(|| InvalidForm::Missing(name.to_owned()))
    }
}

impl Member for Option<Vec<String>> {
    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
        form.list(&on_the_wire(name))
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}
