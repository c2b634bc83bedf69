//! `IpAddress` and `NotIpAddress`: IPv4 and IPv6 addresses and CIDR blocks (RFC 4632, RFC 4291).

use std::net::IpAddr;

/// A block of addresses. IPv4-mapped IPv6 addresses are their IPv4 selves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    address: IpAddr,
    prefix: u32,
}

/// The bits before an IPv4 address that is mapped into IPv6: `::ffff:0:0/96`.
const MAPPED_PREFIX: u32 = 96;

impl Block {
    /// An address, or an address, `/` and a prefix length; host bits are ignored.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(parse_prefix(prefix)?)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().ok()?;
        let width = if written.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        let address = written.to_canonical();
        if prefix > width {
            return None;
        }
        if written.is_ipv6() && address.is_ipv4() {
            return match prefix.checked_sub(MAPPED_PREFIX) {
                Some(prefix) => Some(Self { address, prefix }),
                None => Some(Self {
                    address: written,
                    prefix,
                }),
            };
        }
        Some(Self { address, prefix })
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let difference = block.to_bits() ^ address.to_bits();
                self.prefix == 0 || difference >> 32_u32.saturating_sub(self.prefix) == 0
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let difference = block.to_bits() ^ address.to_bits();
                self.prefix == 0 || difference >> 128_u32.saturating_sub(self.prefix) == 0
            }
            _ => false,
        }
    }
}

/// The address of a request, an IPv4-mapped one as its IPv4 self.
pub(super) fn parse_address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

fn parse_prefix(text: &str) -> Option<u32> {
    let well_formed = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    well_formed.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(block: &str, address: &str) -> bool {
        let block = Block::parse(block).unwrap();
        block.contains(parse_address(address).unwrap())
    }

    #[test]
    fn a_block_holds_the_addresses_that_share_its_prefix() {
        for (block, address, expected) in [
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.77/24", "203.0.113.1", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("203.0.113.5", "203.0.113.5", true),
            ("203.0.113.5", "203.0.113.4", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("2001:db8::/32", "2001:DB8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::1", "2001:db8::1", true),
            ("::/0", "1.2.3.4", false),
            ("0.0.0.0/0", "2001:db8::1", false),
        ] {
            assert_eq!(contains(block, address), expected, "{block} {address}");
        }
    }

    #[test]
    fn an_ipv4_mapped_address_is_its_ipv4_self() {
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(!contains("::ffff:10.0.0.0/104", "11.1.2.3"));
    }

    #[test]
    fn malformed_blocks_are_refused() {
        for text in [
            "",
            "1.2.3",
            "1.2.3.4/33",
            "1.2.3.4/",
            "1.2.3.4/+8",
            "::/129",
            "1.2.3.4/8/8",
            "*",
            "01.2.3.4",
            "1.2.3.4 ",
            "fe80::1%eth0",
            "1.2.3.0/255.255.255.0",
        ] {
            assert_eq!(Block::parse(text), None, "{text}");
        }
    }
}
