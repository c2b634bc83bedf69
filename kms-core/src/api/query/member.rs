//! The types that a member of a request can have.

use super::{Form, InvalidForm};
use crate::ids::{AccessKeyId, EntityPath, RoleName, UserName};

/// A type that is read from a member of a form.
pub trait Member: Sized {
    /// Takes the member of that name.
    ///
    /// # Errors
    /// [`InvalidForm::Missing`] or [`InvalidForm::Value`].
    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm>;
}

fn required(form: &mut Form, name: &str) -> Result<String, InvalidForm> {
    form.text(name)
        .ok_or_else(|| InvalidForm::Missing(lower_first(name)))
}

/// AWS's words name a member in camel case.
fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
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
                let text = form.text(name);
                text.map(|text| read(&text, name, $wanted)).transpose()
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
        name: lower_first(name),
        wanted,
    })
}

textual! {
    String: "It must be text.";
    bool: "It must be true or false.";
    u32: "It must be a number.";
    UserName: "It must contain only alphanumeric characters and/or the following: +=,.@_- and at most 64 of them.";
    RoleName: "It must contain only alphanumeric characters and/or the following: +=,.@_- and at most 64 of them.";
    AccessKeyId: "It must be the id of an access key.";
    EntityPath: "It must begin and end with / and contain only alphanumeric characters and/or / characters.";
}

impl Member for Vec<String> {
    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
        let list = form.list(name)?;
        list.ok_or_else(|| InvalidForm::Missing(lower_first(name)))
    }
}

impl Member for Option<Vec<String>> {
    fn take(form: &mut Form, name: &str) -> Result<Self, InvalidForm> {
        form.list(name)
    }
}

/// Implements [`FromForm`](super::FromForm) for a request by the names of its members.
macro_rules! from_form {
    ($request:ty { $($field:ident = $member:literal,)* }) => {
        impl $crate::api::query::FromForm for $request {
            fn from_form(
                form: &mut $crate::api::query::Form,
            ) -> Result<Self, $crate::api::query::InvalidForm> {
                let _ = &form;
                Ok(Self {
                    $($field: $crate::api::query::Member::take(form, $member)?,)*
                })
            }
        }
    };
}

pub(crate) use from_form;
