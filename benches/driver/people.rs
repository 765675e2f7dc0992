//! A clinic per server: its folder, its people and their tokens, its channels. Kept for the whole run, because a
//! thousand people cost a thousand password hashes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use super::client::Address;
use super::rest::Rest;
use super::server::{ADMIN, Kind, Server};
use crate::Outcome;

/// More would only queue behind the hashing.
const HIRING_AT_ONCE: usize = 8;

/// Somebody with an account.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    pub id: String,
    pub token: String,
}

/// A folder and who lives in it.
pub struct Clinic {
    pub kind: Kind,
    pub dir: PathBuf,
    pub executable: PathBuf,
    pub people: Vec<Person>,
    admin: String,
    /// The channel that [`crate::work::history`] filled, and with how many messages.
    pub archive: Option<(String, usize)>,
}

impl Clinic {
    /// An empty clinic.
    pub fn found(kind: Kind, executable: &Path, dir: PathBuf) -> Outcome<Self> {
        std::fs::create_dir_all(&dir)?;
        let executable = executable.to_owned();
        Ok(Self { kind, dir, executable, people: Vec::new(), admin: String::new(), archive: None })
    }

    /// Starts its server.
    pub async fn open(&self) -> Outcome<Server> {
        Server::start(self.kind, &self.executable, &self.dir).await
    }

    /// Sees that at least `count` people have accounts and tokens.
    pub async fn hire(&mut self, address: &Address, count: usize) -> Outcome<()> {
        let missing: Vec<_> = (self.people.len()..count).collect();
        if self.kind != Kind::Ours {
            // A baseline lets everybody in and needs no accounts.
            self.people.extend(missing.into_iter().map(|number| {
                let name = name(number);
                Person { id: Uuid::new_v4().to_string(), token: name.clone(), name }
            }));
            return Ok(());
        }
        if missing.is_empty() {
            return Ok(());
        }
        let admin = self.admin(address).await?;
        let share = missing.len().div_ceil(HIRING_AT_ONCE);
        let hired = try_join_all(missing.chunks(share).map(|numbers| hire_some(address, &admin, numbers))).await?;
        self.people.extend(hired.into_iter().flatten());
        Ok(())
    }

    /// Makes a private channel with these members; its creator, the administrator, is one more but has no socket.
    pub async fn channel(&mut self, address: &Address, name: &str, members: &[Person]) -> Outcome<String> {
        if self.kind != Kind::Ours {
            return Ok(Uuid::new_v4().to_string());
        }
        let admin = self.admin(address).await?;
        let members: Vec<_> = members.iter().map(|person| &person.id).collect();
        let body = json!({"name": name, "isPrivate": true, "members": members});
        let made = Rest::dial(address).await?.post("/api/channels", &admin, &body).await?.json()?;
        Ok(made["id"].as_str().ok_or("a channel without an id")?.to_owned())
    }

    async fn admin(&mut self, address: &Address) -> Outcome<String> {
        if self.admin.is_empty() {
            self.admin = log_in(&mut Rest::dial(address).await?, ADMIN.0, ADMIN.1).await?;
        }
        Ok(self.admin.clone())
    }
}

async fn hire_some(address: &Address, admin: &str, numbers: &[usize]) -> Outcome<Vec<Person>> {
    let mut rest = Rest::dial(address).await?;
    let mut hired = Vec::with_capacity(numbers.len());
    for &number in numbers {
        let (name, password) = (name(number), password(&name(number)));
        let body = json!({"username": name, "password": password});
        let id = loop {
            let answer = rest.post("/api/users", admin, &body).await?;
            if answer.status == 429 || answer.status == 503 {
                sleep(Duration::from_secs(answer.retry_after.unwrap_or(1).clamp(1, 5))).await;
                continue;
            }
            break answer.json()?["id"].as_str().ok_or("a user without an id")?.to_owned();
        };
        let token = log_in(&mut rest, &name, &password).await?;
        hired.push(Person { name, id, token });
    }
    Ok(hired)
}

/// Signs in by password; waits as told when the server is busy, at most ten times.
pub async fn log_in(rest: &mut Rest, name: &str, password: &str) -> Outcome<String> {
    let body = json!({"username": name, "password": password});
    for _ in 0..10 {
        let answer = rest.post("/api/auth/login", "", &body).await?;
        if answer.status == 429 || answer.status == 503 {
            sleep(Duration::from_secs(answer.retry_after.unwrap_or(1).clamp(1, 5))).await;
            continue;
        }
        return Ok(answer.json()?["token"].as_str().ok_or("a login without a token")?.to_owned());
    }
    Err("the server was busy ten times".into())
}

fn name(number: usize) -> String {
    format!("nurse{number:05}")
}

/// Long enough for any policy, and different for everybody.
pub fn password(name: &str) -> String {
    format!("the long quiet corridor of {name}")
}
