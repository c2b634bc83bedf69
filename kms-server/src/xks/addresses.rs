//! Which addresses a proxy may have: whoever may make a key store must not reach, through this
//! server, what only this server can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a name that the name service resolves may lead there. Addresses that the configuration
/// gives to a name are not asked about.
pub(crate) fn is_allowed(address: IpAddr, private_too: bool) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => v4(address, private_too),
        IpAddr::V6(address) => v6(address, private_too),
    }
}

fn v4(address: Ipv4Addr, private_too: bool) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && b & 0xc0 == 64;
    if address.is_private() || shared {
        return private_too;
    }
    let special = address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xfe == 18);
    !special
}

/// Global unicast alone, without the ranges that carry an IPv4 address inside.
fn v6(address: Ipv6Addr, private_too: bool) -> bool {
    let [first, second, ..] = address.segments();
    if address.is_unique_local() {
        return private_too;
    }
    let global = first & 0xe000 == 0x2000;
    let embeds = first == 0x2002 || (first == 0x2001 && second == 0);
    global && !embeds && !(first == 0x2001 && second == 0xdb8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_into_this_machine_or_its_network() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.1",
            "198.18.0.1",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!is_allowed(text.parse().unwrap(), true), "{text}");
        }
        for text in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_allowed(text.parse().unwrap(), false), "{text}");
            assert!(is_allowed(text.parse().unwrap(), true), "{text}");
        }
        for text in ["1.1.1.1", "100.128.0.1", "2606:4700::1111"] {
            assert!(is_allowed(text.parse().unwrap(), false), "{text}");
        }
    }
}
