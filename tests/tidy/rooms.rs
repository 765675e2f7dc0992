//! The import table: which room may use which (`ARCHITECTURE.md`, `docs/adr/0007`).

use super::nothing_but;
use super::source::{Source, file, rust};

/// A room and the rooms it may name. `error` and a room's own modules go without saying; `*` is all of them.
const TABLE: [(&str, &str); 20] = [
    ("error", ""),
    ("id", ""),
    ("clock", ""),
    ("logging", ""),
    ("metrics", ""),
    ("config", "id"),
    ("wire", "id clock"),
    ("crypto", ""),
    ("store", "config metrics"),
    ("hub", "wire id clock metrics"),
    ("edge", "config clock metrics"),
    ("gate", "store hub wire crypto id clock metrics"),
    ("features", "gate hub wire crypto config id clock logging metrics"),
    ("ws", "features gate hub wire config id clock"),
    ("http", "ws features gate wire config id clock logging"),
    ("jobs", "features gate clock"),
    ("takeover", "store gate features crypto id clock"),
    ("app", "*"),
    ("os", "app config"),
    ("cli", "app config logging"),
];

/// `main` and `lib` are not rooms: the one calls the command line, the other lists the rooms.
const DOORSTEPS: [&str; 2] = ["main", "lib"];

/// The rooms that a line names: `crate::gate::Cx` and `use crate::{gate, hub::Hub}`.
fn named(line: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rooms = Vec::new();
    for after in line.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => {
                rooms.extend(list.split(',').map(|item| item.trim().split(|c| !is_name(c)).next().unwrap_or_default()));
            }
            None => rooms.extend(after.split(|c| !is_name(c)).next()),
        }
    }
    rooms
}

#[test]
fn every_room_uses_only_the_rooms_it_may() {
    let mut found = Vec::new();
    for source in rust("src") {
        let room = source.room();
        if DOORSTEPS.contains(&room) {
            continue;
        }
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == room) else {
            found.push(format!("{}: the room {room} is not in the table", source.path));
            continue;
        };
        for (number, line) in source.program() {
            for used in named(line) {
                let is_room = TABLE.iter().any(|(name, _)| *name == used);
                let may = *allowed == "*" || used == room || used == "error" || allowed.split(' ').any(|a| a == used);
                if is_room && !may {
                    found.push(format!("{}:{number}: {room} may not use {used}: {}", source.path, line.trim()));
                }
            }
        }
    }
    nothing_but(&found, "A room uses one that it may not. Move what is shared, or pass it in from `app`.");
}

#[test]
fn the_table_is_the_one_that_people_read() {
    let text = file("ARCHITECTURE.md").text;
    let rows: Vec<(String, String)> = text
        .lines()
        .skip_while(|line| !line.starts_with("| room | may use |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<String> =
                line.trim_matches('|').split('|').map(|c| c.trim().replace(['`', ','], "")).collect();
            (cells[0].clone(), cells[1].clone())
        })
        .collect();
    let ours: Vec<(String, String)> = TABLE
        .iter()
        .map(|(room, used)| {
            (
                (*room).to_owned(),
                match *used {
                    "" => "–",
                    "*" => "everything",
                    some => some,
                }
                .to_owned(),
            )
        })
        .collect();
    assert_eq!(rows, ours, "the table of ARCHITECTURE.md and that of tests/tidy/rooms.rs differ");
}

#[test]
fn a_feature_uses_only_those_listed_above_it() {
    let order: Vec<String> = file("src/features/mod.rs")
        .text
        .lines()
        .filter_map(|line| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned()))
        .collect();
    assert!(order.len() > 3, "the features are declared by `pub mod`: {order:?}");
    let place = |name: &str| order.iter().position(|feature| feature == name);
    let mut found = Vec::new();
    for source in rust("src/features") {
        let Some(own) = feature_of(&source).and_then(place) else { continue };
        let text = source.program_text();
        for after in text.split("crate::features::").skip(1) {
            let list =
                if after.starts_with('{') { after.split('}').next() } else { after.split([';', '(', '<']).next() };
            for word in list.unwrap_or_default().split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
                if place(word).is_some_and(|other| other > own) {
                    found.push(format!("{} uses {word}, which is listed below it", source.path));
                }
            }
        }
    }
    nothing_but(&found, "A feature may use those listed above it in src/features/mod.rs.");
}

fn feature_of(source: &Source) -> Option<&str> {
    let (feature, _) = source.path.strip_prefix("src/features/")?.split_once('/')?;
    Some(feature)
}

#[test]
fn names_are_found_in_every_way_of_writing_them() {
    assert_eq!(named("use crate::gate::{Cx, Gate};"), ["gate"]);
    assert_eq!(named("fn a(b: &crate::store::Tx<'_>, c: crate::id::UserId)"), ["store", "id"]);
    assert_eq!(named("use crate::{gate, hub::Hub};"), ["gate", "hub"]);
    assert_eq!(named("let crates = 1;"), [""; 0]);
}
