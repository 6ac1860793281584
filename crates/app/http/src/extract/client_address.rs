//! Where a request really comes from: its peer, or, behind proxies that the operator trusts, the
//! address that they report.

mod forwarded;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderValue, X_FORWARDED_FOR};
use ipnet::IpNet;

/// The networks whose machines are proxies of this installation. By default none, and then nothing
/// that a request says about its origin is believed.
///
/// Read from networks and addresses divided by commas, such as `10.0.0.0/8, fd00::/8, 192.0.2.1`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// The text has an item that is neither a network nor an address: this one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is neither a network such as 10.0.0.0/8 nor an address")]
pub struct NoNetwork(pub String);

impl FromStr for TrustedProxies {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let networks = items.map(|item| {
            let address = || item.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            item.parse().or_else(|_| address()).map_err(|_| NoNetwork(item.to_owned()))
        });
        networks.collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    /// The address of the client behind a request that came from `peer`.
    ///
    /// Each proxy writes down whom it got the request from, at the end of `Forwarded` (RFC 7239) or
    /// `X-Forwarded-For`. What a trusted peer wrote is believed; so is, where that names a trusted
    /// proxy again, what stands before it, and so on. What stands before the first hop that isn't
    /// trusted may be anybody's invention. Where a hop can't be read or is hidden, the one that
    /// reported it counts.
    ///
    /// A proxy keeps up one of the two headers and may pass on the other as the client sent it.
    /// With both there, they are believed where they agree; otherwise the peer counts.
    #[must_use]
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let forwarded = headers.contains_key(FORWARDED).then(|| {
            let hops = headers.get_all(FORWARDED).rev().flat_map(|line| hops(line, forwarded::hops));
            self.walk(peer, hops)
        });
        let forwarded_for = headers.contains_key(X_FORWARDED_FOR).then(|| {
            let hops = headers.get_all(X_FORWARDED_FOR).rev().flat_map(|line| hops(line, listed));
            self.walk(peer, hops)
        });
        match (forwarded, forwarded_for) {
            (Some(one), Some(other)) if one != other => peer,
            (one, other) => one.or(other).unwrap_or(peer),
        }
    }

    /// From the peer outwards as far as hops are trusted, and to the one that they were told of by.
    fn walk(&self, peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut client = peer;
        for hop in hops {
            let Some(hop) = hop else { break };
            client = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The hops of one header line, the nearest first; `None` for one that can't be read.
fn hops<'a, I: Iterator<Item = Option<IpAddr>> + 'a>(
    line: &'a HeaderValue,
    read: impl FnOnce(&'a str) -> I,
) -> impl Iterator<Item = Option<IpAddr>> + 'a {
    let text = line.to_str().ok();
    let unreadable = text.is_none().then_some(None);
    unreadable.into_iter().chain(text.map(read).into_iter().flatten())
}

/// The hops of an `X-Forwarded-For`.
fn listed(line: &str) -> impl Iterator<Item = Option<IpAddr>> + '_ {
    line.rsplit(',').map(str::trim).filter(|hop| !hop.is_empty()).map(address)
}

/// The address of a node: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or
/// `[2001:db8::1]:80`, the port also obfuscated (`:_web`).
fn address(node: &str) -> Option<IpAddr> {
    if let Ok(address) = node.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let (address, port) = if let Some(rest) = node.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
        (IpAddr::from(address.parse::<Ipv6Addr>().ok()?), port)
    } else {
        let (address, port) = node.split_once(':')?;
        (IpAddr::from(address.parse::<Ipv4Addr>().ok()?), Some(port))
    };
    port.is_none_or(is_port).then(|| address.to_canonical())
}

fn is_port(text: &str) -> bool {
    let obfuscated = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.chars().all(obfuscated),
        None => (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests;
