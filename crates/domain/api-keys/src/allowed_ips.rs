//! From which addresses a key may be used.

use std::net::IpAddr;

use ipnet::IpNet;

/// Networks from which a key may be used; none of them means from anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedIps(Vec<IpNet>);

impl AllowedIps {
    /// The most networks that a key may have.
    pub const MAX: usize = 100;

    /// These networks, without their host bits and each once; `None` when there are too many.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Option<Self> {
        let mut kept: Vec<IpNet> = Vec::new();
        for network in networks {
            let network = network.trunc();
            if !kept.contains(&network) {
                kept.push(network);
            }
        }
        (kept.len() <= Self::MAX).then_some(Self(kept))
    }

    /// The network that `text` spells: a CIDR (`203.0.113.0/24`, `2001:db8::/32`), or one address.
    #[must_use]
    pub fn parse_one(text: &str) -> Option<IpNet> {
        text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
    }

    /// Whether a call from this address may use the key. An address that isn't known may only use a
    /// key that is open to all. IPv4 addresses that are mapped into IPv6 count as IPv4.
    #[must_use]
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        self.0.is_empty()
            || address
                .map(|address| address.to_canonical())
                .is_some_and(|address| self.0.iter().any(|network| network.contains(&address)))
    }

    /// Whether a key that may be used from `other` may be used from nowhere else than one that may be
    /// used from here: each of its networks lies within one of these, or within neighbours that make
    /// one together.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        if self.0.is_empty() || other.0.is_empty() {
            return self.0.is_empty();
        }
        let whole = IpNet::aggregate(&self.0);
        other.0.iter().all(|network| whole.iter().any(|own| own.contains(network)))
    }

    /// The networks, in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = IpNet> {
        self.0.iter().copied()
    }

    /// Whether the key may be used from anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(networks: &[&str]) -> AllowedIps {
        AllowedIps::new(networks.iter().map(|text| AllowedIps::parse_one(text).expect("a network")))
            .expect("few enough")
    }

    #[test]
    fn no_network_means_anywhere() {
        assert!(allowed(&[]).allow(None));
        assert!(allowed(&[]).allow(Some(IpAddr::from([192, 0, 2, 1]))));
    }

    #[test]
    fn only_addresses_within_a_network_are_let_in() {
        let ips = allowed(&["203.0.113.7/24", "2001:db8::/32", "198.51.100.4"]);
        for (address, inside) in [
            ("203.0.113.200", true),
            ("203.0.114.1", false),
            ("::ffff:203.0.113.9", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
            ("198.51.100.4", true),
            ("198.51.100.5", false),
        ] {
            assert_eq!(ips.allow(address.parse().ok()), inside, "{address}");
        }
        assert!(!ips.allow(None), "an unknown address is in no network");
    }

    #[test]
    fn networks_cover_what_lies_within_them() {
        let anywhere = allowed(&[]);
        let halves = allowed(&["203.0.113.0/25", "203.0.113.128/25", "2001:db8::/32"]);
        assert!(anywhere.cover(&anywhere) && anywhere.cover(&halves));
        assert!(!halves.cover(&anywhere), "no network means anywhere, which is more");
        for (inner, inside) in [
            (&["203.0.113.0/25"][..], true),
            (&["203.0.113.7", "2001:db8:1::/48"], true),
            (&["203.0.113.0/24"], true),
            (&["203.0.112.0/23"], false),
            (&["203.0.113.7", "198.51.100.4"], false),
            (&["2001:db8::/31"], false),
            (&["0.0.0.0/0"], false),
            (&["::/0"], false),
        ] {
            assert_eq!(halves.cover(&allowed(inner)), inside, "{inner:?}");
        }
    }

    #[test]
    fn host_bits_and_repetitions_are_dropped() {
        let ips = allowed(&["203.0.113.7/24", "203.0.113.0/24"]);
        assert_eq!(ips.iter().map(|network| network.to_string()).collect::<Vec<_>>(), ["203.0.113.0/24"]);
    }

    #[test]
    fn the_number_of_networks_is_bounded() {
        let many = |n: u32| (0..n).map(|n| IpNet::from(IpAddr::from(n.to_be_bytes())));
        assert!(AllowedIps::new(many(100)).is_some());
        assert!(AllowedIps::new(many(101)).is_none());
    }
}
