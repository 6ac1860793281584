//! The settings of the AI provider.

use altus4_kernel::secrecy::ExposeSecret;

use super::{read, told};

#[test]
fn an_ai_provider_is_there_when_it_has_a_key_or_an_address() {
    let provider = |variables: &[(&str, &str)]| read(variables).unwrap().ai;
    assert!(provider(&[("OPENAI_MODEL", "gpt"), ("ALTUS4_AI_PRICES", "gpt=1")]).is_none());
    let openai = provider(&[("OPENAI_API_KEY", "sk-1")]).unwrap();
    assert_eq!(openai.base_url.to_string(), "https://api.openai.com/v1");
    assert_eq!(openai.api_key.as_ref().map(ExposeSecret::expose_secret), Some("sk-1"));
    assert_eq!(openai.models().collect::<Vec<_>>(), ["gpt-4o-mini", "text-embedding-3-small"]);
    let own = provider(&[
        ("OPENAI_BASE_URL", "http://127.0.0.1:11434"),
        ("OPENAI_MODEL", "none"),
        ("OPENAI_EMBEDDING_MODEL", "nomic-embed-text"),
    ]);
    let own = own.unwrap();
    assert!(own.api_key.is_none() && own.model.is_none());
    assert_eq!(own.base_url.to_string(), "http://127.0.0.1:11434/v1");
    assert_eq!(own.embedding_model.as_deref(), Some("nomic-embed-text"));
}

#[test]
fn a_model_that_is_used_without_a_price_is_told() {
    let notices = |prices| {
        let settings = read(&[("OPENAI_API_KEY", "sk-canary"), ("ALTUS4_AI_PRICES", prices)]).unwrap();
        settings.notices.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let told = "the AI model gpt-4o-mini has no price in ALTUS4_AI_PRICES: its calls count as free";
    assert_eq!(notices("text-embedding-3-small=0.02"), [told]);
    assert!(notices("text-embedding-3-small=0.02,gpt-4o-mini=0.15/0.60").is_empty());
    assert!(read(&[("OPENAI_MODEL", "gpt")]).unwrap().notices.is_empty(), "nobody calls it");
}

#[test]
fn what_is_wrong_with_a_provider_is_told() {
    for (name, value, said) in [
        ("OPENAI_API_KEY", "sk canary", "has characters that no key has"),
        ("OPENAI_BASE_URL", "api.openai.com", "is no URL; it should be https://"),
        ("OPENAI_BASE_URL", "ftp://h", "begins with neither https:// nor http://"),
        ("OPENAI_BASE_URL", "https://sk:pw@h/v1", "holds a user name or a password"),
        ("OPENAI_BASE_URL", "https://h/v1?key=sk", "has a '?' or a '#'"),
        ("OPENAI_MODEL", "two\nlines", "the provider's name of a model, or 'none'"),
        ("ALTUS4_AI_PRICES", "gpt-4o-mini=cheap", "has 'gpt-4o-mini=cheap', which is none"),
    ] {
        let told = told(&[(name, value)]);
        assert!(told.starts_with(&format!("a setting is wrong: {name} ")), "{told}");
        assert!(told.contains(said) && !told.contains("canary") && !told.contains("pw"), "{told}");
    }
}
