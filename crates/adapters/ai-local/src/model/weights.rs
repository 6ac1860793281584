//! The numbers of a model, as a safetensors file has them.

use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::error::ModelFault;

/// The tensors of a file.
pub(crate) struct Weights<'a> {
    file: SafeTensors<'a>,
    /// What stands before each name.
    prefix: &'static str,
}

impl<'a> Weights<'a> {
    /// Reads the list of tensors, which the format bounds and this checks.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, ModelFault> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| ModelFault::NotAModel(format!("model.safetensors can't be read: {error}")))?;
        // Where a model was saved as part of another one, it has a name in it.
        let is_part = file.tensor("bert.embeddings.LayerNorm.weight").is_ok();
        Ok(Self { file, prefix: if is_part { "bert." } else { "" } })
    }

    /// The numbers of a tensor that has this shape.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelFault> {
        let name = format!("{}{name}", self.prefix);
        let tensor = self
            .file
            .tensor(&name)
            .map_err(|_| ModelFault::NotAModel(format!("it has no tensor '{name}'")))?;
        if tensor.shape() != shape {
            let found = tensor.shape();
            return Err(ModelFault::NotAModel(format!("the tensor '{name}' is {found:?} and not {shape:?}")));
        }
        let numbers = numbers(&tensor).ok_or_else(|| {
            ModelFault::Unsupported(format!("its weights are of the type {:?}", tensor.dtype()))
        })?;
        if numbers.iter().all(|number| number.is_finite()) {
            Ok(numbers)
        } else {
            Err(ModelFault::NotAModel(format!("in the tensor '{name}' is what is no number")))
        }
    }
}

/// As single precision; `None` for whole numbers.
fn numbers(tensor: &TensorView<'_>) -> Option<Vec<f32>> {
    let bytes = tensor.data();
    let (pairs, fours) = (bytes.as_chunks().0.iter(), bytes.as_chunks().0.iter());
    match tensor.dtype() {
        Dtype::F32 => Some(fours.map(|four| f32::from_le_bytes(*four)).collect()),
        Dtype::F16 => Some(pairs.map(|pair| half(u16::from_le_bytes(*pair))).collect()),
        Dtype::BF16 => {
            Some(pairs.map(|pair| f32::from_bits(u32::from(u16::from_le_bytes(*pair)) << 16)).collect())
        }
        _ => None,
    }
}

/// A number of half precision (IEEE 754 binary16).
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * (-24_f32).exp2(),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        #[expect(clippy::cast_precision_loss, reason = "from -14 to 15")]
        _ => (1.0 + fraction / 1_024.0) * ((exponent - 15) as f32).exp2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read_exactly() {
        let known = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x7c00, f32::INFINITY),
        ];
        for (bits, number) in known {
            assert_eq!(half(bits).to_bits(), f32::to_bits(number), "{bits:x}: {}", half(bits));
        }
        assert!(half(0x7e00).is_nan());
    }
}
