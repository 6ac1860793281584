//! Tokens that only look genuine. Those that need the right signature to get that far have it, so
//! that it is the check under test that refuses them.

use ring::hmac;

use super::*;

fn sign(message: &str, key: &NamedKey) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.bytes.expose_secret());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()))
}

/// A token of these JSON texts, rightly signed with `issuer`'s key.
fn signed(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = sign(&message, &key("k1", 1));
    format!("{message}.{signature}")
}

fn header() -> Value {
    json!({ "alg": "HS256", "typ": "at+jwt", "kid": "k1" })
}

fn claims() -> Value {
    let now = now().unix_seconds();
    json!({
        "iss": "altus4", "aud": "altus4-api", "jti": "AAECAwQFBgcICQoLDA0ODw",
        "sub": "00000000-0000-0000-0000-000000000001", "sid": "00000000-0000-0000-0000-000000000002",
        "iat": now, "nbf": now, "exp": now + 900,
    })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().expect("an object").remove(name).expect("it was there");
    object
}

fn verify(token: &str) -> Result<AccessClaims, TokenFault> {
    issuer().verify(token, now())
}

#[track_caller]
fn refuse(token: &str) {
    assert_eq!(verify(token), Err(TokenFault::Invalid), "{token:.600}");
}

#[track_caller]
fn refuse_header(header: &Value) {
    assert_eq!(
        verify(&signed(&header.to_string(), &claims().to_string())),
        Err(TokenFault::Invalid),
        "{header}"
    );
}

#[track_caller]
fn refuse_claims(claims: &Value) {
    assert_eq!(
        verify(&signed(&header().to_string(), &claims.to_string())),
        Err(TokenFault::Invalid),
        "{claims}"
    );
}

#[test]
fn a_token_signed_by_these_tests_is_genuine() {
    assert_eq!(verify(&signed(&header().to_string(), &claims().to_string())), Ok(claims_at(now())));
}

#[test]
fn every_flipped_bit_of_a_token_is_refused() {
    let issuer = issuer();
    let token = issue(&issuer);
    for place in 0..token.len() {
        for bit in 0..7 {
            let mut changed = token.clone().into_bytes();
            changed[place] ^= 1 << bit;
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(issuer.verify(&changed, now()), Err(TokenFault::Invalid), "{place}: {changed}");
        }
    }
}

#[test]
fn every_flipped_bit_of_a_signature_is_refused() {
    let issuer = issuer();
    let token = issue(&issuer);
    let (message, signature) = token.rsplit_once('.').expect("a signature");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let refuse = |signature: &[u8]| {
        let changed = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        assert_eq!(issuer.verify(&changed, now()), Err(TokenFault::Invalid), "{changed}");
    };
    for bit in 0..256 {
        let mut changed = signature.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        refuse(&changed);
    }
    for length in 0..32 {
        refuse(&signature[..length]);
    }
    refuse(&[signature.as_slice(), &[0]].concat());
    refuse(&[signature.as_slice(), &signature].concat());
}

#[test]
fn a_token_cut_or_extended_anywhere_is_refused() {
    let token = issue(&issuer());
    for length in 0..token.len() {
        refuse(&token[..length]);
    }
    for extended in [
        format!("{token}A"),
        format!("{token}="),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{token}"),
        format!(" {token}"),
        format!("{token}\n"),
        format!("Bearer {token}"),
        token.replace('.', ".."),
        token.replacen('.', "%2e", 1),
    ] {
        refuse(&extended);
    }
}

#[test]
fn parts_of_two_genuine_tokens_make_no_third() {
    let issuer = issuer();
    let (one, other) = (issue(&issuer), issue(&issuer));
    let (message, _) = one.rsplit_once('.').expect("a signature");
    let (_, signature) = other.rsplit_once('.').expect("a signature");
    refuse(&format!("{message}.{signature}"));
}

#[test]
fn a_token_without_a_signature_is_refused() {
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256"] {
        let message = signed(&with(header(), "alg", json!(alg)).to_string(), &claims().to_string());
        let (message, _) = message.rsplit_once('.').expect("a signature");
        refuse(&format!("{message}."));
        refuse(message);
        refuse_header(&with(header(), "alg", json!(alg.replace("HS256", "hs256"))));
    }
}

#[test]
fn no_other_algorithm_is_accepted_not_even_with_the_right_signature() {
    for alg in [
        "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
        "EdDSA",
    ] {
        refuse_header(&with(header(), "alg", json!(alg)));
    }
    for alg in [json!(null), json!(["HS256"]), json!(256), json!({})] {
        refuse_header(&with(header(), "alg", alg));
    }
    refuse_header(&without(header(), "alg"));
}

#[test]
fn a_signature_under_a_longer_hash_is_refused() {
    let text = with(header(), "alg", json!("HS512")).to_string();
    let message =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(claims().to_string()));
    let secret = key("k1", 1);
    let signature =
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, secret.bytes.expose_secret()), message.as_bytes());
    refuse(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)));
}

#[test]
fn tokens_of_another_type_are_refused() {
    for typ in ["JWT", "AT+JWT", "application/at+jwt", "rt+jwt", "id_token", ""] {
        refuse_header(&with(header(), "typ", json!(typ)));
    }
    refuse_header(&with(header(), "typ", json!(null)));
    refuse_header(&without(header(), "typ"));
}

#[test]
fn a_key_that_is_not_known_is_refused_whatever_its_name() {
    for kid in ["k2", "K1", "", "k1 ", "k1\0", "../../../../dev/null", "/etc/passwd", "' OR 1=1 --", "0"] {
        refuse_header(&with(header(), "kid", json!(kid)));
    }
    for kid in [json!(null), json!(0), json!(["k1"]), json!({ "k1": "k1" })] {
        refuse_header(&with(header(), "kid", kid));
    }
    refuse_header(&without(header(), "kid"));
}

