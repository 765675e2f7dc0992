//! What holds for whatever is typed.

use proptest::prelude::*;

use super::*;

/// Text that looks a little like what people type, so that it gets past the first check now and then.
const TYPED: &str = r"[0-9a-z!:/,.\[\]# =\-]{0,40}|\PC{0,20}|(?s:.{0,20})";

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is typed into whichever variables, loading ends in values or in faults, and no secret is told.
    #[test]
    fn any_environment_is_loaded_or_refused(texts in prop::collection::vec((0..70_usize, TYPED), 0..6)) {
        let all: Vec<&Setting> = settings().collect();
        let given: Vec<(&str, &str)> =
            texts.iter().map(|(nth, text)| (all[nth % all.len()].name, text.as_str())).collect();
        match load(&Place::new(&given).sources) {
            Ok(loaded) => {
                crate::config::show_text(&loaded);
                prop_assert_eq!(loaded.origins.len(), all.len());
            }
            Err(faults) => prop_assert!(!faults.0.is_empty()),
        }
    }

    /// The mark of a secret is nowhere in what is told of it, however wrong it is.
    #[test]
    fn a_wrong_secret_is_not_told(tail in TYPED, nth in 0..6_usize) {
        let secret = settings().filter(|s| s.kind.is_secret()).nth(nth).unwrap();
        let text = format!("Zq9xW7{tail}");
        let told = match load(&Place::new(&[(secret.name, &text)]).sources) {
            Ok(loaded) => format!("{loaded:?}{}", crate::config::show_text(&loaded)),
            Err(faults) => format!("{faults:?}{faults}"),
        };
        prop_assert!(!told.contains("Zq9xW7"), "{}", told);
    }

    /// No file makes the readers stumble.
    #[test]
    fn any_file_is_read_or_refused(text in r#"[\[\]{}a-z="',.:0-9\n]{0,60}|(?s:.{0,40})"#) {
        for name in ["config.toml", "config.json", ".env"] {
            let _ = load(&Place::new(&[]).with(name, &text).sources);
        }
    }

    /// What can be shown can be given again and means the same.
    #[test]
    fn what_is_shown_reads_the_same(seconds in 60_u64..2_592_000, bytes in 1_024_u64..16_777_216) {
        let given = [("JWT_EXPIRES_IN", seconds.to_string()), ("LIMIT_OUTBOX_BYTES", (bytes * 64).to_string())];
        let given: Vec<(&str, &str)> = given.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let first = good(&given).config;
        let shown: Vec<(&str, String)> =
            settings().filter(|s| given.iter().any(|g| g.0 == s.name)).map(|s| (s.name, s.show(&first).unwrap())).collect();
        let shown: Vec<(&str, &str)> = shown.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let second = good(&shown).config;
        prop_assert_eq!(first.auth.token_lives, second.auth.token_lives);
        prop_assert_eq!(first.limits.outbox_bytes_max, second.limits.outbox_bytes_max);
    }
}
