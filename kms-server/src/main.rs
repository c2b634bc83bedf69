//! `kms-server`, the AWS KMS endpoint.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kms_server::run(std::env::args_os()).into()
}
