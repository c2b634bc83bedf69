//! `kms manual`.

use std::path::Path;

use crate::args;
use crate::failure::Failure;
use crate::pipeline::{Mode, OutputFile};

/// Writes a page for each command into the directory.
pub(super) fn run(directory: &Path) -> Result<(), Failure> {
    use std::io::Write as _;

    for (name, page) in args::manual_pages()? {
        let file = OutputFile::open(Some(&directory.join(name)), Mode::Usual)?;
        let written = file.file().write_all(&page);
        written.map_err(|error| file.failed(&error))?;
        file.commit()?;
    }
    Ok(())
}
