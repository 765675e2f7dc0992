//! Every route is described once, and what is published is what stands in `docs`.

use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::wire::frames::{ORDERS, parse};

/// The file of an operation: `op::users::list` is in `users.rs`.
fn file_of(operation: &str) -> String {
    format!("src/http/operations/{}.rs", operation.split("::").nth(1).unwrap_or_default())
}

#[test]
fn every_route_is_described_exactly_once() {
    let rows: Vec<Described> = TAGS.iter().flat_map(|tag| (tag.rows)()).collect();
    let mut wrong = String::new();
    for route in ROUTES {
        let (method, path) = (route.method.as_str(), route.path);
        match rows.iter().filter(|row| row.method == method && row.path == path).count() {
            1 => {}
            0 => {
                let _ = writeln!(
                    wrong,
                    "{method} {path} is not described: add to `described()` in {} the row\n    \
                     {}(\"{path}\", \"What it does, in a sentence.\").takes::<BodyType>().gives::<AnswerType>(),\n  \
                     with `.takes` if it reads a body, `.query(name, Query::…, about)` for each parameter of the query, \
                     `.makes` for a 201, `.pages_of` for a list, `.file` for what is not JSON.",
                    file_of(route.operation),
                    method.to_ascii_lowercase(),
                );
            }
            _ => {
                let _ = writeln!(wrong, "{method} {path} is described more than once");
            }
        }
    }
    for row in &rows {
        if !ROUTES.iter().any(|r| r.path == row.path && r.method.as_str() == row.method) {
            let _ = writeln!(wrong, "{} {} is described and is no route", row.method, row.path);
        }
        if row.gives.is_empty() {
            let _ = writeln!(wrong, "{} {}: say what it answers: `.gives`, `.makes`, …", row.method, row.path);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn names_in_the_document_are_used_once() {
    let document = document();
    let mut ids: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), all), (ROUTES.len(), ROUTES.len()));
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        // schemars numbers types of the same name.
        assert!(!name.ends_with(|c: char| c.is_ascii_digit()), "two types are called {name}: rename one");
    }
    let mut bodies: Vec<(String, Value)> =
        TAGS.iter().flat_map(|tag| (tag.rows)()).filter_map(|row| row.takes.map(|takes| takes())).collect();
    bodies.sort_by(|a, b| a.0.cmp(&b.0));
    for pair in bodies.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].1 == pair[1].1, "two bodies are called {}: rename one", pair[0].0);
    }
    let mut schemas = Schemas::new();
    for (_, gives) in TAGS.iter().flat_map(|tag| (tag.rows)()).flat_map(|row| row.gives) {
        answer(&gives, &mut schemas);
    }
    for (name, _) in &bodies {
        assert!(!schemas.generator.definitions().contains_key(name), "a body and an answer are both called {name}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn follow(value: &Value, document: &Value) {
        match value {
            Value::Object(map) => {
                if let Some(target) = map.get("$ref").and_then(Value::as_str) {
                    let pointer = target.strip_prefix('#').expect("a reference inside the document");
                    assert!(document.pointer(pointer).is_some(), "{target} is not there");
                }
                map.values().for_each(|v| follow(v, document));
            }
            Value::Array(list) => list.iter().for_each(|v| follow(v, document)),
            _ => {}
        }
    }
    let document = document();
    follow(&document, &document);
}

#[test]
fn a_body_is_published_as_it_is_read() {
    let document = document();
    let schema = &document["components"]["schemas"]["NewMessage"];
    assert_eq!(schema["required"], json!(["channelId", "text"]));
    assert_eq!(schema["properties"]["containsPHI"], json!({ "type": ["boolean", "null"], "default": false }));
    let judge = jsonschema::validator_for(schema).unwrap();
    let id = "0190a0b0-0000-7000-8000-000000000001";
    assert!(judge.is_valid(&json!({ "channelId": id, "text": "x", "colour": "red" })));
    assert!(!judge.is_valid(&json!({ "channelId": id, "text": "x", "seq": 4 })), "it is refused, and says so");
    assert!(!judge.is_valid(&json!({ "channelId": id })));
    let send = &document["components"]["schemas"]["ClientSendMessage"];
    assert_eq!(send["properties"]["type"]["const"], "send_message");
}

/// The examples of frames in `docs/protocol.md`, with where they stand.
fn examples() -> Vec<(usize, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut examples = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            None if line == "```json" => open = Some((number + 1, String::new())),
            None => {}
            Some((at, json)) if line == "```" => {
                let example = serde_json::from_str(json);
                let example: Value = example.unwrap_or_else(|why| panic!("docs/protocol.md:{at} is not JSON: {why}"));
                if example.get("type").is_some_and(|kind| *kind != "about:blank") {
                    examples.push((*at, example));
                }
                open = None;
            }
            Some((_, json)) => *json += line,
        }
    }
    examples
}

#[test]
fn every_example_of_a_frame_is_one() {
    let document = document();
    let judge = |name: &str| {
        let mut schema = document.clone();
        schema["$ref"] = json!(format!("{AT}{name}"));
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    };
    let (sent, heard) = (judge("ClientMessage"), judge("Frame"));
    let examples = examples();
    let mut wrong = String::new();
    let mut shown = Vec::new();
    for (at, example) in &examples {
        let kind = example["type"].as_str().unwrap_or_default();
        shown.push(kind.to_owned());
        let fits = if ORDERS.contains(&kind) {
            sent.is_valid(example) && parse(&example.to_string(), 32).is_ok()
        } else {
            heard.is_valid(example)
        };
        if !fits {
            let schema = if ORDERS.contains(&kind) { "ClientMessage" } else { "Frame" };
            let _ = writeln!(
                wrong,
                "docs/protocol.md:{at}: this is no {kind} as the code reads or writes it; compare it with {schema} in \
                 docs/openapi.json: every field that has to be there, whole ids, no …"
            );
        }
    }
    let frames = document["components"]["schemas"]["Frame"]["oneOf"].as_array().unwrap();
    let heard = frames.iter().map(|frame| frame["properties"]["type"]["const"].as_str().unwrap());
    for kind in ORDERS.iter().copied().chain(heard) {
        // Two names of one thing, and two of one shape, need one example.
        let also = match kind {
            "heartbeat" => "ping",
            "message_updated" => "new_message",
            other => other,
        };
        if !shown.iter().any(|k| k == kind || k == also) {
            let _ = writeln!(wrong, "docs/protocol.md has no example of {kind}: add a ```json block");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
