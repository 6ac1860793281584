//! Where the service may dial: every address behind a name is checked, and the checked address is
//! the one that is dialled (against DNS rebinding).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use altus4_kernel::{PortError, PortErrorKind, PortResult, System};
use ipnet::IpNet;

use crate::{Host, HostResolver, ports::HOST_CONSTRAINT};

/// Addresses and ports that a rule is about: `10.0.0.0/8`, `192.168.1.5`, `10.0.0.0/8:3306` or
/// `*:3306`; an IPv6 network with a port stands in brackets, `[fd00::/8]:3306`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    network: Option<IpNet>,
    port: Option<u16>,
}

/// The text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a CIDR such as 10.0.0.0/8, 10.0.0.0/8:3306, [fd00::/8]:3306 or *:3306")]
pub struct HostRuleFault(String);

impl FromStr for HostRule {
    type Err = HostRuleFault;

    fn from_str(text: &str) -> Result<Self, HostRuleFault> {
        let fault = || HostRuleFault(text.to_owned());
        let network = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok();
        let whole = text.trim();
        if let Some(network) = network(whole) {
            return Ok(Self { network: Some(network), port: None });
        }
        let (place, port) = whole.rsplit_once(':').ok_or_else(fault)?;
        let port = Some(port.parse().map_err(|_| fault())?);
        if place == "*" {
            return Ok(Self { network: None, port });
        }
        let place = place.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(place);
        let network = Some(network(place).ok_or_else(fault)?);
        Ok(Self { network, port })
    }
}

impl HostRule {
    /// The network it is about; `None` where it is about a port on every address.
    #[must_use]
    pub fn network(&self) -> Option<IpNet> {
        self.network
    }

    fn covers(&self, address: SocketAddr) -> bool {
        self.network.is_none_or(|network| network.contains(&address.ip()))
            && self.port.is_none_or(|port| port == address.port())
    }
}

/// What an operator lets connections dial.
#[derive(Debug, Clone, Default)]
pub struct HostPolicy {
    /// Without any rule: public addresses alone, or (in development) every address.
    pub public_only: bool,
    /// What is allowed beyond that; with rules here and not `public_only`, nothing else is.
    pub allow: Vec<HostRule>,
    /// What is refused whatever else is said.
    pub deny: Vec<HostRule>,
}

impl HostPolicy {
    /// Whether this address may be dialled.
    #[must_use]
    pub fn allows(&self, address: SocketAddr) -> bool {
        let address = SocketAddr::new(plain(address.ip()), address.port());
        if self.deny.iter().any(|rule| rule.covers(address)) || is_never_a_server(address.ip()) {
            return false;
        }
        let named = self.allow.iter().any(|rule| rule.covers(address));
        named || if self.public_only { is_public(address.ip()) } else { self.allow.is_empty() }
    }
}

/// An IPv4 address that is dressed as IPv6, undressed: it reaches the same host.
fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

fn is_never_a_server(ip: IpAddr) -> bool {
    ip.is_unspecified() || ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// Whether an address belongs to the public internet (IANA special-purpose registries).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    // Global unicast is 2000::/3; inside it: protocol assignments and Teredo (2001::/23),
    // documentation (2001:db8::/32, 3fff::/20) and 6to4 (2002::/16), which can wrap a private IPv4.
    let special = match a {
        0x2001 => b < 0x200 || b == 0xdb8,
        0x3fff => b < 0x1000,
        _ => a == 0x2002,
    };
    (0x2000..=0x3fff).contains(&a) && !special
}

/// Turns a host into the one address that may be dialled.
#[derive(Clone)]
pub struct AddressGate {
    resolver: Arc<dyn HostResolver>,
    policy: Arc<HostPolicy>,
}

impl AddressGate {
    /// More addresses behind one name than anybody needs.
    const MAX_ADDRESSES: usize = 16;

    /// A gate with this policy.
    #[must_use]
    pub fn new(resolver: Arc<dyn HostResolver>, policy: HostPolicy) -> Self {
        Self { resolver, policy: Arc::new(policy) }
    }