#[test]
fn a_token_cannot_name_another_known_key_than_signed_it() {
    let issuer = issuer_with(vec![key("k2", 2), key("k1", 1)], SystemRandomSource);
    let token = signed(&with(header(), "kid", json!("k2")).to_string(), &claims().to_string());
    assert_eq!(issuer.verify(&token, now()), Err(TokenFault::Invalid));
}

#[test]
fn a_header_may_say_nothing_else() {
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("crit", json!("b64")),
        ("b64", json!(false)),
        ("jku", json!("https://attacker.example/keys.json")),
        ("x5u", json!("https://attacker.example/cert.pem")),
        ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("whatever", json!(1)),
    ] {
        refuse_header(&with(header(), name, value));
    }
    let twice = r#"{"alg":"HS256","alg":"none","typ":"at+jwt","kid":"k1"}"#;
    refuse(&signed(twice, &claims().to_string()));
    for text in ["", "null", "[]", "\"HS256\"", "{", "{}", "é"] {
        refuse(&signed(text, &claims().to_string()));
    }
}

#[test]
fn every_claim_is_required() {
    for name in ["iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"] {
        refuse_claims(&without(claims(), name));
        refuse_claims(&with(claims(), name, json!(null)));
        refuse_claims(&with(claims(), name, json!([claims()[name]])));
        refuse_claims(&with(claims(), name, json!({})));
        refuse_claims(&with(claims(), name, json!(true)));
    }
    for text in ["", "null", "[]", "{", "{}", "1", "é"] {
        refuse(&signed(&header().to_string(), text));
    }
}

#[test]
fn a_claim_said_twice_is_refused() {
    for name in ["exp", "aud", "sub"] {
        let twice = claims().to_string().replacen('{', &format!("{{\"{name}\":{},", claims()[name]), 1);
        refuse(&signed(&header().to_string(), &twice));
    }
}

#[test]
fn times_are_whole_numbers() {
    let soon = now().unix_seconds();
    for name in ["exp", "nbf", "iat"] {
        for odd in ["\"NOW\"", "NOW.5", "NOW.0", "NOWe0", "1e300", "-1", "-9223372036854775809", "1e9"] {
            let text = with(claims(), name, json!("PLACE")).to_string();
            let text = text.replace("\"PLACE\"", &odd.replace("NOW", &soon.to_string()));
            assert_eq!(verify(&signed(&header().to_string(), &text)), Err(TokenFault::Invalid), "{text}");
        }
    }
}

#[test]
fn times_beyond_the_calendar_are_refused() {
    for name in ["exp", "nbf", "iat"] {
        for beyond in [json!(u64::MAX), json!(i64::MAX), json!(253_402_300_800_u64)] {
            refuse_claims(&with(claims(), name, beyond));
        }
    }
}

#[test]
fn another_issuer_or_audience_is_refused() {
    for name in ["iss", "aud"] {
        let right = claims()[name].clone();
        let text = right.as_str().expect("a text");
        for wrong in [
            json!(""),
            json!("other"),
            json!(text.to_uppercase()),
            json!(format!("{text} ")),
            json!(text[..text.len() - 1]),
            json!([text]),
            json!([text, "other"]),
            json!([]),
            json!(1),
        ] {
            refuse_claims(&with(claims(), name, wrong));
        }
    }
    let swapped = with(with(claims(), "iss", json!("altus4-api")), "aud", json!("altus4"));
    refuse_claims(&swapped);
}

#[test]
fn ids_have_to_be_ids() {
    for name in ["sub", "sid"] {
        for wrong in [json!(""), json!("1"), json!(1), json!("00000000-0000-0000-0000-00000000000g")] {
            refuse_claims(&with(claims(), name, wrong));
        }
    }
}

#[test]
fn a_token_from_the_future_is_refused_by_either_of_its_times() {
    let now = now().unix_seconds();
    let verdict = |name: &str, ahead: i64| {
        let claims = with(claims(), name, json!(now + ahead));
        verify(&signed(&header().to_string(), &claims.to_string())).is_ok()
    };
    assert!(verdict("nbf", 30) && !verdict("nbf", 31));
    assert!(verdict("iat", 60) && !verdict("iat", 61));
}

#[test]
fn only_a_genuine_token_is_called_expired() {
    let over = with(claims(), "exp", json!(now().unix_seconds()));
    let token = signed(&header().to_string(), &over.to_string());
    assert_eq!(verify(&token), Err(TokenFault::Expired));
    refuse_claims(&with(over.clone(), "exp", json!(-1)));
    refuse_claims(&with(over.clone(), "aud", json!("other")));
    refuse_claims(&with(over.clone(), "iss", json!("other")));
    refuse_claims(&with(over.clone(), "nbf", json!(now().unix_seconds() + 31)));
    refuse_claims(&without(over.clone(), "jti"));
    refuse(&signed(&with(header(), "typ", json!("JWT")).to_string(), &over.to_string()));
    let (message, _) = token.rsplit_once('.').expect("a signature");
    refuse(&format!("{message}.{}", sign(message, &key("k1", 2))));
}

#[test]
fn a_token_over_4096_characters_is_refused_however_genuine() {
    let of_length = |jti: usize| {
        signed(&header().to_string(), &with(claims(), "jti", json!("x".repeat(jti))).to_string())
    };
    let within = (1..4096).map(of_length).take_while(|token| token.len() <= 4096).last().expect("a token");
    assert!(within.len() > 4090 && verify(&within).is_ok(), "{} characters", within.len());
    let beyond = (1..4096).map(of_length).find(|token| token.len() > 4096).expect("a token");
    refuse(&beyond);
}
