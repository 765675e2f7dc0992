//! The pages are read as a browser under the strict policy would read them.

use std::collections::BTreeSet;

use super::*;

const PAGES: [&str; 6] = ["index", "setup", "trust", "docs", "404", "no-clients"];

/// As the documentation of [`page`] lists them.
const PLACEHOLDERS: [&str; 6] = ["host", "version", "setup", "ca_fingerprint", "leaf_fingerprint", "password_min"];

/// Where a link may lead besides `/assets/` and the page itself.
const ROUTES: [&str; 7] = ["/", "/setup", "/trust", "/trust/ca.pem", "/health", "/api/setup", "/api/openapi.json"];

/// Attributes that hold an address.
const ADDRESSES: [&str; 8] = ["href", "src", "action", "formaction", "poster", "data", "srcset", "ping"];

fn values() -> Vec<(&'static str, &'static str)> {
    PLACEHOLDERS.iter().map(|name| (*name, "a<b>\"'&{{host}}")).collect()
}

fn text_of(page: &Page) -> String {
    String::from_utf8(page.body.to_vec()).unwrap()
}

fn filled(name: &str) -> String {
    text_of(&page(name, &values()).unwrap())
}

/// A start tag: its name, its attributes, and the text up to the next tag.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Every start tag. The pages quote each attribute and escape `>` in values, which the escaping tests hold.
fn tags(html: &str) -> Vec<Tag> {
    html.split('<')
        .skip(1)
        .filter(|piece| piece.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|piece| {
            let (inside, text) = piece.split_once('>').expect("a tag is closed");
            let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
            let mut attributes = Vec::new();
            while !rest.trim_start().is_empty() {
                rest = rest.trim_start();
                let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
                let key = rest[..end].to_lowercase();
                rest = &rest[end..];
                let mut value = "";
                if let Some(quoted) = rest.strip_prefix('=') {
                    let quoted = quoted.strip_prefix('"').expect("attributes are quoted");
                    (value, rest) = quoted.split_once('"').expect("a quote is closed");
                }
                attributes.push((key, value.to_owned()));
            }
            Tag { name: name.to_lowercase(), attributes, text: text.to_owned() }
        })
        .collect()
}

