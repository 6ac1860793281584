//! The machine's randomness.

use altus4_kernel::{PortErrorKind, PortResult, RandomSource};
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::crypto;

/// The operating system's generator, through ring.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomSource;

impl RandomSource for SystemRandomSource {
    fn fill(&self, bytes: &mut [u8]) -> PortResult<()> {
        SystemRandom::new().fill(bytes).map_err(|_| crypto(PortErrorKind::Unavailable, "random_source.fill"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Gives 0, 1, 2 … at each call, for comparison with what others computed.
    pub(crate) struct Counting;

    impl RandomSource for Counting {
        fn fill(&self, bytes: &mut [u8]) -> PortResult<()> {
            bytes.iter_mut().zip(0..).for_each(|(byte, value)| *byte = value);
            Ok(())
        }
    }

    /// A machine without randomness.
    pub(crate) struct Exhausted;

    impl RandomSource for Exhausted {
        fn fill(&self, _: &mut [u8]) -> PortResult<()> {
            Err(crypto(PortErrorKind::Unavailable, "random_source.fill"))
        }
    }

    #[test]
    fn every_byte_is_filled_and_nothing_repeats() {
        let mut blocks = [[0; 32]; 64];
        for block in &mut blocks {
            SystemRandomSource.fill(block).expect("randomness");
        }
        for place in 0..32 {
            assert!(blocks.iter().any(|block| block[place] != 0), "byte {place} stays empty");
        }
        blocks.sort_unstable();
        assert!(blocks.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
