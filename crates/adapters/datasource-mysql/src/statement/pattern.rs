//! Regular expressions that find words in a text as the full-text indexes would: whole, without
//! case and accents. For words that no index holds, for phrases, and for columns without an index.
//!
//! One match reads a text once. (Rewriting texts instead, to compare them by `LIKE`, takes MariaDB
//! time that grows with the square of their length: two minutes for a megabyte.)

use altus4_search::TermText;

/// What words consist of, as a class of PCRE (MariaDB) and of ICU (MySQL 8).
const OF_WORDS: &str = r"\p{L}\p{N}\p{M}_";

/// How many letters of an expression may have accents. A letter takes up to 300 bytes of what PCRE
/// makes of the expression, which has 64 KiB for all of it.
const MAX_LETTERS: usize = 80;

/// The expressions that together find one of these terms: one, unless there are many.
pub(super) fn for_any_of(terms: &[&TermText]) -> Vec<String> {
    let mut expressions = Vec::new();
    let mut some: Vec<&TermText> = Vec::new();
    let mut letters = 0;
    for term in terms {
        let more = length(term);
        if !some.is_empty() && letters + more > MAX_LETTERS {
            expressions.push(any_of(&some));
            some.clear();
            letters = 0;
        }
        some.push(term);
        letters += more;
    }
    if !some.is_empty() {
        expressions.push(any_of(&some));
    }
    expressions
}

fn length(term: &TermText) -> usize {
    match term {
        TermText::Word(text) | TermText::Prefix(text) => text.chars().count(),
        TermText::Phrase(words) => words.iter().map(|text| text.chars().count()).sum(),
    }
}

/// The word in lower case and without accents, as collations take it.
pub(super) fn folded(text: &str) -> String {
    text.chars().filter(|c| !is_accent(*c)).map(base).collect()
}

/// The expression that finds one of these terms. Each begins and ends where no letter or digit is
/// next to it; an apostrophe inside a word may be either of the two that people type.
fn any_of(terms: &[&TermText]) -> String {
    let each: Vec<_> = terms.iter().map(|term| body(term)).collect();
    format!("(?i)(?<![{OF_WORDS}])(?:{})", each.join("|"))
}

fn body(term: &TermText) -> String {
    let end = format!("(?![{OF_WORDS}])");
    match term {
        TermText::Word(text) => word(text) + &end,
        TermText::Prefix(text) => word(text),
        TermText::Phrase(words) => {
            let words: Vec<_> = words.iter().map(|text| word(text)).collect();
            words.join(&format!("[^{OF_WORDS}]+")) + &end
        }
    }
}

fn word(text: &str) -> String {
    let letters = text.chars().filter(|c| !is_accent(*c)).enumerate();
    letters.map(|(at, c)| letter(c, at < MAX_LETTERS)).collect()
}

/// Whether it is an accent by itself, which is passed over in the text too.
pub(super) fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36F}').contains(&c)
}

/// The letter that this is with an accent, or itself.
fn base(c: char) -> char {
    let accented = |(_, letters): &&(char, &str)| letters.contains(c);
    ACCENTED.iter().find(accented).map_or(c, |(base, _)| *base)
}

/// A letter, with any accent if it may have one, written as a character of its own or after it.
fn letter(c: char, may_have_accents: bool) -> String {
    if matches!(c, '\'' | '’') {
        return "['’]".to_owned();
    }
    let base = base(c);
    let letters = ACCENTED.iter().find(|(plain, _)| *plain == base).map_or("", |(_, letters)| *letters);
    // Whatever isn't a letter or a digit could mean something.
    let plain = match base {
        base if base.is_alphanumeric() || !base.is_ascii() => base.to_string(),
        base => format!("\\x{{{:X}}}", u32::from(base)),
    };
    match letters {
        letters if letters.is_empty() || !may_have_accents => plain,
        letters => format!(r"[{plain}{letters}]\p{{M}}*"),
    }
}