#[test]
fn every_placeholder_is_known_and_used() {
    let mut used = BTreeSet::new();
    for name in PAGES {
        let raw = Files::get(&format!("{name}.html")).unwrap();
        let raw = String::from_utf8(raw.data.to_vec()).unwrap();
        for piece in raw.split("{{").skip(1) {
            used.insert(piece.split_once("}}").expect("a placeholder is closed").0.to_owned());
        }
    }
    assert_eq!(used, PLACEHOLDERS.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn placeholders_are_filled_with_escaped_text_once() {
    for name in PAGES {
        let html = filled(name);
        // What a value brings in stays as it is: the only braces left are those of the values.
        assert_eq!(html.matches("{{").count(), html.matches("a&lt;b&gt;&quot;&#39;&amp;{{host}}").count(), "{name}");
        assert!(!html.contains("a<b>"), "{name}");
    }
    assert_eq!(fill("{{host}} {{nobody}} {{", &[("host", "x&y")]), "x&amp;y  {{");
}

#[test]
fn nothing_needs_more_than_the_strict_policy_allows() {
    for name in PAGES {
        for tag in tags(&filled(name)) {
            assert!(
                !["style", "base", "iframe", "object", "embed"].contains(&tag.name.as_str()),
                "{name}: {}",
                tag.name
            );
            for (key, value) in &tag.attributes {
                assert!(key != "style" && key != "srcdoc" && !key.starts_with("on"), "{name}: {key}");
                let outside = value.contains("//") || value.to_lowercase().contains("script:");
                assert!(!outside || !ADDRESSES.contains(&key.as_str()), "{name}: {key}={value}");
            }
            if tag.name == "script" {
                assert!(tag.attribute("src").is_some_and(|src| src.starts_with("/assets/")), "{name}");
                assert_eq!((tag.attribute("type"), tag.text.trim()), (Some("module"), ""), "{name}");
            }
        }
    }
    for (path, forbidden) in [
        (
            "setup.js",
            &["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "//www", "http"][..],
        ),
        ("docs.js", &["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "http"]),
        ("docs.css", &["@import", "url(", "http", "-left", "-right", " width:", " height:", "#fff", "#000"]),
        ("trust.js", &["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "http"]),
        (
            "style.css",
            &[
                "@import", "url(", "http", "-left:", "-right:", " left", " right", " top:", " bottom:", " width:",
                " height:",
            ],
        ),
    ] {
        let text = text_of(&asset(path).unwrap());
        for word in forbidden {
            assert!(!text.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    for name in PAGES {
        let tags = tags(&filled(name));
        for (key, value) in tags.iter().flat_map(|tag| &tag.attributes) {
            if !ADDRESSES.contains(&key.as_str()) {
                continue;
            }
            let found = match value.strip_prefix("/assets/") {
                Some(path) => asset(path).is_some(),
                None => ROUTES.contains(&value.as_str()),
            };
            assert!(found, "{name}: {key}={value}");
        }
    }
}

#[test]
fn every_page_can_be_read_by_a_screen_reader() {
    for name in PAGES {
        let tags = tags(&filled(name));
        let of = |wanted: &str| tags.iter().filter(|tag| tag.name == wanted).collect::<Vec<_>>();
        let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.attribute("id")).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name}: an id stands twice");
        assert!(of("html")[0].attribute("lang").is_some() && of("html")[0].attribute("dir").is_some(), "{name}");
        assert_eq!((of("main").len(), of("title").len()), (1, 1), "{name}");
        assert!(!of("h1").is_empty(), "{name}");
        assert!(of("img").iter().all(|tag| tag.attribute("alt").is_some()), "{name}");
        let labelled: Vec<&str> = of("label").iter().filter_map(|tag| tag.attribute("for")).collect();
        for input in of("input") {
            assert!(labelled.contains(&input.attribute("id").unwrap()), "{name}: an input without a label");
        }
        for key in ["for", "aria-describedby", "aria-labelledby"] {
            for id in tags.iter().filter_map(|tag| tag.attribute(key)).flat_map(str::split_whitespace) {
                assert!(ids.contains(&id), "{name}: {key} names {id}, which is not there");
            }
        }
    }
}

#[test]
fn scripts_find_what_they_ask_for() {
    for (page, asks) in [("setup", "byId(\""), ("docs", "getElementById(\"")] {
        let html = filled(page);
        let script = text_of(&asset(&format!("{page}.js")).unwrap());
        let asked: Vec<&str> = script.split(asks).skip(1).map(|piece| piece.split_once('"').unwrap().0).collect();
        assert!(!asked.is_empty(), "{page}.js asks for nothing");
        for id in asked {
            assert!(html.contains(&format!("id=\"{id}\"")), "{page}.js asks for {id}");
        }
    }
}

#[test]
fn only_our_files_are_served() {
    for name in ["", "setup.html", "../pages/setup", "Setup", "none", "a/b", "style"] {
        assert!(page(name, &[]).is_none(), "{name}");
    }
    for path in ["", "setup.html", "none.js", "../../Cargo.toml", "../pages/style.css", "a/style.css", ".css", "style"]
    {
        assert!(asset(path).is_none(), "{path}");
    }
    assert_eq!(asset("favicon.svg").unwrap().content_type, "image/svg+xml");
}

#[test]
fn the_etag_is_quoted_and_follows_the_body() {
    let one = page("index", &[("host", "a")]).unwrap();
    assert_eq!(one, page("index", &[("host", "a")]).unwrap());
    assert_ne!(one.etag, page("index", &[("host", "b")]).unwrap().etag);
    assert_eq!((one.etag.len(), one.etag.starts_with('"'), one.etag.ends_with('"')), (34, true, true));
}

#[test]
fn all_of_it_stays_small() {
    let bytes: usize = Files::iter().filter_map(|name| Files::get(&name)).map(|file| file.data.len()).sum();
    assert!(bytes < 56 * 1024, "{bytes} bytes");
}

/// Relative luminance (WCAG 2.1, "relative luminance").
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn every_theme_defines_every_colour_with_enough_contrast() {
    let css = text_of(&asset("style.css").unwrap());
    let themes: Vec<Vec<(&str, &str)>> = css
        .split(":root {")
        .skip(1)
        .map(|block| {
            let block = block.split_once('}').unwrap().0;
            let lines = block.split(';').filter_map(|line| line.trim().split_once(": "));
            lines.filter(|(name, _)| name.starts_with("--c-")).collect()
        })
        .collect();
    assert_eq!(themes.len(), 4, "light, dark, and both with more contrast");
    let names = |theme: &[(&str, &str)]| theme.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    for theme in &themes {
        assert_eq!(names(theme), names(&themes[0]));
        let of = |name: &str| luminance(theme.iter().find(|(known, _)| known.ends_with(name)).unwrap().1);
        // WCAG 2.1, 1.4.3 (text, 4.5) and 1.4.11 (borders of fields, focus, 3).
        for (front, back, least) in [
            ("-c-text", "-c-bg", 4.5),
            ("-c-text", "-c-surface", 4.5),
            ("-c-text", "-c-sunken", 4.5),
            ("-c-text", "-c-danger-bg", 4.5),
            ("-c-text-2", "-c-bg", 4.5),
            ("-c-text-2", "-c-surface", 4.5),
            ("-c-text-2", "-c-sunken", 4.5),
            ("-c-accent", "-c-surface", 4.5),
            ("-c-accent-strong", "-c-surface", 4.5),
            ("-c-on-accent", "-c-accent", 4.5),
            ("-c-on-accent", "-c-accent-strong", 4.5),
            ("-c-danger", "-c-surface", 4.5),
            ("-c-danger", "-c-danger-bg", 4.5),
            ("-c-ok", "-c-surface", 4.5),
            ("-c-field-line", "-c-surface", 3.0),
            ("-c-focus", "-c-surface", 3.0),
            ("-c-focus", "-c-bg", 3.0),
        ] {
            let (one, two) = (of(front), of(back));
            let contrast = (one.max(two) + 0.05) / (one.min(two) + 0.05);
            assert!(contrast >= least, "{front} on {back}: {contrast:.2}");
        }
    }
}
