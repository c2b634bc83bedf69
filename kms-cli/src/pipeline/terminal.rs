//! What may go to a terminal.

use std::io::{self, Write};

/// Passes text on and refuses the rest, which could garble a terminal or send it commands.
#[derive(Debug)]
pub(crate) struct TextOnly<W>(pub(crate) W);

/// Bytes that are not text came where only text may go.
#[derive(Debug)]
pub(crate) struct NotText;

impl std::fmt::Display for NotText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the output is not text")
    }
}

impl std::error::Error for NotText {}

/// Whether an error of a writer is the refusal of [`TextOnly`].
pub(crate) fn is_not_text(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<NotText>())
}

impl<W: Write> Write for TextOnly<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_text = |byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\t' | b'\n' | b'\r');
        if !bytes.iter().all(is_text) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, NotText));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_passes_and_control_sequences_do_not() {
        let mut shown = Vec::new();
        let mut terminal = TextOnly(&mut shown);
        terminal.write_all("grüße\r\n\t".as_bytes()).unwrap();
        let error = terminal.write_all(b"\x1b[2J").unwrap_err();
        assert!(is_not_text(&error));
        assert_eq!(shown, "grüße\r\n\t".as_bytes());
    }
}
