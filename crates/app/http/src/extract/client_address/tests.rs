//! What is believed about a request's origin, and what isn't.

use actix_web::http::header::HeaderName;
use proptest::prelude::*;

use super::*;

const PROXY: &str = "10.0.0.1";
const CLIENT: &str = "203.0.113.7";

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn proxies() -> TrustedProxies {
    "10.0.0.0/8, fd00::/8".parse().expect("networks")
}

/// Headers of these lines, in this order.
fn headers(lines: &[(HeaderName, &[u8])]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.clone(), HeaderValue::from_bytes(value).expect("a header's value"));
    }
    headers
}

fn seen(peer: &str, name: &HeaderName, lines: &[&str]) -> IpAddr {
    let lines: Vec<_> = lines.iter().map(|line| (name.clone(), line.as_bytes())).collect();
    proxies().client_address(ip(peer), &headers(&lines))
}

fn forwarded_for(lines: &[&str]) -> IpAddr {
    seen(PROXY, &X_FORWARDED_FOR, lines)
}

fn forwarded(lines: &[&str]) -> IpAddr {
    seen(PROXY, &FORWARDED, lines)
}

#[test]
fn a_peer_that_is_not_trusted_is_the_client_whatever_it_says() {
    let lines: [(HeaderName, &[u8]); 2] =
        [(X_FORWARDED_FOR, b"198.51.100.1"), (FORWARDED, b"for=198.51.100.1")];
    for peer in [CLIENT, "9.255.255.255", "11.0.0.0", "2001:db8::1", "127.0.0.1", "::1"] {
        assert_eq!(proxies().client_address(ip(peer), &headers(&lines)), ip(peer));
    }
    let nobody = TrustedProxies::default();
    assert_eq!(nobody.client_address(ip(PROXY), &headers(&lines)), ip(PROXY));
}

#[test]
fn a_trusted_peer_that_reports_nobody_is_the_client_itself() {
    assert_eq!(proxies().client_address(ip(PROXY), &HeaderMap::new()), ip(PROXY));
    for nothing in ["", " ", ",", " , ,", "\t"] {
        assert_eq!(forwarded_for(&[nothing]), ip(PROXY), "{nothing:?}");
        assert_eq!(forwarded(&[nothing]), ip(PROXY), "{nothing:?}");
    }
}

