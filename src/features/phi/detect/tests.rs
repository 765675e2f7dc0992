//! The table, and what must hold for any text.

use proptest::prelude::*;

use super::*;

const TABLE: &str = include_str!("table.txt");
const YEAR: i64 = 2026;

fn detector() -> Detector {
    let own = [r"NW-?\d{7}", r"[A-Z]{2}\d{2}/\d{5}"].map(|pattern| Regex::new(pattern).unwrap());
    Detector::new(Kinds::all(), own.into())
}

/// `kinds | text`; `-` is nothing, `#` a comment, `\n` a new line.
fn rows() -> Vec<(Kinds, String)> {
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (kinds, text) = line.split_once(" | ").unwrap_or_else(|| panic!("{line}"));
            let kinds = kinds.split(',').filter(|name| *name != "-");
            let kinds = kinds.map(|name| Kind::named(name.trim()).unwrap_or_else(|| panic!("{line}"))).collect();
            (kinds, text.replace("\\n", "\n"))
        })
        .collect()
}

#[test]
fn the_table_is_found_with_precision_and_recall() {
    let (detector, rows) = (detector(), rows());
    let mut counts = [[0_u32; 3]; Kind::ALL.len()];
    let mut wrong = Vec::new();
    for (wanted, text) in &rows {
        let found = detector.kinds(text, YEAR);
        if found != *wanted {
            wrong.push(format!("{:?} instead of {:?}: {text:?}", found.names(), wanted.names()));
        }
        for kind in Kind::ALL {
            let place = match (wanted.has(kind), found.has(kind)) {
                (true, true) => 0,
                (false, true) => 1,
                (true, false) => 2,
                (false, false) => continue,
            };
            counts[kind as usize][place] += 1;
        }
    }
    let ratio = |part: u32, other: u32| f64::from(part) / f64::from((part + other).max(1));
    let mut total = [0; 3];
    for (kind, [hit, false_alarm, missed]) in Kind::ALL.into_iter().zip(counts) {
        println!(
            "{:6} {hit:3} found, precision {:.3}, recall {:.3}",
            kind.name(),
            ratio(hit, false_alarm),
            ratio(hit, missed)
        );
        assert!(hit >= 5, "the table has too little of {}", kind.name());
        total = [total[0] + hit, total[1] + false_alarm, total[2] + missed];
    }
    let nothing = rows.iter().filter(|(kinds, _)| kinds.is_empty()).count();
    let (precision, recall) = (ratio(total[0], total[1]), ratio(total[0], total[2]));
    println!("all: {} texts, {nothing} near misses, precision {precision:.3}, recall {recall:.3}", rows.len());
    println!("{}", wrong.join("\n"));
    assert!(rows.len() >= 150 && nothing * 3 >= rows.len(), "the table has {} and {nothing}", rows.len());
    assert!(precision >= 0.95 && recall >= 0.95, "{}", wrong.join("\n"));
}

#[test]
fn a_finding_is_exactly_its_identifier() {
    let text = "Pt Zoë Müller-Brandt, MRN: 00-1234-5 (née 3 May 1961), SSN 536-22-1234; call +49 171 2345678 or z.m@example.org";
    let found: Vec<_> = detector()
        .find(text, YEAR)
        .into_iter()
        .map(|found| (found.kind.name(), &text[found.start..found.end]))
        .collect();
    assert_eq!(
        found,
        [
            ("name", "Zoë Müller-Brandt"),
            ("mrn", "00-1234-5"),
            ("dob", "3 May 1961"),
            ("ssn", "536-22-1234"),
            ("phone", "49 171 2345678"),
            ("email", "z.m@example.org"),
        ]
    );
}

