//! Every variable by itself.

use super::*;

/// Good and bad texts of every variable; that none is forgotten is checked below.
#[rustfmt::skip]
const SAMPLES: &[(&str, &[&str], &[&str])] = &[
    ("PORT", &["0", "1", "65535", " 80 "], &["-1", "65536", "http", "3000.0"]),
    ("BIND_ADDRESS", &["127.0.0.1", "0.0.0.0, ::", "fd00::1"], &["localhost", "127.0.0.1:3000", "10.0.0.0/8"]),
    ("HOST_NAMES", &["chat.clinic.lan", "chat, 10.0.0.1"], &["https://chat", "chat:3000", "a_b"]),
    ("ALLOWED_NETWORK_RANGE", &["10.0.0.0/8", "10.0.0.1", "10.0.0.0/8, !10.0.0.9", "fd00::/8"],
        &["10.0.0.0/33", "lan", "!10.0.0.1", ",", "10.0.0.1-10.0.0.9"]),
    ("ALLOWED_ORIGINS", &["https://a.lan", "https://a.lan:8443, http://localhost:5173"], &["*", "a.lan", "http://a.lan"]),
    ("TRUSTED_PROXIES", &["10.0.0.5", "10.0.0.0/24, ::1"], &["nginx", "0.0.0.0/0"]),
    ("PROXY_PROTOCOL", &["false"], &["maybe"]),
    ("PROXY_PLAIN_HTTP", &["no"], &["http"]),
    ("TLS_CERT_PATH", &[], &["\0"]),
    ("TLS_KEY_PATH", &[], &["\0"]),
    ("DATA_DIR", &["/var/lib/mcp-messenger", "relative"], &["a\0b"]),
    ("DB_ENGINE", &["sqlite", "SQLite"], &["mysql", "oracle"]),
    ("DB_HOST", &["db.lan", "/run/postgresql"], &["two words"]),
    ("DB_PORT", &["1", "65535"], &["0", "65536"]),
    ("DB_NAME", &["mcp"], &["two words"]),
    ("DB_USER", &["mcp"], &["two words"]),
    ("DB_PASSWORD", &["x"], &[]),
    ("DB_TLS", &["require", "off", "true"], &["maybe"]),
    ("DB_TLS_CA", &["/etc/ca.pem"], &["\0"]),
    ("DB_MAX_CONNECTIONS", &["1", "256"], &["0", "257"]),
    ("SNAPSHOT_INTERVAL", &["1s", "15m", "7d", "900"], &["0", "8d", "soon"]),
    ("JWT_SECRET", &[SECRET, "12345678901234567890123456789012"], &["1234567890123456789012345678901"]),
    ("JWT_EXPIRES_IN", &["24h", "7d", "90m", "60", "30d"], &["59", "59s", "31d", "2592001", "forever", "0"]),
    ("AUTHENTICATE_USERS", &["true"], &["perhaps", "false"]),
    ("INITIAL_ADMIN_USERNAME", &["dora", "12345678901234567890123456789012345678901234567890"],
        &["123456789012345678901234567890123456789012345678901", "do\u{7}ra"]),
    ("INITIAL_ADMIN_EMAIL", &["dora@clinic.lan"], &["dora", "@", "do ra@x"]),
    ("INITIAL_ADMIN_PASSWORD", &["fifteen letters"], &["fourteen chars"]),
    ("ENCRYPTION_KEY", &[KEY, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="], &["00", "AAEC"]),
    ("METADATA_KEY", &[KEY, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"], &["00", "AAEC"]),
    ("RECOVERY_KEY", &["1234567890123456"], &["123456789012345"]),
    ("NODE_ENV", &["development", "production", "test"], &["staging"]),
    ("LOG_LEVEL", &["error", "warn", "info", "debug", "trace", "silly", "verbose", "http", "notice", "warning",
        "fatal", "silent", "INFO"], &["loud", "3"]),
    ("METRICS_MINUTES_KEPT", &["24h", "14d"], &["23h", "15d"]),
    ("METRICS_HOURS_KEPT", &["31d", "366d"], &["30d", "367d"]),
    ("METRICS_DAYS_KEPT", &["366d", "3660d"], &["365d", "3661d"]),
    ("METRICS_SCRAPERS", &["10.0.0.5", "10.1.0.0/24"], &["grafana"]),
    ("LOG_FORMAT", &["text", "json"], &["xml"]),
    ("LOG_FILES", &["true", "false"], &["some"]),
    ("LOG_FILE_FORMAT", &["text", "json"], &["xml"]),
    ("LOG_FILE_BYTES", &["4KiB", "10MiB", "1GiB"], &["4095", "1GiB1", "1073741825"]),
    ("LOG_FILE_AGE", &["1m", "24h", "366d"], &["59s", "367d", "0"]),
    ("LOG_KEPT", &["1h", "90d", "3660d"], &["59m", "3661d"]),
    ("LOG_DISK_BYTES", &["64KiB", "512MiB", "1024GiB"], &["65535", "1025GiB"]),
    ("LOG_ACCESS", &["true", "false"], &["often"]),
];

#[test]
fn every_variable_takes_what_is_good_and_refuses_what_is_not() {
    for setting in settings() {
        if let Some((name, good_ones, bad_ones)) = SAMPLES.iter().find(|(name, ..)| *name == setting.name) {
            for text in *good_ones {
                good(&[(name, text)]);
            }
            for text in *bad_ones {
                assert_eq!(fault(&[(name, text)]).name, *name, "{text}");
            }
            continue;
        }
        if matches!(setting.kind, Kind::Rate) {
            for text in ["1/1s", "60/m", "1000000000/24h"] {
                good(&[(setting.name, text)]);
            }
            for text in ["0/1s", "60", "60/0s", "1000000001/1s", "1/25h", "often"] {
                assert_eq!(fault(&[(setting.name, text)]).name, setting.name, "{text}");
            }
            continue;
        }
        assert!(setting.name.starts_with("LIMIT_"), "{} has no samples", setting.name);
        let (min, max) = match setting.kind {
            Kind::Whole { min, max } | Kind::Bytes { min, max } => (min, max),
            Kind::Span { min, max } => (min.as_secs(), max.as_secs()),
            _ => panic!("{} is no number", setting.name),
        };
        for text in [min, max] {
            // At their ends some limits contradict another; that is the other's business.
            let result = load(&Place::new(&[(setting.name, &text.to_string())]).sources);
            let alone = |f: &Fault| f.problem.contains("LIMIT_");
            assert!(result.is_ok() || result.unwrap_err().0.iter().all(alone), "{} = {text}", setting.name);
        }
        for text in [(min - 1).to_string(), (max + 1).to_string(), "some".into()] {
            let faults = Place::new(&[(setting.name, &text)]).faults();
            assert!(faults.iter().any(|f| f.name == setting.name && f.allowed == setting.kind.allowed()));
        }
    }
}

#[test]
fn the_table_is_sound() {
    let mut names = BTreeSet::new();
    let default = Config::default();
    for setting in settings() {
        assert!(names.insert(setting.name), "{} stands twice", setting.name);
        assert!(!setting.name.ends_with("_FILE"), "{} could be another's file", setting.name);
        assert!(setting.doc.ends_with('.') && !setting.doc.contains('|'), "{}", setting.name);
        // What is shown can be given, and fits where it came from.
        let Some(shown) = setting.show(&default).filter(|shown| !shown.is_empty()) else { continue };
        let mut copy = default.clone();
        let value = setting.kind.read(&shown).unwrap_or_else(|e| panic!("{} = {shown} {e}", setting.name));
        assert!((setting.at)(&mut copy).put(value), "{}", setting.name);
        assert_eq!(setting.show(&copy), Some(shown));
    }
    // Both ends of every number fit.
    for setting in settings() {
        if let Kind::Whole { min, max } | Kind::Bytes { min, max } = setting.kind {
            for count in [min, max] {
                assert!((setting.at)(&mut default.clone()).put(crate::config::Value::Whole(count)), "{}", setting.name);
            }
        }
    }
}
