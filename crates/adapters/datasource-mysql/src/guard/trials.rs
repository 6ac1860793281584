//! The police on trial: honest conversations in any pieces, broken ones, and noise.

use proptest::{collection::vec, prelude::*, sample::Index};

use super::{
    bytes::{HEAD, Head},
    ending::Ending,
    police::{MAX_WHOLE, Police},
};

const MAX_PACKET: usize = 64 * 1024;
const MAX_ANSWER: usize = 256 * 1024;

const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
const EOF: &[u8] = &[0xFE, 0, 0, 2, 0];
const END: &[u8] = &[0xFE, 0, 0, 2, 0, 0, 0];
const ERROR: &[u8] = b"\xFF\x15\x04#28000Access denied";

/// A command and its answer, as bytes.
type Exchange = (Vec<u8>, Vec<u8>);

fn police(has_eof: bool) -> Police {
    Police::new(has_eof, MAX_PACKET, MAX_ANSWER)
}

fn column(name: &[u8]) -> Vec<u8> {
    let length = u8::try_from(name.len()).expect("a short name");
    [&b"\x03def\0\0\0"[..], &[length], name, b"\0\x0C\x2D\0\xFF\0\0\0\xFD\0\0\0\0\0"].concat()
}

/// Packets in their order.
fn packets<P: AsRef<[u8]>>(first: u8, payloads: &[P]) -> Vec<u8> {
    let numbered = payloads.iter().zip((0..=u8::MAX).cycle().skip(first.into()));
    numbered.flat_map(|(payload, sequence)| Head::packet(sequence, payload.as_ref())).collect()
}

fn command(kind: u8, body: &[u8]) -> Vec<u8> {
    Head::packet(0, &[&[kind], body].concat())
}

/// A result with columns of text, and rows.
fn result(has_eof: bool, is_binary: bool, columns: u8, rows: &[Vec<u8>]) -> Vec<u8> {
    let mut payloads = vec![vec![columns]];
    payloads.extend((0..columns).map(|_| column(b"a")));
    payloads.extend(has_eof.then(|| EOF.to_vec()));
    let bits = usize::from(columns + 2).div_ceil(8);
    let head = if is_binary { vec![0; 1 + bits] } else { vec![] };
    for value in rows {
        // A text of up to 250 bytes has one byte before it.
        let length = u8::try_from(value.len()).expect("a short value");
        let cell = [&[length], &value[..]].concat();
        payloads.push([head.clone(), cell.repeat(columns.into())].concat());
    }
    payloads.push(if has_eof { EOF.to_vec() } else { END.to_vec() });
    packets(1, &payloads)
}

fn preparation(has_eof: bool, parameters: u8, columns: u8) -> Vec<u8> {
    let mut payloads = vec![vec![0, 1, 0, 0, 0, columns, 0, parameters, 0, 0, 0, 0]];
    for count in [parameters, columns] {
        payloads.extend((0..count).map(|_| column(b"?")));
        payloads.extend((has_eof && count > 0).then(|| EOF.to_vec()));
    }
    packets(1, &payloads)
}

fn exchange(has_eof: bool) -> impl Strategy<Value = Exchange> {
    let rows = || vec(vec(any::<u8>(), 0..200), 0..20);
    prop_oneof![
        (1..20_u8, rows(), any::<bool>()).prop_map(move |(columns, rows, is_binary)| {
            let kind = if is_binary { 0x17 } else { 0x03 };
            (command(kind, b"SELECT 1"), result(has_eof, is_binary, columns, &rows))
        }),
        (0..20_u8, 0..20_u8).prop_map(move |(parameters, columns)| {
            let statement = vec![b'?'; parameters.into()];
            (command(0x16, &statement), preparation(has_eof, parameters, columns))
        }),
        Just((command(0x03, b"SET a = 1"), packets(1, &[OK]))),
        Just((command(0x0E, b""), packets(1, &[OK]))),
        Just((command(0x17, b"\x01\0\0\0"), packets(1, &[ERROR]))),
        Just((command(0x19, b"\x01\0\0\0"), vec![])),
    ]
}

fn conversation() -> impl Strategy<Value = (bool, Vec<Exchange>)> {
    any::<bool>().prop_flat_map(|has_eof| (Just(has_eof), vec(exchange(has_eof), 1..8)))
}

/// Where bytes are cut into pieces.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..6_usize, 1..400_usize, Just(usize::MAX)], 1..20)
}

/// Gives the bytes in pieces, as a socket would, and what was let through of them; and, if it came to
/// that, why no more was.
fn feed(
    mut admit: impl FnMut(&[u8]) -> Result<usize, Ending>,
    bytes: &[u8],
    cuts: &[usize],
    held_at_most: usize,
) -> (usize, Result<(), Ending>) {
    let (mut gone, mut come) = (0, 0);
    for piece in cuts.iter().cycle() {
        if come == bytes.len() {
            break;
        }
        come = come.saturating_add(*piece).min(bytes.len());
        match admit(&bytes[gone..come]) {
            Ok(admitted) => gone += admitted,
            Err(ending) => return (gone, Err(ending)),
        }
        assert!(gone <= come, "more was let through than there was");
        assert!(come - gone <= held_at_most, "{} bytes are held back", come - gone);
    }
    (gone, Ok(()))
}

