//! The value of a variable, from standard input or typed by a person; never an argument.

use std::io::{self, IsTerminal, Read};

use kms_core::secret::SecretBytes;

use super::value::MAX_VALUE;
use crate::failure::Failure;
use crate::term;

/// Reads the value of `name`; a line feed at its end belongs to the line and not to the value.
pub(super) fn value(name: &str) -> Result<SecretBytes, Failure> {
    let value = if io::stdin().is_terminal() {
        let typed = term::secret(&format!("Value of {name}: "))?;
        SecretBytes::new(typed.expose().as_bytes().to_vec())
    } else {
        read(&mut io::stdin().lock())
            .map_err(|error| Failure::io("cannot read standard input", &error))?
    };
    let bytes = value.expose();
    if bytes.is_empty() {
        return Err(
            Failure::usage("the value is empty").hint("kms env unset takes a variable away")
        );
    }
    if bytes.len() > MAX_VALUE {
        return Err(Failure::usage(format!(
            "the value is longer than {MAX_VALUE} bytes"
        )));
    }
    if bytes.contains(&0) {
        return Err(Failure::usage(
            "the value has a zero byte, which the environment cannot hold",
        ));
    }
    Ok(value)
}

/// All that there is, up to one byte more than a value may have and its line feed.
fn read(from: &mut dyn Read) -> io::Result<SecretBytes> {
    let mut filled = 0;
    let buffer = SecretBytes::try_build(MAX_VALUE + 2, |buffer| {
        while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
            match from.read(free) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    })?;
    let read = buffer.expose().get(..filled).unwrap_or_default();
    let value = read.strip_suffix(b"\n").unwrap_or(read);
    Ok(SecretBytes::new(value.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_feed_at_the_end_is_not_the_value_s() {
        for (input, value) in [
            ("a\n", "a"),
            ("a", "a"),
            ("a\n\n", "a\n"),
            ("\na", "\na"),
            ("", ""),
        ] {
            let read = read(&mut input.as_bytes()).unwrap();
            assert_eq!(read.expose(), value.as_bytes());
        }
    }

    #[test]
    fn what_is_longer_than_a_value_is_seen_to_be() {
        let read = |length| read(&mut io::repeat(b'x').take(length)).unwrap().len();
        assert_eq!(read(65_536), MAX_VALUE);
        assert!(read(65_537) > MAX_VALUE && read(1_000_000) > MAX_VALUE);
    }
}
