//! Making the file.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::deeds::DiagnosticsDeed;
use crate::error::{Context, Result};
use crate::features::metrics::{self, Range};
use crate::features::{Means, overview, settings};
use crate::gate::{Cx, Gate};
use crate::logging::{self, Kind, Query};
use crate::wire::settings::{About, Component};

/// Lines of the log that are in the file.
const LINES: usize = 1_000;
/// Settings whose values are about a person or are the clinic's own words: that they are set is told, and no more.
const PRIVATE: [&str; 4] = ["INITIAL_ADMIN_USERNAME", "INITIAL_ADMIN_EMAIL", "DB_USER", "phi.mrnPatterns"];
/// What stands in their place.
const SET: &str = "(set)";
/// The libraries that this program is made of.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// What runs.
pub async fn about(cx: &Cx) -> Result<About> {
    cx.permit(DiagnosticsDeed::About).await?;
    Ok(shown())
}

fn shown() -> About {
    About {
        version: env!("CARGO_PKG_VERSION"),
        license: env!("CARGO_PKG_LICENSE"),
        system: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
        components: components(),
    }
}

/// Name and version of each package of the lock file that was not written here.
fn components() -> Vec<Component> {
    let value =
        |line: &str, key: &str| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"').map(str::to_owned);
    let packages = LOCK.split("[[package]]").skip(1).filter(|package| package.contains("\nsource = "));
    packages
        .filter_map(|package| {
            let name = package.lines().find_map(|line| value(line, "name"))?;
            let version = package.lines().find_map(|line| value(line, "version"))?;
            Some(Component { name, version })
        })
        .collect()
}

/// The whole file.
pub async fn bundle(cx: &Cx, gate: &Gate, means: &Arc<Means>) -> Result<Value> {
    cx.act(DiagnosticsDeed::Bundle, |_| Ok(())).await?;
    // Whoever may take the file need not be somebody who may see each of its parts by itself.
    let system = gate.system();
    let configured = settings::everything(&system, means).await?;
    let settings: Map<String, Value> = configured
        .settings
        .into_iter()
        .map(|one| {
            let private = PRIVATE.contains(&one.name) && one.value != one.default && !one.value.is_null();
            let value = if private { SET.into() } else { one.value };
            // A path of the machine tells who its user is; that it was a file says enough.
            let source = match one.source.as_str() {
                known @ ("default" | "dashboard" | "environment" | "command line") => known.to_owned(),
                _ => "file".to_owned(),
            };
            let value = if one.kind == "path" && source != "default" { SET.into() } else { value };
            (one.name.to_owned(), json!({ "value": value, "source": source }))
        })
        .collect();
    let folder = means.logs.folder().to_owned();
    let read = tokio::task::spawn_blocking(move || {
        logging::read(&folder, Kind::System, &Query { limit: LINES, ..Query::default() })
    });
    let lines = read.await.context("reading the log")?.context("reading the log")?.entries;
    Ok(json!({
        "madeAt": cx.now(),
        "about": shown(),
        "overview": overview::show(&system, means).await?,
        "settings": settings,
        "metrics": metrics::now(&system, means).await?,
        "history": [metrics::history(&system, Range::Day).await?, metrics::history(&system, Range::Month).await?],
        "log": lines,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libraries_are_listed_with_their_versions_and_this_program_is_not() {
        let all = components();
        assert!(all.len() > 100, "{}", all.len());
        assert!(all.iter().any(|one| one.name == "tokio" && one.version.starts_with("1.")));
        assert!(all.iter().all(|one| one.name != "mcp-messenger" && !one.version.is_empty()));
    }
}