#[test]
fn x_forwarded_for_is_read_from_the_right() {
    for (lines, client) in [
        (&["203.0.113.7"][..], CLIENT),
        (&[" 203.0.113.7\t"], CLIENT),
        // What the client sent itself stands further left.
        (&["198.51.100.1, 203.0.113.7"], CLIENT),
        (&["10.9.9.9, 198.51.100.1,203.0.113.7"], CLIENT),
        (&["garbage, 203.0.113.7"], CLIENT),
        // Trusted hops are stepped over, as long as they last.
        (&["203.0.113.7, 10.0.0.3, 10.0.0.2"], CLIENT),
        (&["198.51.100.1, 203.0.113.7, fd00::2, 10.0.0.2"], CLIENT),
        (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        // Several lines are one list; empty items are none.
        (&["198.51.100.1", "203.0.113.7"], CLIENT),
        (&["198.51.100.1, 203.0.113.7", "10.0.0.3", "10.0.0.2"], CLIENT),
        (&["203.0.113.7,", "", ", ,10.0.0.2,"], CLIENT),
    ] {
        assert_eq!(forwarded_for(lines), ip(client), "{lines:?}");
    }
}

#[test]
fn forwarded_is_read_from_the_right() {
    for (lines, client) in [
        (&["for=203.0.113.7"][..], CLIENT),
        (&["For=203.0.113.7"], CLIENT),
        (&["FOR=\"203.0.113.7\""], CLIENT),
        (&["for=203.0.113.7;proto=https;by=10.0.0.1;host=example.com"], CLIENT),
        (&["proto=http;by=\"[fd00::1]:443\"; for=203.0.113.7 ;"], CLIENT),
        (&["for=203.0.113.7;host=\"a;b,c=\\\"d\\\\\";ext=1"], CLIENT),
        (&["host=example.com:8080;for=203.0.113.7"], CLIENT),
        (&["for=198.51.100.1, for=203.0.113.7"], CLIENT),
        (&["for=198.51.100.1;host=\"x, for=192.0.2.1\", for=203.0.113.7,for=10.0.0.2"], CLIENT),
        (&["for=10.0.0.3, for=\"[fd00::2]\""], "10.0.0.3"),
        (&["garbage, for=203.0.113.7"], CLIENT),
        (&["for=198.51.100.1", "for=203.0.113.7, for=10.0.0.3", "for=10.0.0.2"], CLIENT),
        (&["for=203.0.113.7, ,", "", ",for=10.0.0.2"], CLIENT),
        // Quotes end with their line.
        (&["for=\"", "for=203.0.113.7"], CLIENT),
    ] {
        assert_eq!(forwarded(lines), ip(client), "{lines:?}");
    }
}

#[test]
fn every_way_to_write_an_address_is_read() {
    for (node, client) in [
        ("203.0.113.7", CLIENT),
        ("203.0.113.7:4711", CLIENT),
        ("203.0.113.7:_web", CLIENT),
        ("::ffff:203.0.113.7", CLIENT),
        ("[::ffff:cb00:7107]:80", CLIENT),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:DB8:0:0::1]:65535", "2001:db8::1"),
        ("[2001:db8::1]:_a.b-c_1", "2001:db8::1"),
    ] {
        assert_eq!(forwarded_for(&[node]), ip(client), "{node}");
        assert_eq!(forwarded(&[&format!("for=\"{node}\"")]), ip(client), "{node}");
    }
    // Quotes around every colon are what the RFC wants; not all proxies know.
    assert_eq!(forwarded(&["for=[2001:db8::1]:80"]), ip("2001:db8::1"));
    assert_eq!(forwarded(&["for=\"\\[2001:db8\\::1]\""]), ip("2001:db8::1"));
}

#[test]
fn a_hop_that_cannot_be_read_ends_the_walk_at_whom_it_was_reported_by() {
    let nodes = [
        "unknown",
        "_hidden",
        "_",
        "localhost",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.07",
        "0xCB007107",
        "203.0.113.7:",
        "203.0.113.7:123456",
        "203.0.113.7:-1",
        "203.0.113.7:_",
        "203.0.113.7:80:80",
        "203.0.113.7/32",
        "203.0.113.7 x",
        "[203.0.113.7]",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]80",
        "[2001:db8::1]:",
        "[[2001:db8::1]]",
        "fe80::1%eth0",
        "[fe80::1%25eth0]:80",
        "[]",
    ];
    for node in nodes {
        assert_eq!(forwarded_for(&[&format!("203.0.113.7, {node}")]), ip(PROXY), "{node}");
        assert_eq!(forwarded_for(&[&format!("203.0.113.7, {node}, 10.0.0.2")]), ip("10.0.0.2"), "{node}");
        assert_eq!(forwarded(&[&format!("for=203.0.113.7, for=\"{node}\"")]), ip(PROXY), "{node}");
        let between = format!("for=203.0.113.7, for=\"{node}\", for=10.0.0.2");
        assert_eq!(forwarded(&[&between]), ip("10.0.0.2"), "{node}");
    }
    assert_eq!(
        forwarded_for(&["203.0.113.7, \"198.51.100.1\""]),
        ip(PROXY),
        "quotes are no part of this one"
    );
}