/// Letters and what Unicode takes apart into each of them and accents (the canonical decompositions
/// of the Latin, Greek and Cyrillic alphabets).
const ACCENTED: [(char, &str); 54] = [
    ('a', "àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ"),
    ('b', "ḃḅḇ"),
    ('c', "çćĉċčḉ"),
    ('d', "ďḋḍḏḑḓ"),
    ('e', "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ"),
    ('f', "ḟ"),
    ('g', "ĝğġģǧǵḡ"),
    ('h', "ĥȟḣḥḧḩḫẖ"),
    ('i', "ìíîïĩīĭįǐȉȋḭḯỉị"),
    ('j', "ĵǰ"),
    ('k', "ķǩḱḳḵ"),
    ('l', "ĺļľḷḹḻḽ"),
    ('m', "ḿṁṃ"),
    ('n', "ñńņňǹṅṇṉṋ"),
    ('o', "òóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ"),
    ('p', "ṕṗ"),
    ('r', "ŕŗřȑȓṙṛṝṟ"),
    ('s', "śŝşšșṡṣṥṧṩ"),
    ('t', "ţťțṫṭṯṱẗ"),
    ('u', "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự"),
    ('v', "ṽṿ"),
    ('w', "ŵẁẃẅẇẉẘ"),
    ('x', "ẋẍ"),
    ('y', "ýÿŷȳẏẙỳỵỷỹ"),
    ('z', "źżžẑẓẕ"),
    ('æ', "ǣǽ"),
    ('ø', "ǿ"),
    ('ſ', "ẛ"),
    ('ʒ', "ǯ"),
    ('α', "άἀἁἂἃἄἅἆἇὰᾀᾁᾂᾃᾄᾅᾆᾇᾰᾱᾲᾳᾴᾶᾷ"),
    ('ε', "έἐἑἒἓἔἕὲ"),
    ('η', "ήἠἡἢἣἤἥἦἧὴᾐᾑᾒᾓᾔᾕᾖᾗῂῃῄῆῇ"),
    ('ι', "ΐίϊἰἱἲἳἴἵἶἷὶιῐῑῒῖῗ"),
    ('ο', "όὀὁὂὃὄὅὸ"),
    ('ρ', "ῤῥ"),
    ('υ', "ΰϋύὐὑὒὓὔὕὖὗὺῠῡῢῦῧ"),
    ('ω', "ώὠὡὢὣὤὥὦὧὼᾠᾡᾢᾣᾤᾥᾦᾧῲῳῴῶῷ"),
    ('ϒ', "ϓϔ"),
    ('а', "ӑӓ"),
    ('г', "ѓ"),
    ('е', "ѐёӗ"),
    ('ж', "ӂӝ"),
    ('з', "ӟ"),
    ('и', "йѝӣӥ"),
    ('к', "ќ"),
    ('о', "ӧ"),
    ('у', "ўӯӱӳ"),
    ('ч', "ӵ"),
    ('ы', "ӹ"),
    ('э', "ӭ"),
    ('і', "ї"),
    ('ѵ', "ѷ"),
    ('ә', "ӛ"),
    ('ө', "ӫ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of_word(text: &str) -> String {
        any_of(&[&TermText::Word(text.into())])
    }

    #[test]
    fn a_word_is_found_whole_and_with_any_accents() {
        assert_eq!(of_word("x2"), r"(?i)(?<![\p{L}\p{N}\p{M}_])(?:[xẋẍ]\p{M}*2(?![\p{L}\p{N}\p{M}_]))");
        assert_eq!(of_word("ẍ2"), of_word("x2"));
        assert_eq!(of_word("x\u{308}2"), of_word("x2"));
        assert!(of_word("q'q").contains("q['’]q"));
    }

    #[test]
    fn nothing_of_a_word_is_an_operator() {
        let found = of_word(".*[\\e$(?");
        assert!(found.contains(r"\x{2E}\x{2A}\x{5B}\x{5C}[eèé"), "{found}");
        assert!(found.contains(r"\x{24}\x{28}\x{3F}"), "{found}");
    }

    #[test]
    fn long_lists_are_cut_before_they_are_too_long_for_one_expression() {
        let words: Vec<_> = (0..30).map(|n| TermText::Word(format!("word{n:06}"))).collect();
        let words: Vec<_> = words.iter().collect();
        assert_eq!(for_any_of(&words).len(), 4);
        assert_eq!(for_any_of(&words[..1]).len(), 1);
        let giant = TermText::Word("o".repeat(5_000));
        assert!(for_any_of(&[&giant])[0].len() < 20_000);
    }

    #[test]
    fn terms_of_every_kind_are_looked_for_at_once() {
        let phrase = TermText::Phrase(vec!["q".into(), "2".into()]);
        let found = any_of(&[&TermText::Prefix("q".into()), &phrase]);
        let expected = r"(?i)(?<![\p{L}\p{N}\p{M}_])(?:q|q[^\p{L}\p{N}\p{M}_]+2(?![\p{L}\p{N}\p{M}_]))";
        assert_eq!(found, expected);
    }
}
