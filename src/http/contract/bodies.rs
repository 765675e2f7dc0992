//! Schemas of what clients send, from what its readers ask for.

use serde_json::{Map, Value, json};

use crate::wire::frames::{CLIENT_ID_CHARS_MAX, ORDERS, order_asked};
use crate::wire::{Asked, Shape};

/// The name under which the schema of a type is published: its own, without the path.
pub(super) fn name<T>() -> String {
    let path = std::any::type_name::<T>();
    path.split('<').next().unwrap_or(path).rsplit("::").next().unwrap_or(path).to_owned()
}

/// The schema of an object that is read by asking for these fields. Others are ignored, but those that matter and cannot be set here.
pub(super) fn schema(asked: &[Asked], refused: &[&str]) -> Value {
    let properties: Map<String, Value> = asked.iter().map(|field| (field.name.to_owned(), property(field))).collect();
    let needed: Vec<&str> = asked.iter().filter(|field| field.needed).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !needed.is_empty() {
        schema["required"] = json!(needed);
    }
    if !refused.is_empty() {
        let each: Vec<Value> = refused.iter().map(|name| json!({ "required": [name] })).collect();
        schema["not"] = json!({ "anyOf": each });
    }
    schema
}

fn property(field: &Asked) -> Value {
    let (kind, more) = match field.shape {
        Shape::Text => ("string", json!({})),
        Shape::Flag(Some(default)) => ("boolean", json!({ "default": default })),
        Shape::Flag(None) => ("boolean", json!({})),
        Shape::Number => ("integer", json!({ "format": "int64" })),
        Shape::Id => ("string", json!({ "format": "uuid" })),
        Shape::Ids(max) => ("array", json!({ "items": { "type": "string", "format": "uuid" }, "maxItems": max })),
        Shape::Texts(max) => ("array", json!({ "items": { "type": "string" }, "maxItems": max })),
        Shape::Object => ("object", json!({})),
        Shape::Any => return json!({}),
    };
    let mut property = json!({ "type": if field.null { json!([kind, "null"]) } else { json!(kind) } });
    if let (Value::Object(property), Value::Object(more)) = (&mut property, more) {
        property.extend(more);
    }
    property
}

/// The schemas of the messages that a client can send over a socket: one by each `type`, and the choice of all.
pub(super) fn client_messages() -> Vec<(String, Value)> {
    let mut schemas: Vec<(String, Value)> = ORDERS.iter().map(|kind| (message_name(kind), message(kind))).collect();
    let each: Vec<Value> = schemas.iter().map(|(name, _)| json!({ "$ref": format!("{}{name}", super::AT) })).collect();
    let choice = json!({ "description": "A message from a client, over the WebSocket.", "oneOf": each });
    schemas.push(("ClientMessage".to_owned(), choice));
    schemas
}

fn message(kind: &str) -> Value {
    let mut schema = schema(&order_asked(kind), &[]);
    schema["properties"]["type"] = json!({ "const": kind, "type": "string" });
    schema["properties"]["requestId"] = json!({
        "type": ["string", "null"],
        "maxLength": CLIENT_ID_CHARS_MAX,
        "description": "Repeated in the `ack` or `error`.",
    });
    let needed = schema["required"].as_array().cloned().unwrap_or_default();
    schema["required"] = needed.into_iter().chain([json!("type")]).collect();
    schema
}

/// `send_message` as `ClientSendMessage`.
fn message_name(kind: &str) -> String {
    let words = kind.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
    });
    format!("Client{}", words.collect::<String>())
}
