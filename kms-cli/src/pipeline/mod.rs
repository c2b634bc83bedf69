//! From a file or standard input to a file or standard output.
//!
//! The files are handed over as they are, without a buffer of our own: the envelope reads and
//! writes many frames at a time.

mod armor;
mod input;
mod output_file;
mod pem;
mod private_directory;
mod progress;
mod terminal;

pub(crate) use armor::{ArmorReader, ArmorWriter, BEGIN as ARMOR_BEGIN};
pub(crate) use input::{
    FileVersion, Input, read_document, read_private, read_text, refuse_exposed,
};
pub(crate) use output_file::{Existing, Mode, OutputFile};
pub(crate) use pem::{PemKey, read_pem};
pub(crate) use private_directory::PrivateDirectory;
pub(crate) use progress::Progress;
pub(crate) use terminal::{TextOnly, is_not_text};
