//! Several inputs, each with an output of its own.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::pipeline::Existing;

/// What `encrypt` puts behind the name of a file, and `decrypt` takes away.
const SUFFIX: &str = ".kms";

/// The files of a command line, and where their outputs go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Files<'a> {
    pub(super) inputs: &'a [PathBuf],
    pub(super) out: Option<&'a Path>,
    pub(super) directory: Option<&'a Path>,
    pub(super) force: bool,
}

impl<'a> Files<'a> {
    /// The one input whose output goes where `-o` says or to standard output; `None` when each
    /// input has an output beside it or in a directory.
    pub(super) fn only(&self) -> Option<Option<&'a Path>> {
        let is_one = self.inputs.len() <= 1 && self.directory.is_none();
        is_one.then(|| self.inputs.first().map(PathBuf::as_path))
    }

    pub(super) fn existing(&self) -> Existing {
        if self.force {
            Existing::Replace
        } else {
            Existing::Keep
        }
    }

    /// Runs `each` with every input and its output, whose name `name` makes. A file that fails is
    /// told, and does not stop the others.
    pub(super) fn for_each(
        &self,
        output: &Output,
        name: impl Fn(&Path) -> Result<OsString, Failure>,
        each: impl Fn(&Path, &Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let named: Vec<(&PathBuf, Result<PathBuf, Failure>)> = self
            .inputs
            .iter()
            .map(|input| (input, name(input).map(|name| self.place(input, &name))))
            .collect();
        let mut taken = BTreeSet::new();
        for path in named.iter().filter_map(|(_, path)| path.as_ref().ok()) {
            if !taken.insert(path) {
                let message = format!("two of the files would be written to {}", path.display());
                return Err(Failure::usage(message));
            }
        }
        let mut failed = Vec::new();
        for (input, path) in named {
            if let Err(failure) = path.and_then(|path| each(input, &path)) {
                let failure = failure.within_unless_named(&input.display().to_string());
                output.failure(&failure);
                failed.push(failure.kind());
            }
        }
        told(&failed)
    }

    /// Refuses what makes no sense for several inputs.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.out.is_some() {
            return Err(
                Failure::usage("-o takes one file, and there are several").hint(
                    "leave it out to have each written beside its input, or use --output-directory",
                ),
            );
        }
        if self.inputs.is_empty() || self.inputs.iter().any(|path| path.as_os_str() == "-") {
            return Err(
                Failure::usage("standard input has no name to make an output of")
                    .hint("use -o FILE for it"),
            );
        }
        Ok(())
    }

    fn place(&self, input: &Path, name: &OsString) -> PathBuf {
        match self.directory {
            Some(directory) => directory.join(name),
            None => input.with_file_name(name),
        }
    }
}

/// The failure that stands for those that were told: of their kind, if they have one in common.
fn told(failed: &[Kind]) -> Result<(), Failure> {
    match failed {
        [] => Ok(()),
        [first, others @ ..] if others.iter().all(|kind| kind == first) => {
            Err(Failure::told(*first))
        }
        _ => Err(Failure::told(Kind::Failed)),
    }
}

/// The name of the message that a file is encrypted to.
pub(super) fn encrypted(input: &Path) -> Result<OsString, Failure> {
    let mut name = input.file_name().ok_or_else(|| nameless(input))?.to_owned();
    name.push(SUFFIX);
    Ok(name)
}

/// The name of the file that a message is decrypted to.
pub(super) fn decrypted(input: &Path) -> Result<OsString, Failure> {
    let stem = input.file_stem().ok_or_else(|| nameless(input))?;
    let is_message = input.extension().is_some_and(|ending| ending == "kms");
    if is_message {
        return Ok(stem.to_owned());
    }
    let message = format!("the name of {} does not end in {SUFFIX}", input.display());
    Err(Failure::usage(message).hint("decrypt it alone, with -o FILE"))
}

fn nameless(input: &Path) -> Failure {
    Failure::new(Kind::Failed, format!("{} is a directory", input.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_comes_and_goes() {
        for name in ["a", "a.txt", ".env", "a.kms", "Grüße"] {
            let message = encrypted(&Path::new("d").join(name)).unwrap();
            assert_eq!(message.to_str().unwrap(), format!("{name}.kms"));
            assert_eq!(decrypted(Path::new(&message)).unwrap(), name);
        }
    }

    #[test]
    fn a_name_without_the_suffix_has_no_other() {
        for name in ["a", "a.enc", ".kms", "kms", "a.kms.txt", "..", "/"] {
            assert!(decrypted(Path::new(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn failures_of_one_kind_stand_for_themselves() {
        use Kind::{Denied, Failed, Integrity};
        assert!(told(&[]).is_ok());
        for (failed, kind) in [
            (&[Integrity][..], Integrity),
            (&[Denied, Denied], Denied),
            (&[Denied, Integrity], Failed),
        ] {
            assert_eq!(told(failed).unwrap_err().kind(), kind);
        }
    }
}
