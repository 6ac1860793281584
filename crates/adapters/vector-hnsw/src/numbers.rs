//! Vectors as they are kept: the numbers of a vector of length one in steps of 1/32767. A cosine is
//! wrong by about a hundred-thousandth, in half the memory; and a product of two is whole numbers, which
//! every processor multiplies eight at a time.

use altus4_search::Vector;

const SCALE: f32 = 32_767.0;

/// A vector's numbers, in steps.
pub(crate) fn rounded(vector: &Vector) -> Vec<i16> {
    #[expect(clippy::cast_possible_truncation, reason = "no number of a vector of length one is beyond one")]
    let step = |value: &f32| (value * SCALE).round() as i16;
    vector.values().iter().map(step).collect()
}

/// How near two are: the larger the nearer. No sum overflows, nor any part of one: the product of two
/// vectors is at most that of their lengths (Cauchy, Schwarz), and these are about 32,767.
pub(crate) fn product(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).fold(0_i32, |sum, (a, b)| sum.wrapping_add(i32::from(*a) * i32::from(*b)))
}

/// The cosine that a product stands for.
pub(crate) fn cosine(product: i32) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a cosine has no more digits than it needs")]
    let cosine = (f64::from(product) / f64::from(SCALE * SCALE)) as f32;
    cosine.clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(values: &[f32]) -> Vector {
        Vector::new(values).expect("it points somewhere")
    }

    #[test]
    fn a_cosine_loses_next_to_nothing() {
        for dimensions in [1_u16, 2, 3, 384, 1_536, 8_192] {
            let wave = |shift: f32| {
                let values: Vec<f32> =
                    (0..dimensions).map(|n| (f32::from(n) * 0.7 + shift).sin() + 0.1).collect();
                vector(&values)
            };
            for (a, b) in [(wave(0.0), wave(0.0)), (wave(0.0), wave(0.9)), (wave(0.0), wave(3.1))] {
                let kept = cosine(product(&rounded(&a), &rounded(&b)));
                assert!((kept - a.similarity(&b)).abs() < 1e-4, "{kept} in {dimensions} dimensions");
            }
        }
    }

    #[test]
    fn the_largest_products_do_not_overflow() {
        let (one, other) = (rounded(&vector(&[1.0])), rounded(&vector(&[-1.0])));
        assert_eq!(product(&one, &one), 32_767 * 32_767);
        assert_eq!(product(&one, &other), -32_767 * 32_767);
        let even = rounded(&vector(&vec![1.0; 8_192]));
        assert!((cosine(product(&even, &even)) - 1.0).abs() < 1e-3);
    }
}
