//! Holding metadata to its type.

use serde_json::Value;
use uuid::Uuid;

use super::table::{Field, Rule, SCHEMAS};
use crate::clock::Timestamp;
use crate::error::FieldFault;

/// Adds what is wrong with metadata of a known type.
pub fn check(metadata: &Value, faults: &mut Vec<FieldFault>) {
    let Some(kind) = metadata.get("type").and_then(Value::as_str) else { return };
    let Some(schema) = SCHEMAS.iter().find(|schema| schema.name == kind) else { return };
    for field in schema.fields {
        let detail = match metadata.get(field.name) {
            None | Some(Value::Null) if field.needed => Some(format!("is missing; it {}", allowed(field))),
            None | Some(Value::Null) => None,
            Some(value) => (!fits(field.rule, value)).then(|| allowed(field)),
        };
        faults.extend(detail.map(|detail| FieldFault { field: field.path, detail }));
    }
}

fn fits(rule: Rule, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    match rule {
        Rule::OneOf(words) => words.contains(&text),
        Rule::Text(chars_max) => !text.trim().is_empty() && text.chars().count() <= chars_max,
        Rule::Time => Timestamp::parse(text).is_some(),
        Rule::Person => Uuid::try_parse(text).is_ok(),
    }
}

fn allowed(field: &Field) -> String {
    match field.rule {
        Rule::OneOf(words) => format!("must be one of {}", words.join(", ")),
        Rule::Text(chars_max) => format!("must be a text of 1 to {chars_max} characters"),
        Rule::Time => "must be a time as RFC 3339 has it, as 2026-01-31T08:30:00Z".to_owned(),
        Rule::Person => "must be a user's id (a UUID)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::publish::published;
    use super::*;

    fn faults(metadata: &Value) -> Vec<&'static str> {
        let mut faults = Vec::new();
        check(metadata, &mut faults);
        faults.into_iter().map(|fault| fault.field).collect()
    }

    /// The published schema and the check are two readings of one table: an independent validator has to agree.
    #[test]
    fn what_is_taken_is_what_the_published_schema_takes() {
        let id = "0190a0b0-0000-7000-8000-000000000001";
        let time = "2026-11-20T22:15:41Z";
        for (metadata, wrong) in [
            (json!({ "type": "alert", "severity": "critical" }), vec![]),
            (json!({ "type": "alert", "severity": "info", "title": "x".repeat(200), "acknowledgeBy": time }), vec![]),
            (json!({ "type": "alert", "severity": "info", "own": [1] }), vec![]),
            (json!({ "type": "alert" }), vec!["metadata.severity"]),
            (json!({ "type": "alert", "severity": "huge" }), vec!["metadata.severity"]),
            (json!({ "type": "alert", "severity": 1 }), vec!["metadata.severity"]),
            (json!({ "type": "alert", "severity": "info", "title": "x".repeat(201) }), vec!["metadata.title"]),
            (json!({ "type": "alert", "severity": "info", "title": "" }), vec!["metadata.title"]),
            (json!({ "type": "alert", "severity": "info", "acknowledgeBy": 7 }), vec!["metadata.acknowledgeBy"]),
            (json!({ "type": "notification", "title": "x", "importance": "low", "source": "lab" }), vec![]),
            (json!({ "type": "notification", "importance": "odd" }), vec!["metadata.title", "metadata.importance"]),
            (json!({ "type": "task", "title": "x", "state": "open", "assignee": id, "due": time }), vec![]),
            (json!({ "type": "task", "title": "x", "state": "open", "due": null }), vec![]),
            (
                json!({ "type": "task", "state": "lost", "assignee": 3, "due": [] }),
                vec!["metadata.title", "metadata.state", "metadata.assignee", "metadata.due"],
            ),
        ] {
            assert_eq!(faults(&metadata), wrong, "{metadata}");
            let schema = published(metadata["type"].as_str().unwrap()).unwrap();
            assert_eq!(jsonschema::is_valid(&schema, &metadata), wrong.is_empty(), "{metadata}");
        }
    }

    #[test]
    fn what_has_no_known_type_is_the_client_s_own() {
        for metadata in [json!({}), json!({ "type": "poll", "severity": 7 }), json!({ "type": 7 })] {
            assert!(faults(&metadata).is_empty(), "{metadata}");
        }
        assert_eq!(faults(&json!({ "type": "alert", "severity": "info", "acknowledgeBy": "soon" })).len(), 1);
    }
}
