//! Ports for servers that are told theirs, where a port of 0 does not do.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

const LOWEST: u64 = 10_000;

/// Where this process begins to look: elsewhere than others do, and never again where it was.
static NEXT: LazyLock<AtomicU64> =
    LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(std::process::id()) >> 1));

/// A port of 127.0.0.1 that nobody has.
///
/// It is none of those that the system gives to whoever asks for any: one of them could be taken
/// before the server that it is for has bound it, by a client of another test.
///
/// # Panics
/// When the system gives all ports by itself.
pub fn free_port() -> u16 {
    let end = lowest_given_by_the_system();
    assert!(LOWEST < end, "the system gives all ports by itself");
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(LOWEST + number % (end - LOWEST)).expect("below the system's");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn lowest_given_by_the_system() -> u64 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let range = range.unwrap_or_else(|_| "32768 60999".to_owned());
    let lowest = range.split_whitespace().next();
    lowest.expect("a range").parse().expect("a port")
}
