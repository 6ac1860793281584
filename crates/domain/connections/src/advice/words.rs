//! Settings of a server that keep words out of its indexes. Such words are found all the same where
//! the rows are few enough to be read, and by nobody else's `MATCH`.

use super::{Advice, AdviceKind, Impact, Known, Place, Remedy, Seen};
use crate::ServerFamily;

/// Words of two letters are words: "go", "ai", "tv".
const SHORTEST_WORD: u32 = 2;
/// What a server holds that nobody set up.
const INNODB_DEFAULT: u32 = 3;
const OTHERS_DEFAULT: u32 = 4;

pub(super) fn advise(known: Known<'_>) -> Vec<Advice> {
    let facts = known.facts;
    if !matches!(facts.family, ServerFamily::MySql | ServerFamily::MariaDb) {
        return Vec::new();
    }
    let places = known.snapshot.tables().iter();
    let places = places.map(|table| Place { table, facts, tallies: known.of(table) });
    let (mut innodb, mut others) = (false, false);
    for place in places.filter(Place::is_searched_at_all) {
        *(if place.table.is_online() { &mut innodb } else { &mut others }) = true;
    }
    let shortest = |is_there: bool, engines, name, letters, default| {
        (is_there && letters > SHORTEST_WORD).then(|| short_words(engines, name, letters, default))
    };
    let innodb_words =
        shortest(innodb, "InnoDB", "innodb_ft_min_token_size", facts.innodb_min_chars, INNODB_DEFAULT);
    let other_words =
        shortest(others, "MyISAM and Aria", "ft_min_word_len", facts.myisam_min_chars, OTHERS_DEFAULT);
    let stop_words = (innodb && facts.innodb_stop_words).then(stop_words);
    innodb_words.into_iter().chain(other_words).chain(stop_words).collect()
}

fn short_words(engines: &str, name: &'static str, letters: u32, default: u32) -> Advice {
    let reason = format!(
        "Full-text indexes of {engines} tables hold no word of fewer than {letters} letters ({name} = \
         {letters}). The server reads the setting when it starts, and each index has to be made anew after."
    );
    let impact = if letters > default { Impact::Medium } else { Impact::Low };
    advice(reason, impact, Remedy::Setting { name, value: "2", at_start: true })
}

fn stop_words() -> Advice {
    let reason = "Full-text indexes of InnoDB tables leave out stop words such as \"about\" and \"when\" \
                  (innodb_ft_enable_stopword), so that they count for nothing, in phrases too. Each index \
                  has to be made anew after the change.";
    let remedy = Remedy::Setting { name: "innodb_ft_enable_stopword", value: "OFF", at_start: false };
    advice(reason.to_owned(), Impact::Low, remedy)
}

fn advice(reason: String, impact: Impact, remedy: Remedy) -> Advice {
    let (table, columns, effect, seen) = (None, Vec::new(), None, Seen::default());
    Advice { kind: AdviceKind::LostWords, table, columns, reason, impact, remedy: Some(remedy), effect, seen }
}
