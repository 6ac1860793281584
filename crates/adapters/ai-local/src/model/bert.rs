//! BERT's encoder (Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2018), and
//! sentences from it (Reimers and Gurevych, "Sentence-BERT", 2019).
//!
//! Texts of any lengths stand one after the other without padding: only attention has to know where
//! one ends, and nothing is computed that isn't used.

use altus4_search::Vector;
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_tensor::NdTensorView;
use rten_vecmath::{ApproxGelu, Gelu, Normalize, NormalizeOptions, Softmax, Sum, SumSquareSub};

use super::{
    description::{Activation, Description, Pooling},
    linear::{Kernels, Linear},
    weights::Weights,
};
use crate::error::ModelFault;

/// The encoder.
pub(crate) struct Bert {
    words: Vec<f32>,
    /// With the type that all tokens of a single text have.
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    dimensions: usize,
    heads: usize,
    activation: Activation,
    pooling: Pooling,
}

struct Layer {
    queries_keys_values: Linear,
    attended: Linear,
    attended_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

struct Norm {
    scale: Vec<f32>,
    bias: Vec<f32>,
    epsilon: f32,
}

impl Bert {
    /// The encoder with these weights.
    pub(crate) fn new(
        weights: &Weights<'_>,
        description: &Description,
        kernels: &Kernels,
    ) -> Result<Self, ModelFault> {
        let Description { dimensions, words, positions, types, .. } = *description;
        let types = weights.tensor("embeddings.token_type_embeddings.weight", &[types, dimensions])?;
        let mut places = weights.tensor("embeddings.position_embeddings.weight", &[positions, dimensions])?;
        for place in places.chunks_exact_mut(dimensions) {
            add(place, &types[..dimensions]);
        }
        Ok(Self {
            words: weights.tensor("embeddings.word_embeddings.weight", &[words, dimensions])?,
            positions: places,
            norm: Norm::read(weights, "embeddings.LayerNorm", description)?,
            layers: (0..description.layers)
                .map(|number| Layer::read(weights, number, description, kernels))
                .collect::<Result<_, _>>()?,
            dimensions,
            heads: description.heads,
            activation: description.activation,
            pooling: description.pooling,
        })
    }

    /// The vector of each text, given as its tokens: at least one, and no more than the model has
    /// positions. `None` where its numbers point nowhere.
    pub(crate) fn run(&self, kernels: &Kernels, texts: &[&[u32]]) -> Vec<Option<Vector>> {
        let mut rows = self.embedded(texts);
        for layer in &self.layers {
            rows = self.layer(kernels, layer, &rows, texts);
        }
        let mut begin = 0;
        let pooled = texts.iter().map(|tokens| {
            let own = &rows[begin * self.dimensions..][..tokens.len() * self.dimensions];
            begin += tokens.len();
            Vector::new(&self.pooled(own))
        });
        pooled.collect()
    }

    fn embedded(&self, texts: &[&[u32]]) -> Vec<f32> {
        let count: usize = texts.iter().map(|tokens| tokens.len()).sum();
        let mut rows = Vec::with_capacity(count * self.dimensions);
        for tokens in texts {
            for (token, place) in tokens.iter().zip(self.positions.chunks_exact(self.dimensions)) {
                let word = &self.words[*token as usize * self.dimensions..][..self.dimensions];
                rows.extend(word.iter().zip(place).map(|(word, place)| word + place));
            }
        }
        self.norm.run(&mut rows);
        rows
    }

    fn layer(&self, kernels: &Kernels, layer: &Layer, rows: &[f32], texts: &[&[u32]]) -> Vec<f32> {
        let seen = self.attention(kernels, &layer.queries_keys_values.run(kernels, rows), texts);
        let mut attended = layer.attended.run(kernels, &seen);
        add(&mut attended, rows);
        layer.attended_norm.run(&mut attended);
        let mut up = layer.up.run(kernels, &attended);
        match self.activation {
            Activation::Gelu => Gelu {}.map_mut(&mut up),
            Activation::GeluTanh => ApproxGelu {}.map_mut(&mut up),
            Activation::Relu => up.iter_mut().for_each(|value| *value = value.max(0.0)),
        }
        let mut out = layer.down.run(kernels, &up);
        add(&mut out, &attended);
        layer.norm.run(&mut out);
        out
    }