    /// Resolves the host once and checks every address behind it; one that is forbidden forbids
    /// them all. The answer is the address to dial.
    ///
    /// # Errors
    /// `NotPermitted` on [`HOST_CONSTRAINT`]; `Unavailable` when the name has no address.
    pub async fn admit(&self, host: &Host, port: u16) -> PortResult<SocketAddr> {
        const OPERATION: &str = "address_gate.admit";
        let addresses = match host.as_ip() {
            Some(ip) => vec![ip],
            None => self.resolver.resolve(host).await?,
        };
        let Some(first) = addresses.first().copied() else {
            return Err(PortError::new(PortErrorKind::Unavailable, System::DataSource, OPERATION));
        };
        let allowed = |ip: &IpAddr| self.policy.allows(SocketAddr::new(*ip, port));
        if addresses.len() > Self::MAX_ADDRESSES || !addresses.iter().all(allowed) {
            return Err(PortError::new(PortErrorKind::NotPermitted, System::DataSource, OPERATION)
                .with_constraint(HOST_CONSTRAINT));
        }
        Ok(SocketAddr::new(first, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::MockHostResolver;

    fn policy(allow: &[&str], deny: &[&str], public_only: bool) -> HostPolicy {
        let rules = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a rule")).collect();
        HostPolicy { public_only, allow: rules(allow), deny: rules(deny) }
    }

    fn allows(policy: &HostPolicy, address: &str) -> bool {
        policy.allows(address.parse().expect("an address"))
    }

    #[test]
    fn production_dials_public_addresses_alone() {
        let policy = policy(&[], &[], true);
        for address in [
            "0.0.0.0:3306",
            "10.1.2.3:3306",
            "100.64.0.1:3306",
            "127.0.0.1:3306",
            "127.255.1.1:3306",
            "169.254.169.254:80",
            "172.16.0.1:3306",
            "172.31.255.255:3306",
            "192.0.0.8:3306",
            "192.0.2.1:3306",
            "192.168.0.1:3306",
            "192.88.99.1:3306",
            "198.18.0.1:3306",
            "198.51.100.1:3306",
            "203.0.113.9:3306",
            "224.0.0.1:3306",
            "240.0.0.1:3306",
            "255.255.255.255:3306",
            "[::]:3306",
            "[::1]:3306",
            "[::ffff:127.0.0.1]:3306",
            "[::ffff:10.0.0.1]:3306",
            "[64:ff9b::7f00:1]:3306",
            "[100::1]:3306",
            "[2001::1]:3306",
            "[2001:db8::1]:3306",
            "[2002:7f00:1::]:3306",
            "[fc00::1]:3306",
            "[fd00::1]:3306",
            "[fe80::1]:3306",
            "[ff02::1]:3306",
            "[3fff::1]:3306",
        ] {
            assert!(!allows(&policy, address), "{address}");
        }
        for address in ["8.8.8.8:3306", "172.32.0.1:3306", "[2606:4700::1111]:3306", "[::ffff:8.8.8.8]:3306"]
        {
            assert!(allows(&policy, address), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_is_added_in_production_and_exclusive_in_development() {
        let production = policy(&["10.0.0.0/8:3306"], &[], true);
        assert!(allows(&production, "10.1.2.3:3306"));
        assert!(!allows(&production, "10.1.2.3:3307"));
        assert!(allows(&production, "8.8.8.8:3306"));
        let development = policy(&["127.0.0.1"], &[], false);
        assert!(allows(&development, "127.0.0.1:3306"));
        assert!(!allows(&development, "8.8.8.8:3306"));
    }

    #[test]
    fn what_is_denied_is_denied_whatever_allows_it() {
        let policy = policy(&["10.0.0.0/8"], &["10.9.0.0/16", "*:22", "[fd00::/8]:3306"], false);
        assert!(allows(&policy, "10.8.0.1:3306"));
        assert!(!allows(&policy, "10.9.0.1:3306"));
        assert!(!allows(&policy, "10.8.0.1:22"));
        assert!(!allows(&policy, "[::ffff:10.9.0.1]:3306"));
    }

    #[test]
    fn a_text_that_is_no_rule_is_named() {
        for text in ["", "10.0.0.0/33", "host:3306", "*:70000", "*"] {
            assert_eq!(text.parse::<HostRule>(), Err(HostRuleFault(text.to_owned())));
        }
    }

    #[test]
    fn one_forbidden_address_forbids_the_name() {
        let mut resolver = MockHostResolver::new();
        resolver
            .expect_resolve()
            .returning(|_| Ok(vec!["8.8.8.8".parse().unwrap(), "127.0.0.1".parse().unwrap()]));
        let gate = AddressGate::new(Arc::new(resolver), policy(&[], &[], true));
        let host = Host::parse("mixed.example.com").unwrap();
        let error = futures::executor::block_on(gate.admit(&host, 3306)).unwrap_err();
        assert_eq!((error.kind, error.constraint), (PortErrorKind::NotPermitted, Some(HOST_CONSTRAINT)));
    }
}
