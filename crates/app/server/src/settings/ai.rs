//! The AI provider: where it is, which models it is asked for, and what they cost.

use std::collections::BTreeMap;

use altus4_ai_openai::BaseUrl;
use altus4_api_keys::{AiPrices, TokenPrice};
use altus4_kernel::secrecy::SecretString;

use super::{
    parse::{items, shown},
    reader::Reader,
    variable::{AI_PRICES, OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_EMBEDDING_MODEL, OPENAI_MODEL},
};

/// In the place of a model: none, for a provider that has only the other.
const NO_MODEL: &str = "none";
const MAX_MODEL_CHARS: usize = 200;
/// Millionths of a cent in a US dollar, as digits behind its point.
const DECIMALS: usize = 8;
/// More dollars than a million tokens will ever cost.
const MAX_DOLLARS: u64 = 1_000_000;

/// A provider that is to be used.
#[derive(Debug)]
pub(crate) struct ProviderSettings {
    pub(crate) base_url: BaseUrl,
    pub(crate) api_key: Option<SecretString>,
    /// For texts.
    pub(crate) model: Option<String>,
    pub(crate) embedding_model: Option<String>,
}

impl ProviderSettings {
    /// The models that are asked for.
    pub(crate) fn models(&self) -> impl Iterator<Item = &str> {
        [&self.model, &self.embedding_model].into_iter().flatten().map(String::as_str)
    }
}

/// The provider, if there is a key or an address, and the prices.
pub(super) fn read(reader: &mut Reader<'_>) -> (Option<ProviderSettings>, AiPrices) {
    let api_key = reader.given(&OPENAI_API_KEY, api_key);
    let base_url = reader.given(&OPENAI_BASE_URL, base_url);
    let chosen = reader.parsed(&OPENAI_MODEL, model).flatten();
    let embedding_model = reader.parsed(&OPENAI_EMBEDDING_MODEL, model).flatten();
    let prices = reader.given(&AI_PRICES, prices).unwrap_or_default();
    let base_url = match (base_url, &api_key) {
        (None, Some(_)) => BaseUrl::OPENAI.parse().ok(),
        (given, _) => given,
    };
    let provider =
        base_url.map(|base_url| ProviderSettings { base_url, api_key, model: chosen, embedding_model });
    (provider, prices)
}

/// It is a secret, so what is wrong with it is said without it.
fn api_key(text: &str) -> Result<SecretString, String> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.into())
    } else {
        Err("has characters that no key has".to_owned())
    }
}

fn base_url(text: &str) -> Result<BaseUrl, String> {
    text.parse().map_err(|fault: altus4_ai_openai::BaseUrlFault| fault.to_string())
}

fn model(text: &str) -> Result<Option<String>, String> {
    match text {
        NO_MODEL => Ok(None),
        text if text.chars().count() > MAX_MODEL_CHARS || text.chars().any(char::is_control) => {
            Err(format!("is {}", shown(text)))
        }
        text => Ok(Some(text.to_owned())),
    }
}

/// An `Err` names everything that is wrong.
fn prices(text: &str) -> Result<AiPrices, String> {
    let (mut prices, mut wrong) = (BTreeMap::new(), Vec::new());
    for item in items(text) {
        match price(item) {
            None => wrong.push(format!("{}, which is none", shown(item))),
            Some((model, _)) if prices.contains_key(model) => wrong.push(format!("{} twice", shown(model))),
            Some((model, price)) => drop(prices.insert(model.to_owned(), price)),
        }
    }
    if wrong.is_empty() { Ok(AiPrices::new(prices)) } else { Err(format!("has {}", wrong.join(", and "))) }
}

/// `model=input` or `model=input/output`.
fn price(item: &str) -> Option<(&str, TokenPrice)> {
    let (model, price) = item.rsplit_once('=')?;
    let (input, output) = price.split_once('/').unwrap_or((price, "0"));
    let model = Some(model.trim()).filter(|model| !model.is_empty())?;
    Some((model, TokenPrice { input: microcents(input.trim())?, output: microcents(output.trim())? }))
}

/// Dollars as millionths of a cent, exactly.
fn microcents(dollars: &str) -> Option<u64> {
    let (whole, fraction) = dollars.split_once('.').unwrap_or((dollars, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > DECIMALS {
        return None;
    }
    let whole = whole.parse().ok().filter(|dollars: &u64| *dollars <= MAX_DOLLARS)?;
    format!("{whole}{fraction:0<DECIMALS$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_exactly() {
        for (dollars, expected) in [
            ("0", 0),
            ("0.02", 2_000_000),
            ("0.15", 15_000_000),
            ("10", 1_000_000_000),
            ("0.00000001", 1),
            ("1000000", 100_000_000_000_000),
        ] {
            assert_eq!(microcents(dollars), Some(expected), "{dollars}");
        }
        for none in ["", ".5", "5.", "-1", "+1", "1e3", "0.000000001", "1000001", "1,5", "١"] {
            assert_eq!(microcents(none), None, "{none}");
        }
    }

    #[test]
    fn a_model_has_one_price_for_reading_and_one_for_writing() {
        let price = |input, output| TokenPrice { input, output };
        let expected = AiPrices::new([
            ("text-embedding-3-small".to_owned(), price(2_000_000, 0)),
            ("qwen/qwen3:8b".to_owned(), price(15_000_000, 60_000_000)),
        ]);
        let text = "text-embedding-3-small=0.02, qwen/qwen3:8b = 0.15 / 0.60,";
        assert_eq!(prices(text), Ok(expected));
        assert_eq!(prices(""), Ok(AiPrices::default()));
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        let told = prices("gpt=cheap,=1,gpt,a=1,a=2,b=1/2/3").expect_err("wrong");
        let expected = "has 'gpt=cheap', which is none, and '=1', which is none, and 'gpt', which is none, \
            and 'a' twice, and 'b=1/2/3', which is none";
        assert_eq!(told, expected);
    }
}
