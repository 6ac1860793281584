//! What each tier allows: `requests=1000,burst=50`, of which anything may be left out.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use altus4_api_keys::{TierLimits, Tiers};

use super::{
    parse::{items, shown},
    reader::Reader,
    variable::{TIER_ENTERPRISE, TIER_FREE, TIER_PRO},
};

/// More than any node answers.
const MAX_COUNT: u32 = 1_000_000_000;
/// A day, in seconds.
const MAX_BLOCK: u32 = 86_400;

/// The tiers as they are published, except for what the variables say.
pub(super) fn read(reader: &mut Reader<'_>) -> Tiers {
    let published = Tiers::default();
    let mut tier =
        |variable, published| reader.parsed(variable, |text| parse(text, published)).unwrap_or(published);
    Tiers {
        free: tier(&TIER_FREE, published.free),
        pro: tier(&TIER_PRO, published.pro),
        enterprise: tier(&TIER_ENTERPRISE, published.enterprise),
    }
}

/// These limits, with what `text` says in their place. An `Err` names everything that is wrong.
fn parse(text: &str, mut limits: TierLimits) -> Result<TierLimits, String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for item in items(text) {
        let (name, value) =
            item.split_once('=').map_or((item, ""), |(name, value)| (name.trim(), value.trim()));
        let number =
            |bounds: RangeInclusive<u32>| value.parse().ok().filter(|number| bounds.contains(number));
        let known = match name {
            "requests" => number(1..=MAX_COUNT).map(|number| limits.requests_per_hour = number),
            "burst" => number(1..=MAX_COUNT).map(|number| limits.burst = number),
            "concurrent" => number(1..=MAX_COUNT).map(|number| limits.concurrent = number),
            "ai" => number(0..=MAX_COUNT).map(|number| limits.ai_calls_per_hour = number),
            "block" => number(0..=MAX_BLOCK).map(|number| limits.block = Duration::from_secs(number.into())),
            _ => None,
        };
        if known.is_none() {
            wrong.push(format!("{}, which is none", shown(item)));
        } else if !seen.insert(name) {
            wrong.push(format!("'{name}' twice"));
        }
    }
    if wrong.is_empty() { Ok(limits) } else { Err(format!("has {}", wrong.join(", and "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_stays_as_published() {
        let free = Tiers::default().free;
        let expected = TierLimits { burst: 7, block: Duration::from_secs(0), ..free };
        assert_eq!(parse(" burst = 7 , block=0,", free), Ok(expected));
        assert_eq!(parse("", free), Ok(free));
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        let told =
            parse("requests=0,bursts=1,ai=-1,concurrent,block=86401,burst=1,burst=2", Tiers::default().pro);
        let expected = "has 'requests=0', which is none, and 'bursts=1', which is none, and 'ai=-1', which is \
            none, and 'concurrent', which is none, and 'block=86401', which is none, and 'burst' twice";
        assert_eq!(told, Err(expected.to_owned()));
    }
}
