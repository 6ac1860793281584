//! A text's place among meanings.

use std::sync::Arc;

/// An embedding of length one, so that its product with another is the cosine of their angle. A clone
/// costs nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector(Arc<[f32]>);

impl Vector {
    /// The most dimensions that are taken from a provider.
    pub const MAX_DIMENSIONS: usize = 8_192;

    /// The vector that points where these numbers do; `None` where they point nowhere: there are none
    /// or too many of them, all are zero, or one is no number.
    #[must_use]
    pub fn new(values: &[f32]) -> Option<Self> {
        if values.is_empty() || values.len() > Self::MAX_DIMENSIONS {
            return None;
        }
        let length = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        let is_direction = length.is_finite() && length > f64::from(f32::MIN_POSITIVE);
        #[expect(clippy::cast_possible_truncation, reason = "a share of one keeps its seven digits")]
        let share = |value: &f32| (f64::from(*value) / length) as f32;
        is_direction.then(|| Self(values.iter().map(share).collect()))
    }

    /// Its numbers.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// How near in meaning: from -1 to 1, the cosine of the angle between them. 0 for vectors of
    /// different dimensions, which have nothing to do with one another.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        // Eight sums at once, which the compiler puts in one register.
        let mut sums = [0.0_f32; 8];
        let (own, others) = (self.0.chunks_exact(8), other.0.chunks_exact(8));
        let rest: f32 = own.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
        for (a, b) in own.zip(others) {
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += a * b;
            }
        }
        (sums.iter().sum::<f32>() + rest).clamp(-1.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_has_the_length_of_one() {
        let vector = Vector::new(&[3.0, 4.0]).expect("a direction");
        assert_eq!(vector.values(), [0.6, 0.8]);
    }

    #[test]
    fn numbers_that_point_nowhere_are_no_vector() {
        let too_many = vec![1.0; Vector::MAX_DIMENSIONS + 1];
        for values in [&[][..], &[0.0, 0.0], &[1.0, f32::NAN], &[f32::INFINITY, 1.0], &too_many] {
            assert_eq!(Vector::new(values), None);
        }
        assert!(Vector::new(&[f32::MAX, f32::MAX]).is_some());
    }

    #[test]
    fn similarity_is_the_cosine() {
        let vector = |values: &[f32]| Vector::new(values).expect("a direction");
        let long: Vec<f32> = (0..19_u8).map(f32::from).collect();
        let opposite: Vec<f32> = long.iter().map(|value| -value).collect();
        assert!((vector(&long).similarity(&vector(&long)) - 1.0).abs() < 1e-6);
        assert!((vector(&long).similarity(&vector(&opposite)) + 1.0).abs() < 1e-6);
        assert!(vector(&[1.0, 0.0]).similarity(&vector(&[0.0, 2.0])).abs() < 1e-6);
        assert!(vector(&[1.0, 0.0]).similarity(&vector(&[1.0])).abs() < 1e-6);
    }
}
