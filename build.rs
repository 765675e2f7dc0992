//! Builds the web clients into `OUT_DIR/web` and writes the table of their files that the server carries inside.
//!
//! The sources are `assets/` and `sdk/typescript/`, one npm workspace; what is built never lands among them. npm keeps
//! `node_modules` beside `package.json`, where git ignores it. Builds are kept by what the sources hold, in
//! `target/web`, because cargo runs this once for each set of features and the clients are the same for all.
//!
//! Without Node the program is built all the same, warns, and says at `/admin` how to get the clients.

#![expect(clippy::disallowed_methods, reason = "a build script is told everything by its environment")]

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the clients are made from; the description of the API is one of their sources.
const SOURCES: [&str; 3] = ["assets", "sdk/typescript", "docs/openapi.json"];
/// Folders that hold nothing a person wrote, or nothing of the clients: pages that need no build are embedded as they
/// are, and tests change nothing that is served.
const NOT_SOURCES: [&str; 6] = ["node_modules", "dist", "pages", "tests", "test-results", "playwright-report"];
/// The oldest Node that the tools of the web build run on.
const NODE_MIN: u32 = 20;
/// Builds that are kept, for those who go back and forth between two branches.
const BUILDS_KEPT: usize = 4;
/// Leaves the clients out, for those who work on the server alone.
const SKIP: &str = "MCPM_WEB_SKIP";

fn main() -> Outcome<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={SKIP}");
    let web = out.join("web");
    clear(&web)?;
    match missing(&root) {
        Some(why) => println!("cargo::warning=the web clients are not built in: {why}"),
        None => copy(&built(&root, &out)?, &web)?,
    }
    write_table(&web, &out.join("web.rs"))
}

/// Why the clients cannot be built here; tells cargo what to watch.
fn missing(root: &Path) -> Option<String> {
    let assets = root.join("assets");
    if !assets.join("package.json").is_file() {
        println!("cargo::rerun-if-changed=assets");
        return Some("there is no assets/package.json".to_owned());
    }
    for source in SOURCES {
        watch(&root.join(source));
    }
    if env::var_os(SKIP).is_some_and(|value| !value.is_empty()) {
        return Some(format!("{SKIP} is set"));
    }
    let said = Command::new("node").arg("--version").output().ok().filter(|said| said.status.success());
    let version = said.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    let major = version.as_deref().and_then(|text| text.trim_start_matches('v').split('.').next()?.parse::<u32>().ok());
    match (major, version) {
        (Some(NODE_MIN..), _) => None,
        (Some(_), Some(version)) => Some(format!("Node {NODE_MIN} or newer is needed, and here is {version}")),
        _ => Some(format!("Node is not installed. Install Node {NODE_MIN} or newer with npm, then build again")),
    }
}

/// Has cargo look at every source and at no folder that is none: it looks into the folders it is given all the way.
fn watch(path: &Path) {
    if is_none(path) {
        return;
    }
    match fs::read_dir(path) {
        Ok(entries) if path.join("node_modules").exists() || path.join("package.json").exists() => {
            entries.flatten().for_each(|entry| watch(&entry.path()));
        }
        Ok(_) => println!("cargo::rerun-if-changed={}", path.display()),
        Err(_) if path.exists() => println!("cargo::rerun-if-changed={}", path.display()),
        // What is not there would make cargo run this every time.
        Err(_) => {}
    }
}

fn is_none(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    NOT_SOURCES.contains(&name) || matches!(ending, "log" | "tsbuildinfo")
}

/// The folder with the finished clients: an earlier build of the same sources, or a new one.
fn built(root: &Path, out: &Path) -> Outcome<PathBuf> {
    // OUT_DIR is target/PROFILE/build/PACKAGE-HASH/out.
    let store = out.ancestors().nth(4).ok_or("OUT_DIR has an unknown form")?.join("web");
    fs::create_dir_all(&store)?;
    let lock = File::create(store.join("lock"))?;
    lock.lock()?;
    let done = store.join(fingerprint(root)?);
    if !done.join("admin.html").is_file() {
        let fresh = store.join("fresh");
        clear(&fresh)?;
        install(root)?;
        npm(root, &["run", "build"], Some(&fresh))?;
        clear(&done)?;
        fs::rename(&fresh, &done)?;
        forget_old(&store, &done)?;
    }
    Ok(done)
}

/// Installs what `package-lock.json` lists, unless it is there already.
fn install(root: &Path) -> Outcome<()> {
    let assets = root.join("assets");
    let modified = |path: PathBuf| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let wanted = modified(assets.join("package-lock.json")).ok_or("assets/package-lock.json is missing")?;
    if modified(assets.join("node_modules/.package-lock.json")).is_some_and(|there| there >= wanted) {
        return Ok(());
    }
    npm(root, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"], None)
}

fn npm(root: &Path, words: &[&str], out: Option<&Path>) -> Outcome<()> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut command = Command::new(program);
    command.args(words).current_dir(root.join("assets"));
    if let Some(out) = out {
        command.env("MCPM_WEB_OUT", out);
    }
    let said = command.output().map_err(|cause| format!("npm cannot be started: {cause}. {SKIP}=1 builds without"))?;
    if said.status.success() {
        return Ok(());
    }
    let text = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    Err(format!("npm {} failed in assets/; {SKIP}=1 builds without the web clients:\n{text}", words.join(" ")).into())
}

/// A name for what the sources hold.
fn fingerprint(root: &Path) -> Outcome<String> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        for file in files(&root.join(source))? {
            file.strip_prefix(root)?.hash(&mut hasher);
            fs::read(&file)?.hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Every source below `path`, sorted.
fn files(path: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    if path.is_file() {
        found.push(path.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            if !is_none(&path) {
                found.extend(files(&path)?);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn forget_old(store: &Path, newest: &Path) -> Outcome<()> {
    let mut builds: Vec<_> = fs::read_dir(store)?.flatten().map(|entry| entry.path()).filter(|p| p.is_dir()).collect();
    builds.retain(|build| build != newest);
    builds.sort_by_key(|build| fs::metadata(build).and_then(|meta| meta.modified()).ok());
    let surplus = builds.len().saturating_sub(BUILDS_KEPT - 1);
    builds.iter().take(surplus).try_for_each(|build| clear(build))
}

fn clear(folder: &Path) -> Outcome<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// The files as Rust: their names, as they are asked for, and their bytes.
fn write_table(web: &Path, into: &Path) -> Outcome<()> {
    let mut text = String::from("pub(super) static BUILT: &[(&str, &[u8])] = &[\n");
    for file in files(web)? {
        let name = file.strip_prefix(web)?.to_string_lossy().replace('\\', "/");
        // Maps are for those who have the sources.
        if file.extension() != Some(OsStr::new("map")) {
            writeln!(text, "    ({name:?}, include_bytes!({:?})),", file.display().to_string())?;
        }
    }
    text.push_str("];\n");
    if fs::read_to_string(into).ok().as_deref() != Some(text.as_str()) {
        fs::write(into, text)?;
    }
    Ok(())
}
