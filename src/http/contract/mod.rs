//! The contract as an `OpenAPI` 3.1 document, made from the code: the table of routes, what each route says of itself
//! ([`described`]), what the readers of bodies ask for ([`bodies`]), and the types that are sent. The messages of the
//! WebSocket are in the same schemas.
//!
//! It is made once and kept. `docs/openapi.json` is a copy for readers without a server; a test compares the two.

mod bodies;
mod described;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use axum::http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

pub(super) use described::{Described, Query, Tag, delete, get, post, put};
use described::{Gives, Parameter};

use super::measure::HEADERS;
use super::operations::TAGS;
use super::pages;
use super::routes::{Access, ROUTES, Route};
use crate::wire::frames::Frame;
use crate::wire::problem::Problem;

/// Where schemas are published in the document.
const AT: &str = "#/components/schemas/";

/// The document, ready to be sent.
pub(super) struct Published {
    pub(super) json: Vec<u8>,
    pub(super) etag: String,
}

/// The document; made at the first call.
pub(super) fn published() -> &'static Published {
    static PUBLISHED: OnceLock<Published> = OnceLock::new();
    PUBLISHED.get_or_init(|| {
        let json = document().to_string().into_bytes();
        Published { etag: pages::etag_of(&json), json }
    })
}

/// The whole document.
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for tag in TAGS {
        for row in (tag.rows)() {
            let Some(route) = ROUTES.iter().find(|r| r.path == row.path && r.method.as_str() == row.method) else {
                continue;
            };
            let operation = operation(tag, route, &row, &mut schemas);
            // The document has no word for the rest of a path; the name is the same without the star.
            let path = paths.entry(row.path.replace("{*", "{")).or_insert_with(|| json!({}));
            path[row.method.to_ascii_lowercase()] = operation;
        }
    }
    schemas.of::<Problem<'_>>();
    schemas.of::<Frame<'_>>();
    for (name, schema) in bodies::client_messages() {
        schemas.bodies.insert(name, schema);
    }
    let tags: Vec<Value> = TAGS.iter().map(|tag| json!({ "name": tag.name, "description": tag.about })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "MCP Messenger",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.finish(),
            "responses": problems(),
            "securitySchemes": { "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "The token of a sign-in.",
            } },
        },
        "x-websocket": {
            "paths": ["/", "/ws"],
            "fromClient": { "$ref": format!("{AT}ClientMessage") },
            "fromServer": { "$ref": format!("{AT}Frame") },
        },
    })
}

const ABOUT: &str = "The messaging server of a clinic. REST and WebSocket are two faces of the same operations: \
    docs/protocol.md tells how they are used, docs/errors.md lists every `code`.\n\nThe WebSocket is at `/` and `/ws`. \
    What a client sends is a `ClientMessage`, what it hears is a `Frame`, one JSON object in a text frame.";

/// Schemas by name, and what makes them.
struct Schemas {
    generator: SchemaGenerator,
    bodies: Map<String, Value>,
}

impl Schemas {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self { generator: settings.into_generator(), bodies: Map::new() }
    }

    fn of<T: JsonSchema>(&mut self) {
        self.generator.subschema_for::<T>();
    }

    fn finish(mut self) -> Value {
        let mut all = self.generator.take_definitions(true);
        all.extend(self.bodies);
        let mut all = Value::Object(all);
        without_remarks(&mut all);
        all
    }
}

/// Takes out of descriptions what is said to maintainers only.
fn without_remarks(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("description")
                && let Some(at) = text.find("It has no `Debug`")
            {
                text.truncate(at);
                text.truncate(text.trim_end().len());
            }
            map.values_mut().for_each(without_remarks);
        }
        Value::Array(list) => list.iter_mut().for_each(without_remarks),
        _ => {}
    }
}

