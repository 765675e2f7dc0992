//! Puts the layers on top of each other. For each setting the highest layer that says something holds; a value
//! that another covers is not judged, an unknown key always is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::file::{self, File};
use super::kind::resolve;
use super::{Config, Fault, Faults, Origins, Setting, Sources, check, dotenv, settings};

/// A configuration that holds.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Where each came from, by environment name.
    pub origins: Origins,
    /// What is allowed and probably not meant, as sentences.
    pub warnings: Vec<String>,
    /// The configuration file that was read.
    pub file: Option<PathBuf>,
}

/// What one layer says about a setting.
struct Given {
    text: Zeroizing<String>,
    /// For `config show`.
    origin: String,
    /// For a fault; in a file it has the key too.
    place: String,
    /// Where a relative path starts.
    folder: PathBuf,
}

/// A layer of variables: the environment, or `.env`.
struct Variables<'a> {
    origin: String,
    map: &'a BTreeMap<String, String>,
}

/// Loads the configuration from `sources`, or says everything that is wrong with it.
///
/// # Errors
/// Every fault that could be found, in the order of the table of settings.
pub fn load(sources: &Sources) -> Result<Loaded, Faults> {
    let mut faults = Vec::new();
    let mut warnings = Vec::new();

    let dotenv_path = resolve(&sources.working_dir, Path::new(".env"));
    let anywhere = !sources.working_dir.as_os_str().is_empty();
    let dotenv_map = if anywhere { read_dotenv(&dotenv_path, &mut faults) } else { BTreeMap::new() };
    let upper = [
        Variables { origin: "environment".into(), map: &sources.environment },
        Variables { origin: dotenv_path.display().to_string(), map: &dotenv_map },
    ];
    let file = find_file(sources, &upper, &mut warnings).map(|path| file::read(path, &mut faults));

    let mut config = Config::default();
    config.store.data_dir = resolve(&sources.working_dir, &config.store.data_dir);
    let mut origins = Origins::new();
    let mut told_already = BTreeSet::new();
    for setting in settings() {
        let given = match given(setting, sources, &upper, file.as_ref()) {
            Ok(Some(given)) => given,
            Ok(None) => {
                origins.insert(setting.name, "default".into());
                continue;
            }
            Err(fault) => {
                told_already.insert(setting.name);
                faults.push(fault);
                continue;
            }
        };
        let put = setting.kind.read(&given.text).and_then(|value| {
            let fits = (setting.at)(&mut config).put(value.below(&given.folder));
            if fits { Ok(()) } else { Err("does not fit".into()) }
        });
        match put {
            Ok(()) => {
                origins.insert(setting.name, given.origin);
            }
            Err(problem) => {
                told_already.insert(setting.name);
                faults.push(Fault::of(setting, &given.text, given.place, problem));
            }
        }
    }

    if let Some(file) = &file {
        warn_of_readers(&file.path, file.values.keys().copied(), &mut warnings);
    }
    warn_of_readers(
        &dotenv_path,
        dotenv_map.iter().filter(|(_, v)| !v.is_empty()).map(|(k, _)| k.as_str()),
        &mut warnings,
    );
    check::settle(&mut config, &origins);
    check::together(&config, &origins, &told_already, &mut faults);
    check::warn(&config, &origins, &mut warnings);

    if faults.is_empty() {
        Ok(Loaded { config, origins, warnings, file: file.map(|file| file.path) })
    } else {
        Err(Faults(faults))
    }
}

fn read_dotenv(path: &Path, faults: &mut Vec<Fault>) -> BTreeMap<String, String> {
    if !path.try_exists().unwrap_or(true) {
        return BTreeMap::new();
    }
    let place = path.display().to_string();
    let text = match file::read_text(path) {
        Ok(text) => Zeroizing::new(text),
        Err(problem) => {
            faults.push(Fault::new(".env", place, problem));
            return BTreeMap::new();
        }
    };
    dotenv::read(&text).unwrap_or_else(|lines| {
        faults.extend(
            lines.into_iter().map(|(line, problem)| Fault::new(".env", format!("{place}, line {line}"), problem)),
        );
        BTreeMap::new()
    })
}