#[test]
fn an_element_that_is_not_well_formed_ends_the_walk() {
    let elements = [
        "203.0.113.7",
        "for",
        "for=",
        "=203.0.113.7",
        "for =203.0.113.7",
        "for= 203.0.113.7",
        "for=203.0.113.7;for=198.51.100.1",
        "for=203.0.113.7;For=203.0.113.7",
        "proto=https",
        "by=10.0.0.1",
        "for=203.0.113.7;proto",
        "for=203.0.113.7;pro to=https",
        "for=203.0.113.7 proto=https",
        "for=203.0.113.7;proto=\"https",
        "for=\"203.0.113.7",
        "for=203.0.113.7\"",
        "for=\"203.0.113.7\"x",
        "for=\"203.0.113.7\"\"\"",
        "for=\"203.0.113.7\\\"",
        "for='203.0.113.7'",
        "for=203.0.113.7;x=\\\"",
        "for=203.0.113.7;x==",
        "for:203.0.113.7",
        "for==203.0.113.7",
        "for=\"\"",
        "for=203.0.113.7;host=\"a\"b\"",
        "for=203.0.113.7;host=\"a\"\"b\"",
        "fo\"r\"=203.0.113.7",
    ];
    for element in elements {
        assert_eq!(forwarded(&[element]), ip(PROXY), "{element}");
        assert_eq!(forwarded(&[&format!("for=198.51.100.1, {element}")]), ip(PROXY), "{element}");
        assert_eq!(forwarded(&["for=198.51.100.1", element]), ip(PROXY), "{element}");
    }
}

#[test]
fn bytes_that_are_no_text_end_the_walk() {
    for (name, far, near) in [
        (X_FORWARDED_FOR, &b"198.51.100.1"[..], &b"203.0.113.7"[..]),
        (FORWARDED, b"for=198.51.100.1", b"for=203.0.113.7"),
    ] {
        let odd: &[u8] = b"for=\xff\xfe";
        let before = headers(&[(name.clone(), far), (name.clone(), odd), (name.clone(), near)]);
        assert_eq!(proxies().client_address(ip(PROXY), &before), ip(CLIENT), "{name}");
        let after = headers(&[(name.clone(), far), (name.clone(), odd)]);
        assert_eq!(proxies().client_address(ip(PROXY), &after), ip(PROXY), "{name}");
    }
}

/// A proxy that keeps up one of the headers hands on the other as the client wrote it.
#[test]
fn headers_that_disagree_are_not_believed() {
    let both = |forwarded: &str, listed: &str| {
        let lines = [(FORWARDED, forwarded.as_bytes()), (X_FORWARDED_FOR, listed.as_bytes())];
        proxies().client_address(ip(PROXY), &headers(&lines))
    };
    assert_eq!(both("for=203.0.113.7", "203.0.113.7"), ip(CLIENT));
    assert_eq!(both("for=198.51.100.1, for=\"203.0.113.7:80\"", "203.0.113.7, 10.0.0.2"), ip(CLIENT));
    assert_eq!(both("for=198.51.100.1", "203.0.113.7"), ip(PROXY));
    assert_eq!(both("for=203.0.113.7", "198.51.100.1"), ip(PROXY));
    assert_eq!(both("for=unknown", "203.0.113.7"), ip(PROXY));
    assert_eq!(both("for=203.0.113.7", "garbage"), ip(PROXY));
}

#[test]
fn an_ipv4_peer_is_the_same_through_an_ipv6_socket() {
    assert_eq!(seen("::ffff:10.0.0.1", &X_FORWARDED_FOR, &[CLIENT]), ip(CLIENT));
    assert_eq!(seen("::ffff:11.0.0.1", &X_FORWARDED_FOR, &[CLIENT]), ip("11.0.0.1"));
}

