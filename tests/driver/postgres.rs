//! A PostgreSQL of the test's own.
//!
//! The cluster is started once per test process, as the `postgres` user because initdb refuses root, and each
//! test has a database of its own in it. A shell holds it: when the test process ends, its pipe closes and the
//! shell stops the cluster and removes it. `TEST_POSTGRES_URL` (`postgres://user@host:port/db`) names another
//! server instead. Where neither is possible the stories run on SQLite alone, and say so.
//!
//! The store's own tests and the suite share this file, by path.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Makes a cluster in a folder of its own on a free port, says the port, and stops it when its input ends.
const SCRIPT: &str = r#"
        set -e
        bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
        dir=$(mktemp -d /tmp/mcpm-pg-XXXXXX)
        trap 'rm -rf "$dir"' EXIT
        pem="$dir/ca.pem"
        new="openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        "$bin/initdb" -D "$dir/db" -A trust -U postgres -E UTF8 --no-sync >/dev/null
        $new -keyout "$dir/ca.key" -out "$pem" -subj /CN=test-ca -addext keyUsage=critical,keyCertSign
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/db/server.key" -subj /CN=localhost |
            openssl x509 -req -CA "$pem" -CAkey "$dir/ca.key" -CAcreateserial -days 2 -out "$dir/db/server.crt" \
                -extfile /dev/fd/3 3<<END
subjectAltName=DNS:localhost
basicConstraints=CA:FALSE
END
        chmod 600 "$dir/db/server.key"
        for port in $(shuf -i 20000-29999 -n 5); do
            "$bin/postgres" -D "$dir/db" -p $port -k "$dir" -c listen_addresses=127.0.0.1 -c max_connections=300 -c ssl=on \
                >"$dir/log" 2>&1 </dev/null &
            pid=$!
            for i in $(seq 100); do
                kill -0 $pid 2>/dev/null || break
                if "$bin/pg_isready" -q -h 127.0.0.1 -p $port; then
                    echo $port $pem
                    cat >/dev/null
                    kill -INT $pid
                    wait $pid || true
                    exit 0
                fi
                sleep 0.1
            done
            kill -INT $pid 2>/dev/null || true
        done
        exit 1
    "#;

/// How to reach a database.
#[derive(Debug, Clone)]
pub struct Place {
    /// A host name or address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub name: String,
    /// Its owner.
    pub user: String,
    /// The owner's password, if there is one.
    pub password: Option<String>,
    /// The authority that signed the server's certificate for `localhost`, if the cluster is ours.
    #[allow(dead_code, reason = "the store's own tests alone speak TLS to it")]
    pub tls_ca: Option<PathBuf>,
}

// Never dropped: its pipe closes with the process, and that is the signal to stop.
struct Cluster {
    _shell: Option<Child>,
    place: Place,
}

static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();

/// A new database; `None` where there is no PostgreSQL. Blocking, and not for a runtime's thread.
pub fn database() -> Option<Place> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let cluster = CLUSTER.get_or_init(start).as_ref();
    if cluster.is_none() {
        eprintln!("PostgreSQL cannot be started here: the story runs on SQLite alone");
    }
    let place = &cluster?.place;
    let name = format!("mcpm_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
    admin(place, &format!("CREATE DATABASE {name}"));
    Some(Place { name, ..place.clone() })
}

/// Runs statements as the owner. Blocking, and not for a runtime's thread.
pub fn admin(place: &Place, sql: &str) {
    let mut config = ::postgres::Config::new();
    config.host(&place.host).port(place.port).user(&place.user).dbname(&place.name);
    if let Some(password) = &place.password {
        config.password(password);
    }
    config.connect(::postgres::NoTls).and_then(|mut client| client.batch_execute(sql)).expect("an admin statement");
}

#[expect(clippy::disallowed_methods, reason = "tests have no config room to ask")]
fn start() -> Option<Cluster> {
    if let Ok(url) = std::env::var("TEST_POSTGRES_URL") {
        let parsed: ::postgres::Config = url.parse().expect("TEST_POSTGRES_URL");
        let ::postgres::config::Host::Tcp(host) = &parsed.get_hosts()[0] else { panic!("a host name") };
        let place = Place {
            host: host.clone(),
            port: parsed.get_ports().first().copied().unwrap_or(5432),
            name: parsed.get_dbname().unwrap_or("postgres").to_owned(),
            user: parsed.get_user().unwrap_or("postgres").to_owned(),
            password: parsed.get_password().map(|p| String::from_utf8(p.to_vec()).expect("a UTF-8 password")),
            tls_ca: None,
        };
        return Some(Cluster { _shell: None, place });
    }
    let as_root = std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0);
    let mut command = if as_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh", "-c", SCRIPT]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]);
        command
    };
    let mut shell =
        command.current_dir("/tmp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let mut line = String::new();
    BufReader::new(shell.stdout.take()?).read_line(&mut line).ok()?;
    let (port, ca) = line.trim().split_once(' ')?;
    let place = Place {
        host: "127.0.0.1".into(),
        port: port.parse().ok()?,
        name: "postgres".into(),
        user: "postgres".into(),
        password: None,
        tls_ca: Some(ca.into()),
    };
    Some(Cluster { _shell: Some(shell), place })
}
