//! Vectors that lie as those of texts do: in heaps of unequal size, each flat (it has far fewer
//! directions than there are dimensions), all of them a little to one side.

use altus4_search::Vector;

/// As many as small models of sentences have.
pub(crate) const DIMENSIONS: usize = 384;
const HEAPS: usize = 1_000;
/// In how many directions a heap is wide, and how many such sets of directions there are.
const DIRECTIONS: usize = 24;
const KINDS: usize = 50;

/// So many, the same each time.
pub(crate) fn vectors(count: usize) -> Vec<Vector> {
    let mut dice = Dice(7);
    let side: Vec<f32> = (0..DIMENSIONS).map(|_| 0.3 * dice.normal()).collect();
    let heaps: Vec<Vec<f32>> =
        (0..HEAPS).map(|_| side.iter().map(|side| side + dice.normal()).collect()).collect();
    let kinds: Vec<Vec<Vec<f32>>> = (0..KINDS)
        .map(|_| (0..DIRECTIONS).map(|_| (0..DIMENSIONS).map(|_| dice.normal()).collect()).collect())
        .collect();
    (0..count)
        .map(|_| {
            // The smaller of two: the first heaps are large, the last small.
            let heap = dice.below(HEAPS).min(dice.below(HEAPS));
            let mut values = heaps[heap].clone();
            for direction in &kinds[heap % KINDS] {
                let far = 0.2 * dice.normal();
                for (value, step) in values.iter_mut().zip(direction) {
                    *value += far * step;
                }
            }
            for value in &mut values {
                *value += 0.4 * dice.normal();
            }
            Vector::new(&values).expect("it points somewhere")
        })
        .collect()
}

/// Numbers that look random and follow from a seed (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    fn share(&mut self) -> f32 {
        (self.roll() >> 40) as f32 / (1 << 24) as f32
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).unwrap_or_default()
    }

    /// About normal: the sum of twelve (Irwin, Hall).
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.share()).sum::<f32>() - 6.0
    }
}
