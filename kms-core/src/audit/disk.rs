//! Every change to the ledger's files, behind a seam so that tests can make each of them fail.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub(super) trait Disk: std::fmt::Debug + Send + Sync {
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;
    fn sync(&self, file: &File) -> io::Result<()>;
    fn truncate(&self, file: &File, length: u64) -> io::Result<()>;
}

#[derive(Debug)]
pub(super) struct SystemDisk;

impl Disk for SystemDisk {
    fn write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }
}