#[test]
fn only_what_is_wanted_is_told() {
    let only = Detector::new([Kind::Name].into_iter().collect(), Arc::default());
    let text = "John Smith SSN 536-22-1234";
    assert_eq!(only.kinds(text, YEAR).names(), ["name"], "what a name stands beside is looked for all the same");
    assert!(Detector::default().kinds(text, YEAR).is_empty());
    assert!(detector().kinds("file NW-1234567 and AB12/00042", YEAR).has(Kind::Mrn));
    assert!(!detector().kinds("file NW-12345678 and XAB12/000421", YEAR).has(Kind::Mrn), "whole words only");
}

/// How long it takes is printed, not judged: machines differ. It is to be some microseconds a message.
#[test]
#[expect(clippy::disallowed_methods, reason = "what is measured is the machine's own time")]
fn the_time_for_a_message_of_300_characters() {
    let text = "Mrs. Ana García (DOB 04/05/1961, MRN 00123456) was moved from bed 4 to bed 7 at 10:30, BP 120/80, pulse \
                72, K 6.1 mmol/l. Please call her daughter at 212-555-0187 before the rounds; the results of 2026-11-20 \
                are in. Order 4711-0815, room 312, 5 mg twice daily. Dr. Hill has seen it and agrees with it.";
    let detector = detector();
    let rounds = 2_000_u32;
    let start = std::time::Instant::now();
    let found: usize = (0..rounds).map(|_| detector.find(std::hint::black_box(text), YEAR).len()).sum();
    println!("{} characters: {:?} each", text.chars().count(), start.elapsed() / rounds);
    assert_eq!(found, 4 * rounds as usize);
}

/// Four times the text may not take sixteen times as long, which a rule that looks back over all of it would.
#[test]
#[expect(clippy::disallowed_methods, reason = "what is measured is the machine's own time")]
fn hostile_texts_take_no_more_time_than_others() {
    for piece in ["@", "a@", "1-", "123-45-", "+1 ", "MRN ", "Anna ", "a.b@c.", "05/05/", "((((", "0 0 0 0 ", "née "] {
        let time = |copies: usize| {
            let text = piece.repeat(copies);
            let detector = detector();
            let once = || {
                let start = std::time::Instant::now();
                std::hint::black_box(detector.find(&text, YEAR));
                start.elapsed().as_secs_f64()
            };
            (0..5).map(|_| once()).fold(f64::MAX, f64::min)
        };
        let (short, long) = (time(500), time(8_000));
        assert!(long < short.max(1e-4) * 16.0 * 8.0, "{piece:?}: {short} s, then {long} s for sixteen times as much");
    }
}

/// What looks most like identifiers, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "MRN",
        "SSN",
        "DOB",
        "né",
        "patient",
        "#",
        "@",
        "-",
        "–",
        ".",
        "+",
        "(",
        ")",
        " ",
        "\n",
        "/",
        "1",
        "12",
        "123",
        "1234",
        "123456789",
        "2125550187",
        "80840",
        "1EG4",
        "TE5",
        "MK73",
        "May",
        "Anna",
        "O'Brien",
        "Mr",
        "Dr",
        "ß",
        "İ",
        "e\u{301}",
        "１２３",
        "\u{202e}",
        "👩‍⚕️",
        "x@y.org",
        "19800504",
    ]);
    prop::collection::vec(prop_oneof![4 => known.prop_map(str::to_owned), 1 => any::<String>()], 0..40)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_upsets_it_and_findings_are_whole_and_apart(text in prop_oneof![pieces(), any::<String>()]) {
        let found = detector().find(&text, YEAR);
        let mut end = 0;
        for finding in found {
            prop_assert!(finding.start >= end && finding.start < finding.end);
            end = finding.end;
            let inside = text.get(finding.start..finding.end);
            prop_assert!(inside.is_some(), "cut through a character");
            let around = (text[..finding.start].chars().next_back(), text[end..].chars().next());
            prop_assert!(!around.0.is_some_and(char::is_alphanumeric) && !around.1.is_some_and(char::is_alphanumeric));
        }
    }
}
