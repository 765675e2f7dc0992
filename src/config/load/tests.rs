//! The layers, every variable, and what is said when something is wrong.

use super::*;
use crate::config::{Engine, Kind, Level, MASK};

/// A working folder with files in it, and an environment.
struct Place {
    folder: tempfile::TempDir,
    sources: Sources,
}

impl Place {
    fn new(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources {
            environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            working_dir: folder.path().to_owned(),
            system_dir: folder.path().join("etc"),
            ..Sources::default()
        };
        Self { folder, sources }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn with(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn argued(mut self, name: &'static str, text: &str) -> Self {
        self.sources.arguments.insert(name, text.into());
        self
    }

    fn load(&self) -> Loaded {
        load(&self.sources).unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn faults(&self) -> Vec<Fault> {
        load(&self.sources).expect_err("it should have been refused").0
    }
}

/// The one fault of an environment.
fn fault(environment: &[(&str, &str)]) -> Fault {
    let faults = Place::new(environment).faults();
    assert_eq!(faults.len(), 1, "{environment:?}: {faults:?}");
    faults.into_iter().next().unwrap()
}

fn good(environment: &[(&str, &str)]) -> Loaded {
    Place::new(environment).load()
}

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SECRET: &str = "hush-hush, nobody may ever see this";

#[test]
fn each_layer_covers_the_ones_below_it() {
    let mut place = Place::new(&[]);
    assert_eq!((place.load().config.listen.port, place.load().origins["PORT"].as_str()), (3000, "default"));

    place = place.with("config.toml", "[listen]\nport = 1");
    assert_eq!(place.load().config.listen.port, 1);
    assert_eq!(place.load().origins["PORT"], place.path("config.toml").display().to_string());
    assert_eq!(place.load().file, Some(place.path("config.toml")));

    place = place.with(".env", "PORT=2\n");
    assert_eq!(place.load().config.listen.port, 2);
    assert_eq!(place.load().origins["PORT"], place.path(".env").display().to_string());

    place.sources.environment.insert("PORT".into(), "3".into());
    assert_eq!((place.load().config.listen.port, place.load().origins["PORT"].as_str()), (3, "environment"));

    place = place.argued("PORT", "4");
    assert_eq!((place.load().config.listen.port, place.load().origins["PORT"].as_str()), (4, "command line"));
}

#[test]
fn an_empty_value_is_unset_in_every_layer() {
    let place = Place::new(&[("PORT", "")])
        .argued("PORT", "")
        .with(".env", "PORT=\nLOG_LEVEL=")
        .with("config.json", r#"{"port": "7", "logLevel": ""}"#);
    assert_eq!(place.load().config.listen.port, 7);
    assert_eq!(place.load().origins["LOG_LEVEL"], "default");
}

#[test]
fn a_covered_value_is_not_judged() {
    let place = Place::new(&[("PORT", "3")]).with(".env", "PORT=nonsense").with("config.toml", "[listen]\nport = -1");
    assert_eq!(place.load().config.listen.port, 3);
}

#[test]
fn the_file_is_found_in_the_data_folder_first() {
    let place = Place::new(&[("DATA_DIR", "here")])
        .with("here/config.toml", "[listen]\nport = 1")
        .with("config.toml", "[listen]\nport = 2")
        .with("etc/config.toml", "[listen]\nport = 3");
    assert_eq!(place.load().config.listen.port, 1);
    std::fs::remove_file(place.path("here/config.toml")).unwrap();
    assert_eq!(place.load().config.listen.port, 2);
    std::fs::remove_file(place.path("config.toml")).unwrap();
    assert_eq!(place.load().config.listen.port, 3);

    let mut place = place.with("other.toml", "[listen]\nport = 4");
    place.sources.config_file = Some("other.toml".into());
    assert_eq!(place.load().config.listen.port, 4);
    place.sources.config_file = Some("missing.toml".into());
    assert_eq!(place.faults()[0].problem, "there is no such file");
}

#[test]
fn the_older_json_file_is_read_and_gives_way_to_toml() {
    let json = r#"{
        "port": 8080, "dbHost": "db.lan", "dbPort": "5433", "jwtExpiresIn": "7d", "authenticateUsers": true,
        "allowedNetworkRange": "192.168.0.0/16", "logLevel": "silly", "nodeEnv": "production",
        "database": {"maxConnections": 20}
    }"#;
    let place = Place::new(&[]).with("config.json", json);
    let config = place.load().config;
    assert_eq!((config.listen.port, config.store.postgres.port, config.store.readers_max), (8080, 5433, 20));
    assert_eq!(config.auth.token_lives.as_secs(), 7 * 86_400);
    assert_eq!(config.network.allowed, Some(vec!["192.168.0.0/16".into()]));
    assert_eq!(config.log.level, Level::Trace);

    let place = place.with("config.toml", "[listen]\nport = 1");
    let loaded = place.load();
    assert_eq!(loaded.config.listen.port, 1);
    assert!(loaded.warnings.iter().any(|w| w.contains("config.json is not read")), "{:?}", loaded.warnings);
}

#[test]
fn any_variable_can_come_from_a_file() {
    let place = Place::new(&[("JWT_SECRET_FILE", "jwt"), ("PORT_FILE", "port")])
        .with("jwt", &format!("{SECRET}\n\r\n"))
        .with("port", "4000\r\n");
    let loaded = place.load();
    // One line break goes, the rest is the secret's own.
    assert_eq!(loaded.config.auth.jwt_secret.unwrap().reveal(), format!("{SECRET}\n"));
    assert_eq!(loaded.config.listen.port, 4000);
    assert_eq!(loaded.origins["JWT_SECRET"], format!("JWT_SECRET_FILE ({})", place.path("jwt").display()));

    let place = Place::new(&[]).with(".env", "JWT_SECRET_FILE=jwt").with("jwt", SECRET);
    assert_eq!(place.load().config.auth.jwt_secret.unwrap().reveal(), SECRET);
}

#[test]
fn a_file_that_gives_nothing_is_a_fault_that_says_why() {
    let told = fault(&[("JWT_SECRET_FILE", "missing")]);
    assert_eq!(told.name, "JWT_SECRET_FILE");
    assert!(told.problem.ends_with("there is no such file"), "{told}");

    let place = Place::new(&[("JWT_SECRET_FILE", "empty")]).with("empty", "\n");
    assert!(place.faults()[0].problem.ends_with("the file is empty"));
    let place = Place::new(&[("JWT_SECRET_FILE", ".")]);
    assert!(place.faults()[0].problem.ends_with("it is a folder"));

    let place = Place::new(&[("JWT_SECRET_FILE", "jwt"), ("JWT_SECRET", SECRET)]).with("jwt", SECRET);
    let faults = place.faults();
    assert_eq!(faults[0].problem, "is set together with JWT_SECRET_FILE; only one of the two may be");
    // A higher layer may cover either form of a lower one.
    let place = Place::new(&[("PORT", "1")]).with(".env", "PORT_FILE=missing");
    assert_eq!(place.load().config.listen.port, 1);
}

#[test]
fn all_faults_are_told_together() {
    let place = Place::new(&[("PORT", "70000"), ("JWT_SECRET", "short and secret"), ("LOG_LEVEL", "loud")])
        .with(".env", "JWT_EXPIRES_IN=5s\n")
        .with("config.toml", "[listen]\nprot = 1\n[limits]\njson_depth = 'deep'\n");
    let faults = place.faults();
    let names: Vec<&str> = faults.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["listen.prot", "PORT", "JWT_SECRET", "JWT_EXPIRES_IN", "LOG_LEVEL", "LIMIT_JSON_DEPTH"]);

    let told = Faults(faults).to_string();
    let file = place.path("config.toml").display().to_string();
    for part in [
        "6 faults",
        "PORT = \"70000\"  (from environment)",
        "is above 65535",
        "a whole number from 0 to 65535",
        "JWT_SECRET = ********",
        "is 16 bytes long; at least 32 are needed",
        "a time from 1m to 30d",
        &format!("(from {})", place.path(".env").display()),
        &format!("(from {file}, limits.json_depth)"),
        "did you mean listen.port?",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    assert!(!told.contains("short and secret"), "{told}");
}

#[test]
fn a_secret_is_never_shown() {
    let secrets = [
        ("JWT_SECRET", SECRET),
        ("ENCRYPTION_KEY", KEY),
        ("METADATA_KEY", KEY),
        ("RECOVERY_KEY", SECRET),
        ("DB_PASSWORD", SECRET),
        ("INITIAL_ADMIN_PASSWORD", SECRET),
    ];
    let names: Vec<&str> = settings().filter(|s| s.kind.is_secret()).map(|s| s.name).collect();
    assert_eq!(names.len(), secrets.len(), "a secret is missing from this test: {names:?}");
    let place = Place::new(&secrets);
    let loaded = place.load();
    for text in [
        format!("{loaded:?}"),
        format!("{:?}", place.sources),
        crate::config::show_text(&loaded),
        crate::config::show_json(&loaded).to_string(),
    ] {
        assert!(!text.contains("hush") && !text.contains("0c0d0e0f"), "{text}");
    }
    assert!(crate::config::show_text(&loaded).contains(MASK));

    let bad: Vec<(&str, &str)> = names.iter().map(|name| (*name, "\u{7}hush")).collect();
    let told = load(&Place::new(&bad).sources).unwrap_err();
    assert!(!format!("{told:?} {told}").contains("hush"), "{told}");
}

#[test]
fn a_certificate_and_its_key_go_together() {
    assert_eq!(fault(&[("TLS_CERT_PATH", "c.pem")]).name, "TLS_CERT_PATH");
    assert_eq!(fault(&[("TLS_KEY_PATH", "k.pem")]).name, "TLS_KEY_PATH");
    good(&[("TLS_CERT_PATH", "c.pem"), ("TLS_KEY_PATH", "k.pem")]);
}

#[test]
fn proxies_must_be_named_before_they_are_believed() {
    for name in ["PROXY_PROTOCOL", "PROXY_PLAIN_HTTP"] {
        assert!(fault(&[(name, "true")]).problem.contains("TRUSTED_PROXIES"));
        good(&[(name, "true"), ("TRUSTED_PROXIES", "10.0.0.5")]);
        // One mistake is told once.
        assert_eq!(fault(&[(name, "true"), ("TRUSTED_PROXIES", "nginx")]).name, "TRUSTED_PROXIES");
    }
}

#[test]
fn letting_everybody_in_is_for_development_on_this_machine() {
    let off = ("AUTHENTICATE_USERS", "false");
    let development = ("NODE_ENV", "development");
    assert!(fault(&[off]).problem.contains("NODE_ENV=development"));
    assert!(fault(&[off, ("NODE_ENV", "test"), ("BIND_ADDRESS", "127.0.0.1")]).problem.contains("NODE_ENV"));
    assert!(fault(&[off, development]).problem.contains("BIND_ADDRESS"));
    assert!(fault(&[off, development, ("BIND_ADDRESS", "127.0.0.1,192.168.1.2")]).problem.contains("BIND_ADDRESS"));
    assert!(fault(&[off, development, ("BIND_ADDRESS", "0.0.0.0")]).problem.contains("BIND_ADDRESS"));
    let loaded = good(&[off, development, ("BIND_ADDRESS", "127.0.0.1,::1")]);
    assert!(!loaded.config.auth.authenticate_users && loaded.config.development);
    assert!(loaded.warnings[0].contains("nobody has to sign in"), "{:?}", loaded.warnings);
}

#[test]
fn a_database_elsewhere_is_reached_by_tls() {
    assert!(!good(&[]).config.store.postgres.tls);
    assert!(!good(&[("DB_HOST", "/run/postgresql")]).config.store.postgres.tls);
    assert!(good(&[("DB_HOST", "db.lan")]).config.store.postgres.tls);
    assert!(good(&[("DB_TLS", "require")]).config.store.postgres.tls);
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_is_never_spoken_to_in_the_clear_over_a_network() {
    let postgres = ("DB_ENGINE", "postgres");
    assert_eq!(fault(&[postgres, ("DB_HOST", "db.lan"), ("DB_TLS", "off")]).name, "DB_TLS");
    assert_eq!(good(&[postgres, ("DB_HOST", "::1"), ("DB_TLS", "off")]).config.store.engine, Engine::Postgres);
    let loaded = good(&[postgres, ("DB_PASSWORD", "admin123")]);
    assert!(loaded.warnings[0].contains("manual printed"), "{:?}", loaded.warnings);
}

#[cfg(not(feature = "postgres"))]
#[test]
fn a_build_without_postgres_says_so() {
    assert!(fault(&[("DB_ENGINE", "postgres")]).problem.contains("made without PostgreSQL"));
    assert_eq!(good(&[]).config.store.engine, Engine::Sqlite);
}

#[test]
fn settings_that_do_nothing_are_pointed_out() {
    let loaded = good(&[("DB_HOST", "db.lan"), ("DB_PASSWORD", "x"), ("DB_MAX_CONNECTIONS", "5")]);
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].starts_with("DB_HOST, DB_PASSWORD are set without DB_ENGINE=postgres"));

    let loaded = good(&[("INITIAL_ADMIN_EMAIL", "dora@clinic.lan")]);
    assert!(loaded.warnings[0].contains("without INITIAL_ADMIN_USERNAME"), "{:?}", loaded.warnings);
    let loaded = good(&[("ENCRYPTION_KEY", KEY), ("METADATA_KEY", KEY)]);
    assert!(loaded.warnings[0].contains("same as ENCRYPTION_KEY"), "{:?}", loaded.warnings);
    let loaded = good(&[("JWT_SECRET", &"ab".repeat(16))]);
    assert!(loaded.warnings[0].contains("easy to guess"), "{:?}", loaded.warnings);
    assert!(good(&[("UNKNOWN_VARIABLE", "x"), ("JWT_SECRET", SECRET)]).warnings.is_empty());
}

#[test]
fn limits_must_agree_with_each_other() {
    assert_eq!(fault(&[("LIMIT_PAGE_ROWS", "201")]).name, "LIMIT_PAGE_ROWS");
    assert_eq!(fault(&[("LIMIT_SENDS_BURST", "49")]).name, "LIMIT_SENDS_BURST");
    assert_eq!(fault(&[("LIMIT_OUTBOX_BYTES", "64K"), ("LIMIT_FRAME_BYTES", "65K")]).name, "LIMIT_OUTBOX_BYTES");
    assert_eq!(fault(&[("LIMIT_MESSAGE_CHARS", "65537")]).name, "LIMIT_MESSAGE_CHARS");
    good(&[("LIMIT_PAGE_ROWS", "200"), ("LIMIT_SENDS_BURST", "50"), ("LIMIT_MESSAGE_CHARS", "65536")]);
}

#[test]
fn relative_paths_start_where_they_were_written() {
    let place =
        Place::new(&[("DATA_DIR", "./d")]).with("etc/config.toml", "[tls]\ncert_path = 'c.pem'\nkey_path = '/k.pem'");
    let config = place.load().config;
    assert_eq!(config.store.data_dir, place.path("d"));
    assert_eq!(config.tls.cert, Some(place.path("etc/c.pem")));
    assert_eq!(config.tls.key, Some(PathBuf::from("/k.pem")));
    assert_eq!(good(&[]).config.store.data_dir.file_name(), Some("data".as_ref()));
}

#[cfg(unix)]
#[test]
fn a_file_with_secrets_that_others_can_read_is_pointed_out() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new(&[]).with("config.toml", &format!("[auth]\njwt_secret = '{SECRET}'"));
    let set =
        |mode| std::fs::set_permissions(place.path("config.toml"), std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o644);
    assert!(place.load().warnings[0].contains("chmod 600"), "{:?}", place.load().warnings);
    set(0o600);
    assert!(place.load().warnings.is_empty());
}

#[test]
fn a_broken_dotenv_is_told_by_line() {
    let faults = Place::new(&[]).with(".env", "PORT=1\nJWT_SECRET='hush").faults();
    assert!(faults[0].place.ends_with(".env, line 2") && !format!("{faults:?}").contains("hush"), "{faults:?}");
}

/// What stands in the hand-written part of the manual between a line that opens with three backticks and `kind`,
/// and the next three.
fn example(kind: &str) -> String {
    let page = include_str!("../../../docs/configuration.md").replace("\r\n", "\n");
    let (_, after) = page.split_once(&format!("```{kind}\n")).unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_examples_of_the_manual_are_true() {
    let place = Place::new(&[]).with("config.toml", &example("toml"));
    let config = place.load().config;
    assert_eq!((config.listen.port, config.log.level), (3443, Level::Warn));
    assert_eq!(config.network.allowed.unwrap(), ["192.168.10.0/24", "!192.168.10.66"]);
    assert_eq!(config.auth.token_lives.as_secs(), 8 * 3600);

    let mut faults = Place::new(&[("PORT", "70000")]).with("etc/config.toml", "[listen]\nprot = 1").faults();
    faults.sort_by_key(|fault| fault.name != "PORT");
    faults[1].place = "/etc/mcp-messenger/config.toml".into();
    assert_eq!(Faults(faults).to_string(), example("text"));
}

mod properties;
mod variables;
