//! `docs/openapi.json` is what the server publishes, for readers without a server.

use super::source::root;

#[test]
fn published_and_kept_descriptions_agree() {
    let path = root().join("docs/openapi.json");
    let wanted = serde_json::to_string_pretty(&mcp_messenger::http::document()).expect("JSON") + "\n";
    #[expect(clippy::disallowed_methods, reason = "a switch of the test, not of the server")]
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, wanted).expect("the file can be written");
        return;
    }
    let now = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(now == wanted, "docs/openapi.json is old: run UPDATE_DOCS=1 cargo test --test tidy published");
}
