//! The command that edits a message.

use std::path::PathBuf;

use clap::Args;

use super::{DiscoveryAndPrivateKey, NewRecipients, Reading};

/// Edit the text of a message in your editor, and encrypt it again
#[derive(Debug, Args)]
#[command(after_help = "\
The editor is $VISUAL, else $EDITOR, else vi. It gets the text in a directory that only you can
enter, in memory where the system has such a place, and gone when the editor ends. When the text was
changed, a new message takes the place of the old one, for the same keys, with the same context, and
signed or armored as it was. Some editors keep copies of what they edit elsewhere: see their manuals.

Examples:
  kms edit -k alias/app config.yaml.kms
  EDITOR='code --wait' kms edit config.yaml.kms
  kms edit --context purpose=backup notes.enc")]
pub(crate) struct Edit {
    #[command(flatten)]
    pub(crate) recipients: NewRecipients,
    #[command(flatten)]
    pub(crate) source: DiscoveryAndPrivateKey,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Sign the message, even if it was not signed
    #[arg(long)]
    pub(crate) sign: bool,
    /// Write text (base64 between two marker lines), even if the message was not text
    #[arg(short, long)]
    pub(crate) armor: bool,
    /// The message; with a KEY it is made if it is not there
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}
