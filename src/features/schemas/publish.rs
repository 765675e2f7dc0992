//! The table as JSON Schema.

use serde_json::{Map, Value, json};

use super::table::{Rule, SCHEMAS};

/// The types that have a schema.
pub fn names() -> Vec<&'static str> {
    SCHEMAS.iter().map(|schema| schema.name).collect()
}

/// The JSON Schema (draft 2020-12) of a type's metadata.
pub fn published(name: &str) -> Option<Value> {
    let schema = SCHEMAS.iter().find(|schema| schema.name == name)?;
    let mut properties = Map::from_iter([("type".to_owned(), json!({ "const": schema.name }))]);
    let mut needed = vec!["type"];
    for field in schema.fields {
        // What need not be there may be null as well.
        let kind = if field.needed { json!("string") } else { json!(["string", "null"]) };
        let mut property = match field.rule {
            Rule::OneOf(words) if field.needed => json!({ "enum": words }),
            Rule::OneOf(words) => {
                let mut values: Vec<Value> = words.iter().map(|word| json!(word)).collect();
                values.push(Value::Null);
                json!({ "enum": values })
            }
            Rule::Text(chars_max) => {
                json!({ "type": kind, "minLength": 1, "maxLength": chars_max, "pattern": "\\S" })
            }
            Rule::Time => json!({ "type": kind, "format": "date-time" }),
            Rule::Person => json!({ "type": kind, "format": "uuid" }),
        };
        property["description"] = json!(field.what);
        properties.insert(field.name.to_owned(), property);
        if field.needed {
            needed.push(field.name);
        }
    }
    Some(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("/api/schemas/{}", schema.name),
        "title": schema.name,
        "description": schema.what,
        "type": "object",
        "required": needed,
        "properties": properties,
    }))
}
