//! The tests that an insight has to pass.

/// The quantile of the normal distribution for 95 %, both sides.
const Z_95: f64 = 1.96;

/// Between which parts (0–1) the true one lies at 95 % confidence, where `found` of `all` were found.
/// Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927.
pub(super) fn wilson(found: u64, all: u64) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    let (n, z2) = (all as f64, Z_95 * Z_95);
    let part = found as f64 / n;
    let middle = part + z2 / (2.0 * n);
    let reach = Z_95 * (part * (1.0 - part) / n + z2 / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z2 / n;
    (((middle - reach) / whole).max(0.0), ((middle + reach) / whole).min(1.0))
}

/// How likely a normal variable is at least `z`. The complementary error function is Chebyshev's
/// approximation in Press et al., "Numerical Recipes" (6.2), off by 1.2e-7 of itself at the most.
pub(super) fn normal_tail(z: f64) -> f64 {
    const COEFFICIENTS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x);
    let polynomial = COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| sum * t + coefficient);
    let upper = 0.5 * t * (-x * x + polynomial).exp();
    if z >= 0.0 { upper } else { 1.0 - upper }
}

/// How likely a variable of Student's distribution is at least `t`: the normal tail at a point that
/// Wallace's approximation gives (Wallace, "Bounds on Normal Approximations to Student's and the
/// Chi-Square Distributions", 1959; good to some thousandths from five degrees of freedom on).
pub(super) fn student_tail(t: f64, freedom: f64) -> f64 {
    let shrink = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0);
    let z = shrink * (freedom * (1.0 + t * t / freedom).ln()).sqrt();
    normal_tail(if t >= 0.0 { z } else { -z })
}

/// How likely the first numbers rank at least as high above the second by chance as they do, where
/// both come from the same distribution, whatever it is. Mann and Whitney, "On a Test of Whether one of
/// Two Random Variables is Stochastically Larger than the Other", 1947; the normal approximation with
/// a correction for continuity, which for few numbers errs on the side of chance.
pub(super) fn rank_test(first: &[f64], second: &[f64]) -> f64 {
    let (n, m) = (first.len() as f64, second.len() as f64);
    if first.is_empty() || second.is_empty() {
        return 1.0;
    }
    let above = first.iter().flat_map(|a| second.iter().map(move |b| a.total_cmp(b)));
    let above: f64 = above
        .map(|order| match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
    normal_tail((above - n * m / 2.0 - 0.5) / deviation)
}

/// On a day: how often, of how many.
#[derive(Debug, Clone, Copy)]
pub(super) struct DayCount {
    pub(super) count: u64,
    pub(super) of: u64,
}

/// How likely a change of a rate that is at least as great comes about by chance, either way. Counts
/// of days scatter more than Poisson's distribution has it: their dispersion is estimated within both
/// parts (Pearson's χ² by its degrees of freedom; Wedderburn's quasi-likelihood, 1974) and never taken
/// for less than 1.
pub(super) fn rate_change(now: &[DayCount], before: &[DayCount]) -> f64 {
    let sum = |days: &[DayCount]| {
        days.iter().fold((0.0, 0.0), |(count, of), day| (count + day.count as f64, of + day.of as f64))
    };
    let ((found, of), (found_before, of_before)) = (sum(now), sum(before));
    let freedom = now.len() as f64 + before.len() as f64 - 2.0;
    if of == 0.0 || of_before == 0.0 || found + found_before == 0.0 || freedom < 1.0 {
        return 1.0;
    }
    let scatter = |days: &[DayCount], rate: f64| -> f64 {
        let expected = days.iter().map(|day| (day.count as f64, rate * day.of as f64));
        expected
            .filter(|(_, expected)| *expected > 0.0)
            .map(|(count, expected)| (count - expected).powi(2) / expected)
            .sum()
    };
    let dispersion = (scatter(now, found / of) + scatter(before, found_before / of_before)) / freedom;
    let part = of / (of + of_before);
    let all = found + found_before;
    let deviation = (dispersion.max(1.0) * all * part * (1.0 - part)).sqrt();
    // Half a search, for continuity.
    let distance = ((found - all * part).abs() - 0.5).max(0.0) / deviation;
    (2.0 * student_tail(distance, freedom)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        near(normal_tail(0.0), 0.5, 1e-6);
        near(normal_tail(1.959_964), 0.025, 1e-6);
        near(normal_tail(-1.959_964), 0.975, 1e-6);
        near(normal_tail(4.0), 3.167e-5, 1e-8);
        // Student's t for 2.5 %: 2.179 with 12 degrees of freedom, 2.571 with 5.
        near(student_tail(2.179, 12.0), 0.025, 5e-4);
        near(student_tail(2.571, 5.0), 0.025, 1e-3);
    }

    #[test]
    fn a_part_of_few_is_uncertain() {
        let (low, high) = wilson(10, 10);
        near(low, 0.722, 0.001);
        near(high, 1.0, 1e-9);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        assert!(wilson(900, 1_000).0 > 0.87);
    }

    #[test]
    fn what_ranks_above_throughout_is_no_chance() {
        let (low, high) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0]);
        assert!(rank_test(&high, &low) < 0.002);
        assert!(rank_test(&low, &high) > 0.99);
        assert!(rank_test(&low, &low) > 0.4);
        assert!((rank_test(&[], &low) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn one_day_out_of_the_ordinary_is_chance_and_a_week_is_not() {
        let days = |counts: [u64; 7]| counts.map(|count| DayCount { count, of: 1_000 });
        let usual = days([10, 12, 9, 11, 10, 8, 10]);
        assert!(rate_change(&days([30, 28, 33, 31, 29, 30, 32]), &usual) < 1e-4);
        assert!(rate_change(&days([10, 12, 150, 11, 10, 8, 10]), &usual) > 0.05);
        assert!(rate_change(&days([11, 9, 12, 8, 10, 11, 10]), &usual) > 0.5);
    }
}