    /// Each token's mixture of the values of its own text (Vaswani et al., "Attention Is All You
    /// Need", 2017, 3.2).
    fn attention(&self, kernels: &Kernels, projected: &[f32], texts: &[&[u32]]) -> Vec<f32> {
        let (dimensions, width) = (self.dimensions, self.dimensions / self.heads);
        let count = projected.len() / (3 * dimensions);
        let projected = NdTensorView::from_data([count, 3 * dimensions], projected);
        let scale = 1.0 / (width as f32).sqrt();
        let mut out = vec![0.0; count * dimensions];
        let mut begin = 0;
        for tokens in texts {
            let (length, end) = (tokens.len(), begin + tokens.len());
            let mut scores = vec![0.0; length * length];
            let mut mixed = vec![0.0; length * width];
            for head in 0..self.heads {
                let part = |number: usize| {
                    let first = number * dimensions + head * width;
                    projected.slice((begin..end, first..first + width))
                };
                let (queries, keys, values) = (part(0), part(1), part(2));
                kernels.multiply(&mut scores, queries, keys.transposed(), scale);
                for row in scores.chunks_exact_mut(length) {
                    Softmax::new_mut(row).dispatch();
                }
                let shares = NdTensorView::from_data([length, length], scores.as_slice());
                kernels.multiply(&mut mixed, shares, values, 1.0);
                for (row, mixed) in (begin..end).zip(mixed.chunks_exact(width)) {
                    out[row * dimensions + head * width..][..width].copy_from_slice(mixed);
                }
            }
            begin = end;
        }
        out
    }

    fn pooled(&self, rows: &[f32]) -> Vec<f32> {
        let mut first = rows[..self.dimensions].to_vec();
        if self.pooling == Pooling::Mean {
            for row in rows.chunks_exact(self.dimensions).skip(1) {
                add(&mut first, row);
            }
        }
        // The length of what comes of it is one in any case: the sum will do for the mean.
        first
    }
}

impl Layer {
    fn read(
        weights: &Weights<'_>,
        number: usize,
        description: &Description,
        kernels: &Kernels,
    ) -> Result<Self, ModelFault> {
        let Description { dimensions, inner, .. } = *description;
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let parts = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        let linear = |part: &str, shape| Linear::read(weights, &[name(part)], shape, kernels);
        Ok(Self {
            queries_keys_values: Linear::read(weights, &parts, [dimensions, dimensions], kernels)?,
            attended: linear("attention.output.dense", [dimensions, dimensions])?,
            attended_norm: Norm::read(weights, &name("attention.output.LayerNorm"), description)?,
            up: linear("intermediate.dense", [inner, dimensions])?,
            down: linear("output.dense", [dimensions, inner])?,
            norm: Norm::read(weights, &name("output.LayerNorm"), description)?,
        })
    }
}

impl Norm {
    fn read(weights: &Weights<'_>, name: &str, description: &Description) -> Result<Self, ModelFault> {
        Ok(Self {
            scale: weights.tensor(&format!("{name}.weight"), &[description.dimensions])?,
            bias: weights.tensor(&format!("{name}.bias"), &[description.dimensions])?,
            epsilon: description.epsilon,
        })
    }

    fn run(&self, rows: &mut [f32]) {
        let length = self.scale.len();
        for row in rows.chunks_exact_mut(length) {
            let mean = Sum::new(row).dispatch() / length as f32;
            let variance = SumSquareSub::new(row, mean).dispatch() / length as f32;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: 1.0 / (variance + self.epsilon).sqrt(),
                element_scale: Some(&self.scale),
                bias: 0.0,
                element_bias: Some(&self.bias),
            };
            Normalize::new_mut(row, options).dispatch();
        }
    }
}

fn add(to: &mut [f32], what: &[f32]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what;
    }
}
