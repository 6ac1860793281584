//! What an AI provider's tokens cost.

use std::collections::BTreeMap;

use altus4_kernel::TokenUsage;

/// The tokens that a price is for.
const TOKENS: u128 = 1_000_000;

/// What a million tokens of a model cost, in millionths of a cent. A US dollar has 100,000,000 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenPrice {
    /// Of those that it reads.
    pub input: u64,
    /// Of those that it writes.
    pub output: u64,
}

/// The prices of models by their names. A model without one costs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AiPrices(BTreeMap<String, TokenPrice>);

impl AiPrices {
    /// These prices.
    #[must_use]
    pub fn new(prices: impl IntoIterator<Item = (String, TokenPrice)>) -> Self {
        Self(prices.into_iter().collect())
    }

    /// Whether there is a price for this model.
    #[must_use]
    pub fn knows(&self, model: &str) -> bool {
        self.0.contains_key(model)
    }

    /// What a call costs, in millionths of a cent: of both kinds of tokens together, rounded up once.
    #[must_use]
    pub fn cost(&self, usage: &TokenUsage) -> u64 {
        let price = self.0.get(&*usage.model).copied().unwrap_or_default();
        let of = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let sum = of(usage.input, price.input).saturating_add(of(usage.output, price.output));
        u64::try_from(sum.div_ceil(TOKENS)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(price: TokenPrice, input: u64, output: u64) -> u64 {
        let prices = AiPrices::new([("model".to_owned(), price)]);
        prices.cost(&TokenUsage { model: "model".into(), input, output })
    }

    #[test]
    fn a_call_costs_what_its_tokens_cost_rounded_up_once() {
        // 0.15 and 0.60 dollars for a million tokens.
        let chat = TokenPrice { input: 15_000_000, output: 60_000_000 };
        assert_eq!(cost(chat, 120, 30), 120 * 15 + 30 * 60);
        let cheap = TokenPrice { input: 1, output: 999_999 };
        assert_eq!(
            [cost(cheap, 0, 0), cost(cheap, 1, 0), cost(cheap, 1, 1), cost(cheap, 2, 1)],
            [0, 1, 1, 2]
        );
        let dear = TokenPrice { input: u64::MAX, output: u64::MAX };
        assert_eq!(cost(dear, u64::MAX, u64::MAX), u64::MAX);
    }

    #[test]
    fn a_model_without_a_price_costs_nothing() {
        let usage = TokenUsage { model: "local".into(), input: u64::MAX, output: u64::MAX };
        assert_eq!(AiPrices::default().cost(&usage), 0);
        assert!(!AiPrices::default().knows("local"));
    }
}