fn ask(police: &mut Police, bytes: &[u8], cuts: &[usize]) -> (usize, Result<(), Ending>) {
    feed(|bytes| police.admit_command(bytes), bytes, cuts, HEAD)
}

fn answer(police: &mut Police, bytes: &[u8], cuts: &[usize]) -> (usize, Result<(), Ending>) {
    feed(|bytes| police.admit_answer(bytes), bytes, cuts, HEAD + MAX_WHOLE)
}

/// What a driver must be able to rely on, found out in another way than the police does: packets in
/// their order, none empty, none beyond the bounds.
fn assert_well_formed(mut forwarded: &[u8]) {
    let mut next = 1_u8;
    let mut size = 0;
    while let Some(head) = Head::read(forwarded) {
        assert_eq!(head.sequence, next, "out of order");
        assert!((1..=MAX_PACKET).contains(&head.length), "{} bytes", head.length);
        assert!(next > 1 || forwarded.get(4) != Some(&0xFB), "a request for a file");
        size += HEAD + head.length;
        next = next.wrapping_add(1);
        forwarded = forwarded.get(HEAD + head.length..).unwrap_or_default();
    }
    assert!(size <= MAX_ANSWER, "{size} bytes");
}

#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let odd = prop_oneof![
        Just(0_u8),
        Just(0xFA),
        Just(0xFB),
        Just(0xFC),
        Just(0xFD),
        Just(0xFE),
        Just(0xFF),
        any::<u8>()
    ];
    prop_oneof![
        (any::<Index>(), odd.clone()).prop_map(|(at, byte)| Change::Flip(at, byte)),
        (any::<Index>(), vec(odd, 1..9)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<Index>(), 1..40_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<Index>(), 1..400_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
        any::<Index>().prop_map(Change::Cut),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let end = |at: usize, count: usize| at.saturating_add(count).min(bytes.len());
        match change {
            Change::Flip(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Change::Insert(at, new) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, new.iter().copied());
            }
            Change::Remove(at, count) => {
                let at = at.index(bytes.len());
                bytes.drain(at..end(at, *count));
            }
            Change::Repeat(at, count) => {
                let at = at.index(bytes.len());
                let again = bytes[at..end(at, *count)].to_vec();
                bytes.splice(at..at, again);
            }
            Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn honest_conversations_pass_in_any_pieces((has_eof, exchanges) in conversation(), cuts in cuts()) {
        let mut police = police(has_eof);
        for (command, reply) in exchanges {
            prop_assert_eq!(ask(&mut police, &command, &cuts), (command.len(), Ok(())));
            prop_assert_eq!(answer(&mut police, &reply, &cuts), (reply.len(), Ok(())));
            prop_assert!(!police.is_busy());
        }
    }

    #[test]
    fn noise_never_panics_and_is_never_kept(
        rounds in vec((any::<bool>(), vec(any::<u8>(), 0..2_000)), 1..10),
        has_eof: bool,
        cuts in cuts(),
    ) {
        let mut police = police(has_eof);
        for (is_command, bytes) in rounds {
            let (_, outcome) =
                if is_command { ask(&mut police, &bytes, &cuts) } else { answer(&mut police, &bytes, &cuts) };
            if outcome.is_err() {
                break;
            }
        }
    }

    #[test]
    fn a_broken_answer_is_judged_alike_in_any_pieces(
        (has_eof, exchanges) in conversation(),
        changes in vec(change(), 1..4),
        cuts in cuts(),
    ) {
        let (mut whole, mut pieces) = (police(has_eof), police(has_eof));
        for (command, reply) in exchanges {
            let reply = changed(reply, &changes);
            ask(&mut whole, &command, &[usize::MAX]).1.expect("an honest command");
            ask(&mut pieces, &command, &cuts).1.expect("an honest command");
            let (_, judged) = answer(&mut whole, &reply, &[usize::MAX]);
            let (forwarded, judged_in_pieces) = answer(&mut pieces, &reply, &cuts);
            prop_assert_eq!(judged, judged_in_pieces);
            assert_well_formed(&reply[..forwarded]);
            if judged.is_err() || whole.is_busy() {
                break;
            }
        }
    }

    #[test]
    fn a_broken_command_never_reaches_the_server_as_another_one(
        (command, _) in exchange(false),
        changes in vec(change(), 1..4),
        cuts in cuts(),
    ) {
        let command = changed(command, &changes);
        let (gone, _) = ask(&mut police(false), &command, &cuts);
        // Whatever has gone on begins with one of the commands that are let through.
        if gone > 0 {
            prop_assert!(matches!(command[HEAD], 0x01 | 0x03 | 0x0E | 0x16 | 0x17 | 0x19 | 0x1A | 0x1F));
            prop_assert_eq!(command[3], 0);
        }
    }
}

/// What a police that is asked this makes of an answer.
fn judge(has_eof: bool, kind: u8, reply: &[u8]) -> Result<(), Ending> {
    let mut police = police(has_eof);
    let asked = command(kind, b"SELECT ?");
    assert_eq!(police.admit_command(&asked), Ok(asked.len()));
    answer(&mut police, reply, &[usize::MAX]).1
}

#[test]
fn what_no_server_says_is_let_through_by_no_path() {
    let count = |count: u64| [&[0xFE][..], &count.to_le_bytes()].concat();
    for (what, payloads) in [
        ("an empty packet", vec![vec![]]),
        ("a file of ours", vec![b"\xFB/etc/passwd".to_vec()]),
        ("too many columns", vec![vec![0xFC, 1, 16]]),
        ("far too many columns", vec![count(1 << 30)]),
        ("no columns", vec![count(0)]),
        ("something after the number of columns", vec![vec![1, 0]]),
        ("an end without a beginning", vec![EOF.to_vec()]),
        ("OK with more to come", vec![vec![0, 0, 0, 0x0A, 0, 0, 0]]),
        ("OK instead of a column", vec![vec![1], OK.to_vec()]),
        ("an empty column", vec![vec![1], vec![]]),
        ("a column of 9 KiB", vec![vec![1], [column(b"a"), vec![0; 9_000]].concat()]),
        ("something after the answer", vec![OK.to_vec(), OK.to_vec()]),
    ] {
        for (has_eof, kind) in [(false, 0x03), (false, 0x17), (true, 0x03), (true, 0x17)] {
            assert!(judge(has_eof, kind, &packets(1, &payloads)).is_err(), "{what}, command {kind}");
        }
    }
}

#[test]
fn a_packet_and_an_answer_are_too_large_as_soon_as_their_heads_say_so() {
    let mut police = police(false);
    assert!(police.admit_command(&command(0x03, b"SELECT 1")).is_ok());
    let head = packets(1, &[vec![1], column(b"a")]);
    assert_eq!(police.admit_answer(&head), Ok(head.len()));
    assert_eq!(police.admit_answer(&[1, 0, 1, 3]), Err(Ending::TooLarge));
    let rows = result(false, false, 1, &vec![vec![b'a'; 200]; MAX_ANSWER / 200]);
    let mut police = super::Police::new(false, MAX_PACKET, MAX_ANSWER);
    assert!(police.admit_command(&command(0x03, b"SELECT 1")).is_ok());
    let (forwarded, judged) = answer(&mut police, &rows, &[4_096]);
    assert_eq!(judged, Err(Ending::TooLarge));
    assert!(forwarded <= MAX_ANSWER);
    // The bound is each answer's own.
    assert_eq!(judge(false, 0x03, &result(false, false, 1, &[b"a".to_vec()])), Ok(()));
}

#[test]
fn columns_are_kept_and_so_have_a_bound_of_their_own() {
    let columns = |count: u16, name: &[u8]| {
        let mut payloads = vec![[&[0xFC][..], &count.to_le_bytes()].concat()];
        payloads.extend((0..count).map(|_| column(name)));
        packets(1, &payloads)
    };
    let judge = |reply: &[u8]| {
        let mut police = Police::new(false, MAX_PACKET, usize::MAX);
        police.admit_command(&command(0x03, b"SELECT 1")).expect("a command");
        answer(&mut police, reply, &[usize::MAX]).1
    };
    assert_eq!(judge(&columns(4_096, b"a_usual_name")), Ok(()));
    assert_eq!(judge(&columns(4_096, &[b'a'; 200])), Err(Ending::TooLarge));
}

#[test]
fn the_driver_asks_one_thing_at_a_time_and_nothing_dangerous() {
    for kind in (0..=u8::MAX).filter(|kind| !matches!(kind, 1 | 3 | 0x0E | 0x16 | 0x17 | 0x19 | 0x1A | 0x1F))
    {
        assert!(
            matches!(police(false).admit_command(&command(kind, b"a")), Err(Ending::Driver(_))),
            "{kind}"
        );
    }
    let mut police = police(false);
    let both = [command(0x0E, b""), command(0x0E, b"")].concat();
    assert!(matches!(police.admit_command(&both), Err(Ending::Driver(_))));
}

#[test]
fn a_server_that_is_asked_nothing_says_nothing() {
    assert_eq!(police(false).admit_answer(&[0]), Err(Ending::Unasked));
    let mut police = police(false);
    assert!(police.admit_command(&command(0x01, b"")).is_ok());
    assert_eq!(police.admit_answer(OK), Err(Ending::Unasked));
    assert_eq!(police.admit_answer(b""), Ok(0));
}
