//! Passages of rows for people to read: cut, escaped as HTML, matches marked.

use crate::{
    query::Tags,
    terms::Finder,
    text::{Span, words},
};

/// About how many bytes a snippet has.
const SNIPPET_BYTES: usize = 220;

/// The whole text, escaped, its matches marked.
pub(crate) fn highlight(text: &str, finder: &mut Finder<'_>, tags: &Tags) -> String {
    let marks: Vec<_> =
        words(text).filter(|span| finder.find(&text[span.start..span.end]).is_some()).collect();
    mark(text, Span { start: 0, end: text.len() }, &marks, tags)
}

/// The passage of a text in which most of the terms stand close together, with `…` where it was
/// cut; `None` when no term occurs. Also tells how many different terms it has.
pub(crate) fn snippet(text: &str, finder: &mut Finder<'_>, tags: &Tags) -> Option<(String, usize)> {
    let marks: Vec<(Span, usize)> = words(text)
        .filter_map(|span| finder.find(&text[span.start..span.end]).map(|term| (span, term)))
        .collect();
    let (first, last, distinct) = densest(&marks)?;
    let passage = around(text, marks[first].0.start, marks[last].0.end);
    let spans: Vec<Span> = marks.iter().map(|(span, _)| *span).collect();
    let mut out = String::with_capacity(SNIPPET_BYTES * 2);
    if passage.start > 0 {
        out.push_str("… ");
    }
    let marked = mark(text, passage, &spans, tags);
    let mut pieces = marked.split_whitespace();
    out.extend(pieces.next());
    for piece in pieces {
        out.push(' ');
        out.push_str(piece);
    }
    if passage.end < text.len() {
        out.push_str(" …");
    }
    Some((out, distinct))
}

/// The run of marks that fits a snippet and has the most different terms, then the most marks; the
/// earliest of equals.
fn densest(marks: &[(Span, usize)]) -> Option<(usize, usize, usize)> {
    let mut best: Option<(usize, usize, usize)> = None;
    let mut last = 0;
    for first in 0..marks.len() {
        last = last.max(first);
        while last + 1 < marks.len() && marks[last + 1].0.end - marks[first].0.start <= SNIPPET_BYTES {
            last += 1;
        }
        let mut seen: Vec<usize> = marks[first..=last].iter().map(|(_, term)| *term).collect();
        seen.sort_unstable();
        seen.dedup();
        let better = best.is_none_or(|(f, l, distinct)| (seen.len(), last - first) > (distinct, l - f));
        if better {
            best = Some((first, last, seen.len()));
        }
    }
    best
}

/// A passage of snippet length around `start..end`, cut between words: most of what is left over
/// goes after it, since what follows a match tells more than what comes before.
fn around(text: &str, start: usize, end: usize) -> Span {
    let room = SNIPPET_BYTES.saturating_sub(end - start);
    let from = floor(text, start.saturating_sub(room / 3));
    let to = floor(text, end.saturating_add(room - (start - from).min(room)).min(text.len()));
    // The nearest white space inwards, never past the match itself; a text without any is cut hard.
    let cut_start = match text[from..start].find(char::is_whitespace) {
        Some(space) if from > 0 => from + space,
        _ => from,
    };
    let cut_end = match text[end..to].rfind(char::is_whitespace) {
        Some(space) if to < text.len() => end + space,
        _ => to,
    };
    Span { start: cut_start, end: cut_end.max(end) }
}

fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

fn mark(text: &str, part: Span, marks: &[Span], tags: &Tags) -> String {
    let mut out = String::with_capacity((part.end - part.start) * 5 / 4);
    let mut at = part.start;
    for span in marks.iter().filter(|span| span.start >= part.start && span.end <= part.end) {
        escape(&text[at..span.start], &mut out);
        out.push_str(&tags.pre);
        escape(&text[span.start..span.end], &mut out);
        out.push_str(&tags.post);
        at = span.end;
    }
    escape(&text[at..part.end], &mut out);
    out
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::Terms;
    use proptest::prelude::*;

    fn marked(text: &str, query: &str) -> String {
        highlight(text, &mut Terms::of(query, &[]).finder(), &Tags::default())
    }

    #[test]
    fn matches_are_marked_and_rows_are_escaped() {
        assert_eq!(
            marked("<b>Routers</b> & \"router's\"", "router"),
            "&lt;b&gt;<mark>Routers</mark>&lt;/b&gt; &amp; &quot;<mark>router&#39;s</mark>&quot;"
        );
    }

    #[test]
    fn a_snippet_shows_where_the_terms_stand_together() {
        let text = format!("router {} reset the router now {}", "far away ".repeat(60), "and on ".repeat(60));
        let (snippet, distinct) =
            snippet(&text, &mut Terms::of("reset router", &[]).finder(), &Tags::default()).unwrap();
        assert!(snippet.contains("<mark>reset</mark> the <mark>router</mark> now"), "{snippet}");
        assert!(snippet.starts_with("… ") && snippet.ends_with(" …"));
        assert_eq!(distinct, 2);
    }

    #[test]
    fn a_short_text_is_its_own_snippet() {
        let (snippet, _) =
            snippet("Reset it.", &mut Terms::of("reset", &[]).finder(), &Tags::default()).unwrap();
        assert_eq!(snippet, "<mark>Reset</mark> it.");
    }

    #[test]
    fn a_snippet_is_one_line() {
        let (snippet, _) =
            snippet("One.\n\n  Reset\tit.", &mut Terms::of("reset", &[]).finder(), &Tags::default()).unwrap();
        assert_eq!(snippet, "One. <mark>Reset</mark> it.");
    }

    #[test]
    fn without_a_match_there_is_no_snippet() {
        assert!(snippet("nothing here", &mut Terms::of("router", &[]).finder(), &Tags::default()).is_none());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_lets_a_tag_through(text in "\\PC{0,400}", query in "\\PC{0,20}") {
            let terms = Terms::of(&query, &[]);
            let tags = Tags { pre: "[".into(), post: "]".into() };
            let shown = highlight(&text, &mut terms.finder(), &tags);
            prop_assert!(!shown.contains('<') && !shown.contains('>'));
            if let Some((shown, _)) = snippet(&text, &mut terms.finder(), &tags) {
                prop_assert!(!shown.contains('<') && shown.len() < 4 * SNIPPET_BYTES + text.len() * 6);
            }
        }
    }
}