fn operation(tag: &Tag, route: &Route, row: &Described, schemas: &mut Schemas) -> Value {
    let mut responses = Map::new();
    for (status, gives) in &row.gives {
        let mut answer = answer(gives, schemas);
        if row.versioned {
            let about = "The version; send it as `If-Match` with a change.";
            answer["headers"]["ETag"] = json!({ "description": about, "schema": { "type": "string" } });
        }
        // An answer that comes in several media types is one answer.
        if let Some(Value::Object(before)) = responses.get(&status.to_string()).map(|before| before["content"].clone())
            && let Value::Object(content) = &mut answer["content"]
        {
            content.extend(before);
        }
        responses.insert(status.to_string(), answer);
    }
    for status in failures(route, row) {
        responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{status}") }));
    }
    let mut operation = json!({
        "tags": [tag.name],
        "operationId": route.operation.trim_start_matches("op::").replace("::", "_"),
        "summary": row.summary,
        "responses": responses,
        "x-rate-class": route.class.name(),
        "security": match route.access {
            Access::Open => json!([]),
            Access::Either => json!([{}, { "token": [] }]),
            Access::SignedIn => json!([{ "token": [] }]),
        },
    });
    let mut parameters: Vec<Value> = path_parameters(row.path).chain(row.query.iter().map(query_parameter)).collect();
    if row.versioned && row.method == "PUT" {
        let about = "The `ETag` that the caller saw last: changed since, 412.";
        let schema = json!({ "type": "string" });
        parameters.push(json!({ "name": "If-Match", "in": "header", "description": about, "schema": schema }));
    }
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(takes) = row.takes {
        let (name, schema) = takes();
        let media = json!({ "application/json": { "schema": { "$ref": format!("{AT}{name}") } } });
        operation["requestBody"] = json!({ "required": true, "content": media });
        schemas.bodies.insert(name, schema);
    }
    operation
}

fn answer(gives: &Gives, schemas: &mut Schemas) -> Value {
    match gives {
        Gives::Json(schema) => json!({
            "description": "Done.",
            "content": { "application/json": { "schema": schema(&mut schemas.generator) } },
        }),
        Gives::Pages(schema) => json!({
            "description": "A page of the list.",
            "headers": { "Link": {
                "description": "The pages beside this one: `rel=\"next\"` and `rel=\"prev\"` (RFC 8288).",
                "schema": { "type": "string" },
            } },
            "content": { "application/json": { "schema": schema(&mut schemas.generator) } },
        }),
        Gives::File(media_type) => json!({ "description": "The file.", "content": { *media_type: {} } }),
    }
}

/// The statuses of failures, from what the front, the table and the gate can say of such a route.
fn failures(route: &Route, row: &Described) -> Vec<u16> {
    let mut statuses = vec![400, 403, 421, 429, 500, 503];
    if route.access == Access::SignedIn {
        statuses.push(401);
    }
    if row.path.contains('{') || row.takes.is_some() || row.query.iter().any(|p| p.shape == Query::Id) {
        statuses.push(404);
    }
    if row.method != "GET" {
        statuses.extend([408, 409, 413]);
    }
    if row.method == "PUT" {
        statuses.push(412);
    }
    statuses.extend(row.fails);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// One answer for each status of a failure.
fn problems() -> Value {
    let each = [400, 401, 403, 404, 408, 409, 412, 413, 421, 429, 500, 503].map(|status: u16| {
        let mut problem = json!({
            "description": StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Error"),
            "content": { "application/problem+json": { "schema": { "$ref": format!("{AT}Problem") } } },
        });
        if matches!(status, 429 | 503) {
            problem["headers"] = json!({ "Retry-After": {
                "description": "Seconds after which it is worth trying again.",
                "schema": { "type": "integer", "minimum": 0 },
            } });
        }
        if status == 429 {
            for (name, about) in HEADERS.into_iter().zip([
                "How many requests of this class may come at once.",
                "How many of them are left.",
                "Seconds until all of them are there again.",
            ]) {
                let schema = json!({ "type": "integer", "minimum": 0 });
                problem["headers"][name] = json!({ "description": about, "schema": schema });
            }
        }
        (status.to_string(), problem)
    });
    Value::Object(each.into_iter().collect())
}

fn path_parameters(path: &'static str) -> impl Iterator<Item = Value> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(|name| {
        let name = name.trim_start_matches('*');
        let is_id = !matches!(name, "file" | "name" | "rest");
        let schema = if is_id { json!({ "type": "string", "format": "uuid" }) } else { json!({ "type": "string" }) };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    })
}

fn query_parameter(parameter: &Parameter) -> Value {
    let schema = match parameter.shape {
        Query::Id => json!({ "type": "string", "format": "uuid" }),
        Query::Text => json!({ "type": "string" }),
        Query::Number => json!({ "type": "integer" }),
        Query::Time => json!({ "type": "string", "format": "date-time" }),
        Query::Flag => json!({ "type": "boolean" }),
        Query::OneOf(words) => json!({ "type": "string", "enum": words }),
    };
    json!({ "name": parameter.name, "in": "query", "description": parameter.about, "schema": schema })
}
