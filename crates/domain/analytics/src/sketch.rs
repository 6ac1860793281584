//! How many searches took about how long: `DDSketch` (Masson, Rim and Lee, VLDB 2019).

use std::collections::BTreeMap;

/// The largest error of a percentile, relative to it.
const RELATIVE_ERROR: f64 = 0.01;

/// Counts by logarithmic bucket: bucket `i` holds the times above γ^(i−1) µs up to γ^i µs, with
/// γ = (1 + α) / (1 − α) and α = 0.01 the relative error. Two sketches are added bucket by bucket, in
/// any order and with the same outcome. There are some 2,200 buckets for all times that can be told,
/// and a few hundred for those that happen, so none are ever collapsed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TimeSketch(BTreeMap<u32, u64>);

/// The bucket of times under a microsecond; that of γ^i µs comes `i` after `FIRST`.
const NOTHING: u32 = 0;
const FIRST: u32 = 1;
/// No time that can be told lies beyond this bucket.
const LAST: u32 = 2_300;

fn gamma() -> f64 {
    (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to some 2,200")]
fn bucket_of(micros: u64) -> u32 {
    if micros == 0 {
        return NOTHING;
    }
    FIRST + ((micros as f64).ln() / gamma().ln()).ceil() as u32
}

/// The time that is off by as much from a bucket's lower end as from its upper one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and saturating")]
fn time_of(bucket: u32) -> u64 {
    if bucket == NOTHING {
        return 0;
    }
    let upper = gamma().powf(f64::from(bucket - FIRST));
    (2.0 * upper / (gamma() + 1.0)).round() as u64
}

impl TimeSketch {
    /// Counts a time, in microseconds.
    pub fn add(&mut self, micros: u64) {
        let count = self.0.entry(bucket_of(micros)).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, more) in &other.0 {
            let count = self.0.entry(*bucket).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// How many times it counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().fold(0, |all, count| all.saturating_add(*count))
    }

    /// The time, in microseconds, that this part (0–1) of all stayed within: the one of the rank
    /// ⌊part · (n − 1)⌋, within 1 % (and half a microsecond, for rounding); 0 when there are none.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the number of all")]
    pub fn quantile(&self, part: f64) -> u64 {
        let rank = (part * self.count().saturating_sub(1) as f64).floor() as u64;
        let mut passed = 0_u64;
        for (bucket, count) in &self.0 {
            passed = passed.saturating_add(*count);
            if passed > rank {
                return time_of(*bucket);
            }
        }
        0
    }

    /// As stores keep it: pairs of the distance from the bucket before and of the count, as LEB128. The
    /// form is for good: one of another error would be another column.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 3);
        let mut before = 0;
        for (bucket, count) in &self.0 {
            write(&mut bytes, u64::from(bucket - before));
            write(&mut bytes, *count);
            before = *bucket;
        }
        bytes
    }

    /// What [`TimeSketch::to_bytes`] wrote; `None` when it is something else.
    #[must_use]
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut counts = BTreeMap::new();
        let mut bucket = 0_u32;
        while !bytes.is_empty() {
            let distance = u32::try_from(read(&mut bytes)?).ok()?;
            bucket = bucket.checked_add(distance).filter(|bucket| *bucket <= LAST)?;
            if counts.insert(bucket, read(&mut bytes)?).is_some() {
                return None;
            }
        }
        Some(Self(counts))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(times: impl IntoIterator<Item = u64>) -> TimeSketch {
        let mut sketch = TimeSketch::default();
        times.into_iter().for_each(|time| sketch.add(time));
        sketch
    }

    #[test]
    fn every_time_is_told_within_one_in_a_hundred() {
        for time in (0..1_000).chain((1..60).map(|power| 3u64.saturating_pow(power))) {
            let told = sketch([time]).quantile(0.5);
            // Half a microsecond for rounding.
            assert!(told.abs_diff(time) as f64 <= time as f64 * RELATIVE_ERROR + 0.5, "{time}: {told}");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let times: Vec<u64> = (1..=1_000).map(|time| time * 100).collect();
        for (part, exact) in [(0.0, 100), (0.5, 50_000), (0.95, 95_000), (1.0, 100_000)] {
            let told = sketch(times.iter().copied()).quantile(part);
            assert!(told.abs_diff(exact) as f64 <= exact as f64 * RELATIVE_ERROR, "{part}: {told}");
        }
        assert_eq!(sketch([]).quantile(0.95), 0);
    }

    #[test]
    fn sketches_of_parts_add_up_to_that_of_the_whole() {
        let mut whole = sketch(0..500);
        whole.merge(&sketch(500..1_000));
        assert_eq!(whole, sketch(0..1_000));
        assert_eq!(whole.count(), 1_000);
    }

    #[test]
    fn a_sketch_comes_back_from_its_bytes() {
        let mut kept = sketch([0, 1, 7, 7, 900, 12_345, u64::MAX]);
        kept.merge(&TimeSketch(BTreeMap::from([(3, u64::MAX)])));
        assert_eq!(TimeSketch::from_bytes(&kept.to_bytes()), Some(kept));
        assert_eq!(TimeSketch::from_bytes(&[]), Some(TimeSketch::default()));
        // Too short, too long a number, a bucket beyond the last, a bucket twice.
        for broken in [&[1][..], &[1, 0x80], &[0x80; 12], &[0xff; 30], &[0xff, 0x7f, 1], &[3, 1, 0, 1]] {
            assert_eq!(TimeSketch::from_bytes(broken), None, "{broken:?}");
        }
    }
}