/// The file is looked for in the data folder first, so the layers above it are asked for that folder alone; what
/// is wrong with the answer is reported when its turn comes.
fn find_file(sources: &Sources, upper: &[Variables], warnings: &mut Vec<String>) -> Option<PathBuf> {
    let here = &sources.working_dir;
    let data_dir = settings()
        .find(|setting| setting.name == "DATA_DIR")
        .and_then(|setting| given(setting, sources, upper, None).ok().flatten())
        .map_or_else(|| Config::default().store.data_dir, |given| PathBuf::from(given.text.trim()));
    let mut folders = Vec::new();
    if !here.as_os_str().is_empty() {
        folders.extend([resolve(here, &data_dir), here.clone()]);
    }
    if !sources.system_dir.as_os_str().is_empty() {
        folders.push(sources.system_dir.clone());
    }
    let asked = sources.config_file.as_ref().map(|path| resolve(here, path));
    file::find(asked.as_deref(), &folders, warnings)
}

/// What the highest layer that speaks of `setting` says.
fn given(
    setting: &Setting,
    sources: &Sources,
    upper: &[Variables],
    file: Option<&File>,
) -> Result<Option<Given>, Fault> {
    let here = || sources.working_dir.clone();
    if let Some(text) = sources.arguments.get(setting.name).filter(|text| !text.is_empty()) {
        let origin = "command line".to_owned();
        return Ok(Some(Given { text: text.clone().into(), place: origin.clone(), origin, folder: here() }));
    }
    for layer in upper {
        if let Some((text, origin)) = from_variables(setting, layer, &sources.working_dir)? {
            return Ok(Some(Given { text, place: origin.clone(), origin, folder: here() }));
        }
    }
    Ok(file.and_then(|file| {
        let (key, text) = file.values.get(setting.name)?;
        let origin = file.path.display().to_string();
        Some(Given {
            text: text.clone().into(),
            place: format!("{origin}, {key}"),
            origin,
            folder: file.path.parent().unwrap_or(Path::new("")).to_owned(),
        })
    }))
}

/// `NAME`, or the content of the file that `NAME_FILE` names.
fn from_variables(
    setting: &Setting,
    layer: &Variables,
    here: &Path,
) -> Result<Option<(Zeroizing<String>, String)>, Fault> {
    let set = |name: &str| layer.map.get(name).filter(|text| !text.is_empty());
    let file_name = format!("{}_FILE", setting.name);
    match (set(setting.name), set(&file_name)) {
        (None, None) => Ok(None),
        (Some(text), None) => Ok(Some((text.clone().into(), layer.origin.clone()))),
        (Some(_), Some(_)) => {
            let problem = format!("is set together with {file_name}; only one of the two may be");
            Err(Fault::new(setting.name, &layer.origin, problem))
        }
        (None, Some(path)) => {
            let path = resolve(here, Path::new(path));
            let origin = format!("{file_name} ({})", path.display());
            let fault =
                |problem: &str| Fault::new(file_name.clone(), &layer.origin, format!("{}: {problem}", path.display()));
            let text = Zeroizing::new(file::read_text(&path).map_err(|problem| fault(&problem))?);
            let line = text.strip_suffix('\n').map_or(text.as_str(), |t| t.strip_suffix('\r').unwrap_or(t));
            if line.is_empty() { Err(fault("the file is empty")) } else { Ok(Some((line.to_owned().into(), origin))) }
        }
    }
}

/// A file with secrets in it that others on the machine may read gives them away.
#[cfg(unix)]
fn warn_of_readers<'a>(path: &Path, names: impl Iterator<Item = &'a str>, warnings: &mut Vec<String>) {
    use std::os::unix::fs::PermissionsExt as _;
    let secrets: Vec<&str> = names.filter(|name| settings().any(|s| s.name == *name && s.kind.is_secret())).collect();
    let open = std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o044 != 0);
    if open && !secrets.is_empty() {
        let names = secrets.join(", ");
        let path = path.display();
        warnings.push(format!("{path} holds {names} and other users of this machine can read it: chmod 600 {path}"));
    }
}

/// Windows keeps its permissions elsewhere; the installer sets them on the folder.
#[cfg(not(unix))]
fn warn_of_readers<'a>(_: &Path, _: impl Iterator<Item = &'a str>, _: &mut Vec<String>) {}

#[cfg(test)]
mod tests;
