//! The body of a request: `application/x-www-form-urlencoded`, read strictly.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

/// How many members a form has at most, those of lists counted one by one.
const MOST_MEMBERS: usize = 2048;

/// The longest name of a member in bytes.
const LONGEST_NAME: usize = 256;

/// Why a form cannot be read, in words for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidForm {
    /// It is not a form, or has a member twice.
    #[error("The query string contains a syntax error.")]
    Syntax,
    /// A member that the operation asks for is not there.
    #[error(
        "1 validation error detected: Value at '{0}' failed to satisfy constraint: Member must not be null"
    )]
    Missing(String),
    /// A member has not the form that the operation asks for.
    #[error("The specified value for {name} is invalid. {wanted}")]
    Value {
        /// The member.
        name: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The operation has no such member. Refused, since what the caller asks for with it would not
    /// be done.
    #[error("The parameter {0} is not one of this operation.")]
    Unknown(String),
}

/// The members of a request that nobody has taken yet.
#[derive(Default)]
pub struct Form(BTreeMap<String, String>);

/// Names alone: values may be tokens, codes and secrets.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Form {
    /// Reads `name=value&name=value…`, percent-encoded UTF-8. Names are of `[A-Za-z0-9._-]`, each
    /// there once; values have no control characters but tabs and ends of lines.
    ///
    /// # Errors
    /// [`InvalidForm::Syntax`] for anything else, and for more than 2048 members.
    pub fn parse(body: &[u8]) -> Result<Self, InvalidForm> {
        let mut members = BTreeMap::new();
        let text = std::str::from_utf8(body).map_err(|_| InvalidForm::Syntax)?;
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').ok_or(InvalidForm::Syntax)?;
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
                return Err(InvalidForm::Syntax);
            }
            let value = decode(value).ok_or(InvalidForm::Syntax)?;
            match members.entry(name.to_owned()) {
                Entry::Vacant(place) => place.insert(value),
                Entry::Occupied(_) => return Err(InvalidForm::Syntax),
            };
            if members.len() > MOST_MEMBERS {
                return Err(InvalidForm::Syntax);
            }
        }
        Ok(Self(members))
    }

    /// Takes the member of that name.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Takes a list of texts: `NAME.member.1`, `NAME.member.2` and so on without a gap. An empty
    /// list is sent as `NAME=`; `None` when there is neither.
    ///
    /// # Errors
    /// [`InvalidForm::Value`] when the list is sent in both ways.
    pub fn list(&mut self, name: &str) -> Result<Option<Vec<String>>, InvalidForm> {
        let taken = (1..=MOST_MEMBERS).map_while(|n| self.text(&format!("{name}.member.{n}")));
        let items = taken.collect();
        self.listed(name, items)
    }

    /// Takes a list of structures, whose members are called `NAME.member.1.MEMBER`; each item is
    /// read from the form of its own members.
    ///
    /// # Errors
    /// What `read` refuses; [`InvalidForm::Unknown`] for a member that it does not take.
    pub fn rows<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&mut Self) -> Result<T, InvalidForm>,
    ) -> Result<Option<Vec<T>>, InvalidForm> {
        let mut items = Vec::new();
        for number in 1..=MOST_MEMBERS {
            let prefix = format!("{name}.member.{number}.");
            let mut row = self.below(&prefix);
            if row.0.is_empty() {
                break;
            }
            items.push(read(&mut row)?);
            row.finish()?;
        }
        self.listed(name, items)
    }

    fn listed<T>(&mut self, name: &str, items: Vec<T>) -> Result<Option<Vec<T>>, InvalidForm> {
        match (self.text(name), items.is_empty()) {
            (None, true) => Ok(None),
            (None, false) => Ok(Some(items)),
            (Some(text), true) if text.is_empty() => Ok(Some(items)),
            (Some(_), _) => Err(InvalidForm::Value {
                name: name.to_owned(),
                wanted: "It must be a list.",
            }),
        }
    }

    fn below(&mut self, prefix: &str) -> Self {
        let names = self.0.range(prefix.to_owned()..);
        let names: Vec<String> = names
            .map(|(name, _)| name)
            .take_while(|name| name.starts_with(prefix))
            .cloned()
            .collect();
        let below = names.into_iter().filter_map(|name| {
            let value = self.0.remove(&name)?;
            Some((name.strip_prefix(prefix)?.to_owned(), value))
        });
        Self(below.collect())
    }

    /// Ends the reading: nothing may be left.
    ///
    /// # Errors
    /// [`InvalidForm::Unknown`] with the first member that nobody took.
    pub fn finish(self) -> Result<(), InvalidForm> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(InvalidForm::Unknown(name)),
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            0x21..=0x7e => byte,
            _ => return None,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    (!text.contains(forbidden)).then_some(text)
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_decoded_and_taken_once() {
        let mut form = Form::parse(b"Action=GetUser&UserName=a%20b%2Bc%C3%A9+d").unwrap();
        assert_eq!(form.text("UserName").unwrap(), "a b+c\u{e9} d");
        assert_eq!(form.text("UserName"), None);
        assert_eq!(form.text("Action").unwrap(), "GetUser");
        form.finish().unwrap();
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for body in [
            "", "a", "a=1&", "&a=1", "a=1&a=2", "a=1&a=1", "=1", "a b=1", "a%2e=1", "a=%", "a=%4",
            "a=%zz", "a=%ff", "a=%00", "a=%1b", "a=\u{e9}", "a=1 2",
        ] {
            let read = Form::parse(body.as_bytes());
            assert_eq!(read.unwrap_err(), InvalidForm::Syntax, "{body:?}");
        }
        let many: Vec<String> = (0..3000).map(|n| format!("a{n}=")).collect();
        assert!(Form::parse(many.join("&").as_bytes()).is_err());
        let long = format!("{}=", "a".repeat(257));
        assert!(Form::parse(long.as_bytes()).is_err());
    }

    #[test]
    fn lists_are_numbered_from_one_without_a_gap() {
        let mut form = Form::parse(b"K.member.1=a&K.member.2=b&E=").unwrap();
        assert_eq!(form.list("K").unwrap().unwrap(), ["a", "b"]);
        assert_eq!(form.list("E").unwrap().unwrap(), [""; 0]);
        assert_eq!(form.list("N").unwrap(), None);
        form.finish().unwrap();
        for body in [
            "K.member.2=b",
            "K.member.1=a&K.member.3=c",
            "K.member.01=a",
            "K.member.0=a",
            "K.1=a",
        ] {
            let mut form = Form::parse(body.as_bytes()).unwrap();
            drop(form.list("K"));
            assert!(form.finish().is_err(), "{body}");
        }
        let mut both = Form::parse(b"K=&K.member.1=a").unwrap();
        assert!(both.list("K").is_err());
    }

    #[test]
    fn the_items_of_a_list_of_structures_have_forms_of_their_own() {
        let body = b"T.member.1.Key=k&T.member.1.Value=v&T.member.2.Key=l&T.member.10.Key=x";
        let mut form = Form::parse(body).unwrap();
        let rows = form.rows("T", |row| Ok((row.text("Key"), row.text("Value"))));
        let rows = rows.unwrap().unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0], (Some("k".to_owned()), Some("v".to_owned())));
        assert_eq!(
            form.finish().unwrap_err(),
            InvalidForm::Unknown("T.member.10.Key".to_owned())
        );
        let mut more = Form::parse(b"T.member.1.Key=k&T.member.1.Colour=red").unwrap();
        assert!(more.rows("T", |row| Ok(row.text("Key"))).is_err());
    }
}