#[test]
fn networks_and_addresses_are_read() {
    let proxies: TrustedProxies =
        " 10.1.2.3/8,192.0.2.1 ,::1, fd00::/8,, ::ffff:192.0.2.9".parse().expect("all");
    for trusted in ["10.255.0.0", "192.0.2.1", "::1", "fdff::1", "192.0.2.9"] {
        assert!(proxies.trusts(ip(trusted)), "{trusted}");
    }
    for other in ["192.0.2.2", "::2", "fe00::1", "11.0.0.0"] {
        assert!(!proxies.trusts(ip(other)), "{other}");
    }
    assert_eq!("".parse(), Ok(TrustedProxies::default()));
    for wrong in ["10.0.0.0/33", "proxy.example.com", "10.0.0", "10.0.0.0/8;::1", "*"] {
        let text = format!("10.0.0.0/8, {wrong}");
        assert_eq!(text.parse::<TrustedProxies>(), Err(NoNetwork(wrong.to_owned())));
    }
}

#[test]
fn a_very_long_header_is_read_in_no_time() {
    let hops = 40_000;
    let started = std::time::Instant::now();
    assert_eq!(forwarded_for(&[&"10.0.0.2,".repeat(hops)]), ip("10.0.0.2"));
    assert_eq!(forwarded(&[&"for=10.0.0.2,".repeat(hops)]), ip("10.0.0.2"));
    assert_eq!(forwarded(&[&"\"\\".repeat(hops)]), ip(PROXY));
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

/// Anything that a client may write into a header, and much that looks like its grammar.
fn written_by_a_client() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("for="),
        Just("For=\""),
        Just("\""),
        Just("\\"),
        Just(", "),
        Just(";"),
        Just("="),
        Just("198.51.100.1"),
        Just("10.0.0.3"),
        Just("[2001:db8::1]:80"),
        Just("unknown"),
        Just("_x"),
        Just("host=\"a\\\"b\""),
        Just("for=\"198.51.100.1\""),
        Just(" "),
    ];
    prop_oneof!["[ -~\t]{0,40}", prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())]
}

proptest! {
    /// Whatever stands before what the trusted proxy added, the client is who the proxy says, or
    /// else the proxy itself: never somebody whom the client names.
    #[test]
    fn nobody_chooses_their_own_address(
        spoof in written_by_a_client(),
        ending in prop::sample::select(vec!["", ";proto=https", ";host=\"a.example:80\";proto=\"https\""]),
        quote in prop::sample::select(vec!["", "\""]),
        same_line in any::<bool>(),
    ) {
        let reported = format!("for={quote}{CLIENT}{quote}{ending}");
        let (found, listed) = if same_line {
            (forwarded(&[&format!("{spoof}, {reported}")]), forwarded_for(&[&format!("{spoof}, {CLIENT}")]))
        } else {
            (forwarded(&[&spoof, &reported]), forwarded_for(&[&spoof, CLIENT]))
        };
        prop_assert_eq!(listed, ip(CLIENT));
        prop_assert!(found == ip(CLIENT) || (same_line && found == ip(PROXY)), "{} of {}", found, spoof);
    }

    /// A header that the proxy doesn't keep up changes nothing for the better.
    #[test]
    fn nobody_chooses_their_address_by_the_other_header(spoof in written_by_a_client()) {
        for (kept_up, report, other) in [
            (FORWARDED, format!("for={CLIENT}"), X_FORWARDED_FOR),
            (X_FORWARDED_FOR, CLIENT.to_owned(), FORWARDED),
        ] {
            let lines = [(kept_up, report.as_bytes()), (other, spoof.as_bytes())];
            let found = proxies().client_address(ip(PROXY), &headers(&lines));
            prop_assert!([ip(CLIENT), ip(PROXY)].contains(&found), "{} of {}", found, spoof);
        }
    }

    /// From a peer that isn't trusted, nothing is read at all.
    #[test]
    fn nobody_but_a_proxy_is_heard(spoof in written_by_a_client()) {
        for name in [FORWARDED, X_FORWARDED_FOR] {
            prop_assert_eq!(seen(CLIENT, &name, &[&spoof]), ip(CLIENT));
        }
    }
}
