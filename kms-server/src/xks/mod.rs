//! External key stores: the client of their proxies.

mod addresses;
mod client;
mod connection;
mod idle;
mod roots;
mod turns;

pub(crate) use addresses::is_allowed;
pub(crate) use client::ProxyClient;
pub(crate) use roots::{RootsError, client_config};
