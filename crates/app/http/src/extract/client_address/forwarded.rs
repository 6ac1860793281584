//! The grammar of `Forwarded` (RFC 7239 §4). Read strictly: what a client wrote must not change how
//! the part is read that a proxy added to it.

use std::{borrow::Cow, net::IpAddr};

use super::address;

/// The hops of one header line, the nearest first; `None` for one that can't be read or is hidden.
pub(super) fn hops(line: &str) -> impl Iterator<Item = Option<IpAddr>> + '_ {
    // Only from the left can be told what stands in quotes. A quote that stays open swallows all
    // that follows, which then is the nearest hop, and can't be read.
    let elements: Vec<&str> = parts(line, ',').collect();
    elements.into_iter().rev().map(|element| address(&node(element)?))
}

/// Who is named by the `for` of an element; `None` unless all of the element is well formed and has
/// exactly one.
fn node(element: &str) -> Option<Cow<'_, str>> {
    let mut node = None;
    for pair in parts(element, ';') {
        let (name, value) = pair.split_once('=')?;
        let value = unquoted(value)?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        if name.eq_ignore_ascii_case("for") && node.replace(value).is_some() {
            return None;
        }
    }
    node
}

/// What stands between dividers outside quotes; empty parts are left out, as lists in headers are
/// read.
fn parts(text: &str, divider: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let is_end = move |c: char| {
        let literal = std::mem::take(&mut escaped);
        match c {
            '"' if !literal => quoted = !quoted,
            '\\' if quoted && !literal => escaped = true,
            _ => {}
        }
        c == divider && !quoted
    };
    text.split(is_end).map(|part| part.trim_matches([' ', '\t'])).filter(|part| !part.is_empty())
}

/// The value that a token or a quoted string spells.
fn unquoted(text: &str) -> Option<Cow<'_, str>> {
    let Some(rest) = text.strip_prefix('"') else {
        return (!text.is_empty() && text.bytes().all(is_plain)).then_some(Cow::Borrowed(text));
    };
    let mut value = String::new();
    let mut letters = rest.strip_suffix('"')?.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => value.push(letters.next()?),
            '"' => return None,
            letter => value.push(letter),
        }
    }
    Some(Cow::Owned(value))
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A token, or what proxies leave unquoted although the grammar wants quotes: `host=[::1]:80`.
fn is_plain(byte: u8) -> bool {
    is_token(byte) || b":[]/".contains(&byte)
}
