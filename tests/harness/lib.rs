//! What the tests share: the built programs, a server in a child process, a home that is removed
//! afterwards, a Python with the real clients in it, signed requests over a bare socket.

mod home;
mod http;
mod port;
mod program;
mod python;
mod server;
mod sign;

pub use home::Home;
pub use http::{Connection, Reply};
pub use port::free_port;
pub use program::{Kms, program, workspace};
pub use python::{Script, python, service_model};
pub use server::Server;
pub use sign::{Credentials, Signer};
