//! Products of matrices.

use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::{Matrix, NdTensorView};

use super::weights::Weights;
use crate::error::ModelFault;

/// What multiplies matrices on this machine; each thread has its own.
pub(crate) struct Kernels(GemmExecutor<f32>);

impl Kernels {
    /// The fastest that this processor can run.
    pub(crate) fn new() -> Self {
        Self(GemmExecutor::new())
    }

    /// `alpha · a · b`.
    ///
    /// # Panics
    /// If the shapes don't fit.
    pub(crate) fn multiply(&self, out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, alpha: f32) {
        let options = GemmOptions { alpha, ..GemmOptions::default() };
        self.0.gemm(out, GemmInputA::Unpacked(a), GemmInputB::Unpacked(b), options).expect("shapes that fit");
    }
}

/// A layer's weights and biases.
pub(crate) struct Linear {
    weights: PackedBMatrix<f32>,
    biases: Vec<f32>,
    from: usize,
}

impl Linear {
    /// The layer that has these names, one beside the other.
    pub(crate) fn read(
        weights: &Weights<'_>,
        names: &[String],
        [to, from]: [usize; 2],
        kernels: &Kernels,
    ) -> Result<Self, ModelFault> {
        let (mut all, mut biases) = (Vec::new(), Vec::new());
        for name in names {
            all.extend(weights.tensor(&format!("{name}.weight"), &[to, from])?);
            biases.extend(weights.tensor(&format!("{name}.bias"), &[to])?);
        }
        let rows = NdTensorView::from_data([biases.len(), from], all.as_slice());
        Ok(Self { weights: kernels.0.prepack_b(rows.transposed()), biases, from })
    }

    /// What comes out of it for each of the rows.
    pub(crate) fn run(&self, kernels: &Kernels, rows: &[f32]) -> Vec<f32> {
        let count = rows.len() / self.from;
        let mut out = vec![0.0; count * self.biases.len()];
        let rows = NdTensorView::from_data([count, self.from], rows);
        let options = GemmOptions { bias: Some(BiasVector::Row(&self.biases)), ..GemmOptions::default() };
        kernels
            .0
            .gemm(&mut out, GemmInputA::Unpacked(rows), GemmInputB::Packed(&self.weights), options)
            .expect("shapes that were checked");
        out
    }
}
