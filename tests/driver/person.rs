//! Somebody who signed in: what people and administrators do over REST.

use serde_json::{Value, json};

use super::Result;
use super::line::{Answer, Conversation, Line};
use super::socket::Socket;

/// Somebody with a token.
#[derive(Clone)]
pub struct Person {
    /// How they sign in.
    pub username: String,
    /// Their user id.
    pub id: String,
    /// Their session. It outlives the server's process, so a restart does not ask for a new one.
    pub token: String,
    /// The way to the server.
    pub line: Line,
}

impl Person {
    /// Signs in.
    pub async fn sign_in(line: &Line, username: &str, password: &str) -> Result<Self> {
        let wish = json!({ "username": username, "password": password });
        let answer = line.ask("POST", "/api/auth/login", None, Some(&wish)).await?.expect(200)?;
        Ok(Self {
            username: username.to_owned(),
            id: text(&answer["user"], "id")?,
            token: text(&answer, "token")?,
            line: line.clone(),
        })
    }

    /// One question in their name.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        self.line.ask(method, path, Some(&self.token), body).await
    }

    /// Creates a user and gives their id back.
    pub async fn create_user(&self, username: &str, password: &str, role: &str) -> Result<String> {
        let wish = json!({ "username": username, "password": password, "role": role });
        text(&self.ask("POST", "/api/users", Some(&wish)).await?.expect(201)?, "id")
    }

    /// Creates a channel with members (user ids) and gives its id back.
    pub async fn open_channel(&self, name: &str, members: &[String]) -> Result<String> {
        let wish = json!({ "name": name, "isPrivate": true, "members": members });
        text(&self.ask("POST", "/api/channels", Some(&wish)).await?.expect(201)?, "id")
    }

    /// The messages of a channel above position `seq`, oldest first: newest pages are read until one reaches it.
    pub async fn history_after(&self, channel: &str, seq: u64) -> Result<Vec<Value>> {
        let mut conversation = self.line.converse().await?;
        let mut rows: Vec<Value> = Vec::new();
        let mut page = Some(format!("/api/messages?channelId={channel}&limit=200"));
        while let Some(path) = page.take() {
            let answer = self.page(&mut conversation, &path).await?;
            let Value::Array(list) = answer.expect(200)? else {
                return Err(format!("{path} is not a bare array: {}", answer.text()).into());
            };
            let reached = list.last().and_then(|row| row["seq"].as_u64()).is_some_and(|last| last <= seq);
            if !reached && !list.is_empty() {
                page = answer.next_page();
            }
            rows.extend(list);
        }
        rows.retain(|row| row["seq"].as_u64().is_none_or(|at| at > seq));
        rows.reverse();
        Ok(rows)
    }

    async fn page(&self, conversation: &mut Conversation, path: &str) -> Result<Answer> {
        conversation.ask("GET", path, Some(&self.token), None).await
    }

    /// Opens a WebSocket and authenticates on it.
    pub async fn connect(&self) -> Result<Socket> {
        let mut socket = Socket::open(&self.line).await?;
        socket.authenticate(&self.token).await?;
        Ok(socket)
    }
}

/// A field that must be text.
pub fn text(value: &Value, field: &str) -> Result<String> {
    value[field].as_str().map(str::to_owned).ok_or_else(|| format!("no {field} in {value}").into())
}
