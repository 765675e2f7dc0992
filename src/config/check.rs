//! What settings say about each other, once each is right by itself.

use std::collections::BTreeSet;

use super::names::is_loopback;
use super::{Config, Engine, Fault, Origins, settings};

/// Decides what depends on other settings and was left open.
pub fn settle(config: &mut Config, origins: &Origins) {
    if !is_set(origins, "DB_TLS") {
        config.store.postgres.tls = !is_loopback(&config.store.postgres.host);
    }
}

/// Refuses what contradicts itself. A setting that is wrong by itself (`told_already`) is left out, so that one mistake
/// is not reported twice.
pub fn together(config: &Config, origins: &Origins, told_already: &BTreeSet<&str>, faults: &mut Vec<Fault>) {
    let mut clash = |names: &[&'static str], wrong: bool, problem: &str| {
        if wrong && !names.iter().any(|name| told_already.contains(name)) {
            faults.push(told(config, origins, names[0], problem));
        }
    };

    let (cert, key) = (config.tls.cert.is_some(), config.tls.key.is_some());
    clash(&["TLS_CERT_PATH", "TLS_KEY_PATH"], cert && !key, "needs TLS_KEY_PATH, the private key of the certificate");
    clash(&["TLS_KEY_PATH", "TLS_CERT_PATH"], key && !cert, "needs TLS_CERT_PATH, the certificate of the key");

    let network = &config.network;
    let unnamed = network.trusted_proxies.is_empty();
    for (name, on) in [("PROXY_PROTOCOL", network.proxy_protocol), ("PROXY_PLAIN_HTTP", network.proxy_plain_http)] {
        clash(&[name, "TRUSTED_PROXIES"], on && unnamed, "needs TRUSTED_PROXIES, which says who the proxies are");
    }

    let everybody = !config.auth.authenticate_users;
    let names = ["AUTHENTICATE_USERS", "NODE_ENV", "BIND_ADDRESS"];
    clash(
        &names,
        everybody && !config.development,
        "lets everybody in without signing in; it is honoured with NODE_ENV=development only",
    );
    let here_only = !config.listen.bind.is_empty() && config.listen.bind.iter().all(|a| a.to_canonical().is_loopback());
    clash(
        &names,
        everybody && config.development && !here_only,
        "lets everybody in without signing in; it is honoured only while every BIND_ADDRESS is this machine itself \
         (BIND_ADDRESS=127.0.0.1)",
    );

    let store = &config.store;
    let postgres = store.engine == Engine::Postgres;
    clash(
        &["DB_ENGINE"],
        postgres && !cfg!(feature = "postgres"),
        "is not in this build of the program, which was made without PostgreSQL",
    );
    clash(
        &["DB_TLS", "DB_HOST"],
        postgres && !store.postgres.tls && !is_loopback(&store.postgres.host),
        "would send messages unencrypted to another machine; off is allowed for a database on this machine only",
    );

    let admin = &config.initial_admin;
    let least = config.limits.password_chars_min;
    let short = admin.password.as_ref().is_some_and(|p| p.reveal().chars().count() < least);
    clash(
        &["INITIAL_ADMIN_PASSWORD", "LIMIT_PASSWORD_CHARS"],
        short,
        &format!("is shorter than LIMIT_PASSWORD_CHARS, which is {least}"),
    );

    let limits = &config.limits;
    clash(
        &["LIMIT_PAGE_ROWS", "LIMIT_PAGE_ROWS_MAX"],
        limits.page_rows > limits.page_rows_max,
        "is above LIMIT_PAGE_ROWS_MAX",
    );
    clash(
        &["LIMIT_SENDS_BURST", "LIMIT_SENDS_PER_SECOND"],
        limits.sends_burst < limits.sends_per_second,
        "is below LIMIT_SENDS_PER_SECOND",
    );
    clash(
        &["LIMIT_OUTBOX_BYTES", "LIMIT_FRAME_BYTES"],
        limits.outbox_bytes_max < limits.frame_bytes_max,
        "is below LIMIT_FRAME_BYTES, so that one message could already be too much",
    );
    clash(
        &["LIMIT_MESSAGE_CHARS", "LIMIT_BODY_BYTES", "LIMIT_FRAME_BYTES"],
        limits.message_chars_max > limits.body_bytes_max.min(limits.frame_bytes_max),
        "is more than fits into LIMIT_BODY_BYTES and LIMIT_FRAME_BYTES",
    );
}

/// Points out what is allowed and probably not meant.
pub fn warn(config: &Config, origins: &Origins, warnings: &mut Vec<String>) {
    let store = &config.store;
    if store.engine == Engine::Sqlite {
        let idle: Vec<&str> = super::store::DATABASE
            .iter()
            .map(|setting| setting.name)
            .filter(|name| !matches!(*name, "DB_ENGINE" | "DB_MAX_CONNECTIONS") && is_set(origins, name))
            .collect();
        if !idle.is_empty() {
            warnings.push(format!(
                "{} set without DB_ENGINE=postgres: PostgreSQL is not used, data is kept in {}.",
                are(&idle),
                store.data_dir.display()
            ));
        }
    } else if store.postgres.password.as_ref().is_some_and(|p| p.reveal() == "admin123") {
        warnings.push("DB_PASSWORD is the password that the older server's manual printed: change it.".into());
    }
    if store.postgres.tls_ca.is_some() && !store.postgres.tls && store.engine == Engine::Postgres {
        warnings.push("DB_TLS_CA is set and DB_TLS is off: the certificate is not checked.".into());
    }

    let admin = &config.initial_admin;
    if admin.username.is_none() {
        let idle: Vec<&str> =
            ["INITIAL_ADMIN_EMAIL", "INITIAL_ADMIN_PASSWORD"].into_iter().filter(|n| is_set(origins, n)).collect();
        if !idle.is_empty() {
            warnings.push(format!("{} set without INITIAL_ADMIN_USERNAME: no administrator is created.", are(&idle)));
        }
    }

    let secrets = [
        ("JWT_SECRET", &config.auth.jwt_secret),
        ("ENCRYPTION_KEY", &config.keys.encryption),
        ("METADATA_KEY", &config.keys.metadata),
        ("RECOVERY_KEY", &config.keys.recovery),
    ];
    for (nth, (name, secret)) in secrets.iter().enumerate() {
        let Some(secret) = secret else { continue };
        if secret.reveal().chars().collect::<BTreeSet<char>>().len() < 6 {
            warnings.push(format!("{name} is made of very few different characters: it is easy to guess."));
        }
        for (other, _) in secrets[..nth].iter().filter(|(_, other)| other.as_ref() == Some(secret)) {
            warnings.push(format!("{name} is the same as {other}: each should be a secret of its own."));
        }
    }
    if !config.auth.authenticate_users {
        warnings.push("AUTHENTICATE_USERS=false: nobody has to sign in. Never use real data here.".into());
    }
}

fn is_set(origins: &Origins, name: &str) -> bool {
    origins.get(name).is_some_and(|origin| origin != "default")
}

fn are(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

fn told(config: &Config, origins: &Origins, name: &str, problem: &str) -> Fault {
    let place = origins.get(name).cloned().unwrap_or_default();
    let setting = settings().find(|setting| setting.name == name);
    let value = setting.and_then(|setting| setting.show(config));
    Fault { value, ..Fault::new(name, place, problem) }
}
