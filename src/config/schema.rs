//! The JSON Schema (2020-12) of `config.toml`, for editors that check while one types.

use serde_json::{Map, Value as Json, json};

use super::{Config, Kind, Setting, sections, settings};

/// The schema. Unknown keys are wrong in it, as they are for the server.
pub fn schema() -> Json {
    let mut properties = Map::new();
    for setting in settings().filter(|setting| setting.section.is_empty()) {
        properties.insert(setting.key.into(), property(setting));
    }
    for section in sections().iter().filter(|section| !section.name.is_empty()) {
        let keys: Map<String, Json> =
            settings().filter(|s| s.section == section.name).map(|s| (s.key.into(), property(s))).collect();
        properties.insert(
            section.name.into(),
            json!({ "type": "object", "title": section.title, "additionalProperties": false, "properties": keys }),
        );
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "MCP Messenger configuration (config.toml)",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn property(setting: &Setting) -> Json {
    let mut property = rule(&setting.kind);
    property.insert("title".into(), setting.name.into());
    property.insert("description".into(), describe(setting).into());
    if setting.kind.is_secret() {
        property.insert("writeOnly".into(), true.into());
    } else if let Some(default) = setting.show(&Config::default()).filter(|d| setting.unset.is_empty() && !d.is_empty())
    {
        let default = match setting.kind {
            Kind::Whole { .. } => default.parse::<u64>().map_or(Json::Null, Json::from),
            Kind::Flag => Json::Bool(default == "true"),
            _ => Json::String(default),
        };
        property.insert("default".into(), default);
    }
    Json::Object(property)
}

fn describe(setting: &Setting) -> String {
    let unset = if setting.unset.is_empty() { String::new() } else { format!(" Unset: {}.", setting.unset) };
    format!("{} Allowed: {}.{unset}", setting.doc, setting.kind.allowed())
}

/// The limits of a number apply to numbers only, the pattern to text only: that is how JSON Schema reads them.
fn rule(kind: &Kind) -> Map<String, Json> {
    let rule = match kind {
        Kind::Whole { min, max } => {
            json!({ "type": ["integer", "string"], "minimum": min, "maximum": max, "pattern": "^[0-9]*$" })
        }
        Kind::Bytes { min, max } => json!({
            "type": ["integer", "string"], "minimum": min, "maximum": max,
            "pattern": "^([0-9]+ *([kKmMgG]([iI]?[bB])?|[bB](ytes?)?)?)?$",
        }),
        Kind::Span { min, max } => json!({
            "type": ["integer", "string"], "minimum": min.as_secs(), "maximum": max.as_secs(),
            "pattern": "^([0-9]+ *[a-zA-Z]*)?$",
        }),
        Kind::Rate => json!({ "type": "string", "pattern": "^([0-9]+ */ *[0-9]* *[a-zA-Z]*)?$" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::OneOf(choices) => {
            let words = choices.iter().flat_map(|c| std::iter::once(&c.word).chain(c.also));
            let both: Vec<Json> = words
                .flat_map(|word| match *word {
                    "true" => vec![json!("true"), json!(true)],
                    "false" => vec![json!("false"), json!(false)],
                    word => vec![json!(word)],
                })
                .collect();
            json!({ "enum": both })
        }
        kind if kind.is_list() => json!({ "type": ["array", "string"], "items": { "type": "string" } }),
        Kind::Secret { bytes_min } => {
            // The server counts bytes and a schema counts characters, which have at most four.
            json!({ "type": "string", "minLength": bytes_min.div_ceil(4) })
        }
        _ => json!({ "type": "string" }),
    };
    match rule {
        Json::Object(rule) => rule,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    /// The part of JSON Schema that ours uses.
    fn check(schema: &Json, value: &Json, path: &str, wrong: &mut Vec<String>) {
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{path}: {what}"));
            }
        };
        let types: Vec<&str> = match &schema["type"] {
            Json::String(one) => vec![one.as_str()],
            Json::Array(several) => several.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        let is = match value {
            Json::String(_) => "string",
            Json::Bool(_) => "boolean",
            Json::Number(n) if n.is_i64() || n.is_u64() => "integer",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
            _ => "other",
        };
        must(types.is_empty() || types.contains(&is), "type");
        if let Some(words) = schema["enum"].as_array() {
            must(words.contains(value), "enum");
        }
        if let (Some(min), Some(n)) = (schema["minimum"].as_u64(), value.as_i64()) {
            must(n >= i64::try_from(min).unwrap(), "minimum");
        }
        if let (Some(max), Some(n)) = (schema["maximum"].as_u64(), value.as_i64()) {
            must(n <= i64::try_from(max).unwrap(), "maximum");
        }
        if let (Some(least), Some(text)) = (schema["minLength"].as_u64(), value.as_str()) {
            must(text.chars().count() as u64 >= least, "minLength");
        }
        if let Json::Object(keys) = value {
            for (key, value) in keys {
                match schema["properties"].get(key) {
                    Some(schema) => check(schema, value, &format!("{path}.{key}"), wrong),
                    None => wrong.push(format!("{path}.{key}: additionalProperties")),
                }
            }
        }
        if let Json::Array(entries) = value {
            for entry in entries {
                check(&schema["items"], entry, path, wrong);
            }
        }
    }

    /// What the schema and the server say about one and the same file.
    fn both(text: &str) -> (Vec<String>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let mut wrong = Vec::new();
        check(&schema(), &toml::from_str(text).unwrap(), "", &mut wrong);
        let sources = Sources { config_file: Some(path), ..Sources::default() };
        (wrong, load(&sources).err().map_or(0, |faults| faults.0.len()))
    }

    #[test]
    fn a_good_file_is_good_to_both() {
        let text = "
            node_env = 'production'
            [listen]
            port = 3443
            bind_address = ['192.168.1.10', '::1']
            host_names = 'chat.clinic.lan'
            [network]
            allowed_network_range = ['192.168.1.0/24', '!192.168.1.66']
            trusted_proxies = ['192.168.1.2']
            proxy_protocol = true
            [store]
            snapshot_interval = '30m'
            [database]
            tls = true
            [auth]
            jwt_secret = 'kept somewhere safe, long enough'
            jwt_expires_in = 3600
            [log]
            level = 'verbose'
            [limits]
            body_bytes = '128 KiB'
            connections = 100
        ";
        assert_eq!(both(text), (vec![], 0));
    }

    #[test]
    fn a_bad_file_is_bad_to_both() {
        for (text, wrong) in [
            ("[listen]\nport = 65536", ".listen.port: maximum"),
            ("[listen]\nport = [1]", ".listen.port: type"),
            ("[listen]\nprot = 1", ".listen.prot: additionalProperties"),
            ("[listn]\nport = 1", ".listn: additionalProperties"),
            ("[log]\nlevel = 'loud'", ".log.level: enum"),
            ("[network]\nproxy_protocol = 'perhaps'", ".network.proxy_protocol: type"),
            ("[auth]\njwt_secret = 'short'", ".auth.jwt_secret: minLength"),
            ("[auth]\njwt_expires_in = 59", ".auth.jwt_expires_in: minimum"),
            ("[limits]\nconnections = 1", ".limits.connections: minimum"),
        ] {
            assert_eq!(both(text), (vec![wrong.to_owned()], 1), "{text}");
        }
    }

    #[test]
    fn every_default_obeys_its_own_rule() {
        for setting in settings() {
            let property = property(setting);
            if let Some(default) = property.get("default") {
                let mut wrong = Vec::new();
                check(&property, default, setting.name, &mut wrong);
                assert_eq!(wrong, Vec::<String>::new());
            }
        }
    }
}
