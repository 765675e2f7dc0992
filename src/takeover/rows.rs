//! Every SQL text that writes what is taken over, and the journal that lets it go on after a break.

use std::collections::HashMap;

use uuid::Uuid;

use super::judge::{Channel, Entry, Member, Reaction, Role, User};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::gate::cells::{id, time};
use crate::id::FlagId;
use crate::store::{Micros, Param, Tx, View};

const STATE: &str = "SELECT source, started_at, finished_at FROM takeovers WHERE id = 1";
const BEGIN: &str = "INSERT INTO takeovers (id, source, started_at) VALUES (1, $1, $2)";
const FINISH: &str = "UPDATE takeovers SET finished_at = $1 WHERE id = 1";
/// The older server kept a time; what was there by then has been read.
const MARK_READ: &str = "UPDATE channel_members SET last_read_seq = ( \
     SELECT COALESCE(MAX(m.seq), 0) FROM messages m \
     WHERE m.channel_id = channel_members.channel_id AND m.timestamp <= channel_members.last_read_at \
     ) WHERE last_read_at IS NOT NULL";
const STEP: &str = "SELECT rows_read FROM takeover_steps WHERE step = $1";
const KEEP_STEP: &str = "INSERT INTO takeover_steps (step, rows_read) VALUES ($1, $2) \
     ON CONFLICT (step) DO UPDATE SET rows_read = excluded.rows_read";
const HELD: &str = "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM channels) \
     + (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM audit_logs)";
const COUNTS: &str = "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM channels), \
     (SELECT COUNT(*) FROM channel_members), (SELECT COUNT(*) FROM messages), \
     (SELECT COUNT(*) FROM message_reactions), (SELECT COUNT(*) FROM audit_logs)";
const ROLE_NAMED: &str = "SELECT id FROM roles WHERE name = $1";
const NEW_ROLE: &str = "INSERT INTO roles (id, name, description, is_default, created_at, version) \
     VALUES ($1, $2, $3, FALSE, $4, 1)";
const ALLOW: &str = "INSERT INTO role_permissions (role_id, permission_id) \
     SELECT $1, id FROM permissions WHERE name = $2";
const NEW_USER: &str = "INSERT INTO users \
     (id, username, username_key, email, email_key, password_hash, salt, first_name, last_name, role_id, status, \
      last_login, created_at, updated_at, two_factor_enabled, failed_login_attempts, force_password_change, \
      password_last_changed, password_hash_type, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, FALSE, 0, $15, $16, $17, 1)";
const NEW_CHANNEL: &str = "INSERT INTO channels \
     (id, name, description, is_private, created_by, created_at, last_activity, archived, metadata, kind, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'channel', 1)";
const NEW_MEMBER: &str = "INSERT INTO channel_members (channel_id, user_id, role, joined_at, last_read_at) \
     VALUES ($1, $2, $3, $4, $5)";
const NEW_MESSAGE: &str = "INSERT INTO messages \
     (id, channel_id, sender_id, text, encrypted_text, timestamp, edited_at, deleted, deleted_at, deleted_by, flagged, \
      flag_reason, flagged_by, flagged_at, metadata, contains_phi, seq, rev, key_version) \
     VALUES ($1, $2, $3, '', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
const NEW_FLAG: &str = "INSERT INTO message_flags (id, message_id, reason, note, flagged_by, flagged_at) \
     VALUES ($1, $2, 'other', $3, $4, $5)";
const NEW_REACTION: &str = "INSERT INTO message_reactions (id, message_id, user_id, reaction, created_at) \
     VALUES ($1, $2, $3, $4, $5)";
const NEW_ENTRY: &str = "INSERT INTO audit_logs \
     (id, user_id, action, details, ip_address, user_agent, timestamp, number, mac) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const IS_USER: &str = "SELECT 1 FROM users WHERE id = $1";
const LAST_REV: &str = "SELECT COALESCE(MAX(rev), 0) FROM messages";
const LAST_SEQS: &str = "SELECT channel_id, MAX(seq) FROM messages GROUP BY channel_id";
const LAST_NUMBER: &str = "SELECT COALESCE(MAX(number), 0) FROM audit_logs";

/// How far a takeover is.
pub(super) struct State {
    pub(super) source: String,
    pub(super) started: i64,
    pub(super) finished: bool,
}

pub(super) fn state(view: &mut View<'_>) -> Result<Option<State>> {
    view.first(STATE, &[], |row| {
        let finished = row.get::<Option<Micros>>(2)?.is_some();
        Ok(State { source: row.get(0)?, started: row.get::<Micros>(1)?.0, finished })
    })
}

pub(super) fn begin(tx: &mut Tx<'_>, source: &str, now: Timestamp) -> Result<()> {
    tx.execute(BEGIN, &[Param::Text(source), time(now)]).map(drop)
}

pub(super) fn finish(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    tx.execute(FINISH, &[time(now)]).map(drop)
}

/// Tells for each member how far they had read.
pub(super) fn mark_read(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute(MARK_READ, &[]).map(drop)
}

pub(super) fn rows_read(view: &mut View<'_>, step: &'static str) -> Result<i64> {
    Ok(view.first(STEP, &[Param::Text(step)], |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn keep_step(tx: &mut Tx<'_>, step: &'static str, rows: i64) -> Result<()> {
    tx.execute(KEEP_STEP, &[Param::Text(step), Param::Int(rows)]).map(drop)
}

/// Whether there is anything that a takeover would mix with.
pub(super) fn is_empty(view: &mut View<'_>) -> Result<bool> {
    Ok(view.one(HELD, &[], |row| row.get::<i64>(0))? == 0)
}

/// Accounts, channels, memberships, messages, reactions, rows of the audit log.
pub(super) fn counts(view: &mut View<'_>) -> Result<[i64; 6]> {
    view.one(COUNTS, &[], |row| {
        let mut counts = [0; 6];
        for (index, count) in counts.iter_mut().enumerate() {
            *count = row.get(index)?;
        }
        Ok(counts)
    })
}

pub(super) fn role_named(view: &mut View<'_>, name: &str) -> Result<Option<Uuid>> {
    view.first(ROLE_NAMED, &[Param::Text(name)], |row| row.get(0))
}

fn moment<'a>(micros: i64) -> Param<'a> {
    Param::Time(Micros(micros))
}

fn maybe<'a>(micros: Option<i64>) -> Param<'a> {
    micros.map_or(Param::Null, moment)
}

fn text(text: Option<&str>) -> Param<'_> {
    text.map_or(Param::Null, Param::Text)
}

fn some_id<'a>(id: Option<Uuid>) -> Param<'a> {
    id.map_or(Param::Null, Param::Id)
}

pub(super) fn new_role(tx: &mut Tx<'_>, role: &Role, now: Timestamp) -> Result<()> {
    let values = [Param::Id(role.id), Param::Text(&role.name), text(role.description.as_deref()), time(now)];
    tx.execute(NEW_ROLE, &values)?;
    for permission in &role.allows {
        tx.execute(ALLOW, &[Param::Id(role.id), Param::Text(permission.name())])?;
    }
    Ok(())
}

/// What goes into the columns of a password.
pub(super) struct Stored {
    pub(super) hash: String,
    pub(super) salt: String,
    pub(super) kind: &'static str,
}

pub(super) fn new_user(
    tx: &mut Tx<'_>,
    user: &User,
    username_key: &str,
    email_key: Option<&str>,
    stored: &Stored,
    role: Uuid,
) -> Result<()> {
    let values = [
        Param::Id(user.id),
        Param::Text(&user.username),
        Param::Text(username_key),
        text(user.email.as_deref()),
        text(email_key),
        Param::Text(&stored.hash),
        Param::Text(&stored.salt),
        text(user.first_name.as_deref()),
        text(user.last_name.as_deref()),
        Param::Id(role),
        Param::Text(user.status),
        maybe(user.last_login),
        moment(user.created),
        moment(user.updated),
        Param::Bool(user.must_change),
        maybe(user.password_changed),
        Param::Text(stored.kind),
    ];
    tx.execute(NEW_USER, &values).map(drop)
}

pub(super) fn new_channel(tx: &mut Tx<'_>, channel: &Channel) -> Result<()> {
    let values = [
        Param::Id(channel.id),
        Param::Text(&channel.name),
        text(channel.description.as_deref()),
        Param::Bool(channel.private),
        some_id(channel.created_by),
        moment(channel.created),
        maybe(channel.active),
        Param::Bool(channel.archived),
        channel.metadata.as_deref().map_or(Param::Null, Param::Json),
    ];
    tx.execute(NEW_CHANNEL, &values).map(drop)
}

pub(super) fn new_member(tx: &mut Tx<'_>, member: &Member) -> Result<()> {
    let values = [
        Param::Id(member.channel),
        Param::Id(member.user),
        Param::Text(member.role.name()),
        moment(member.joined),
        maybe(member.last_read),
    ];
    tx.execute(NEW_MEMBER, &values).map(drop)
}

/// A message, sealed anew.
pub(super) struct Sealed<'a> {
    pub(super) of: &'a super::judge::Message,
    pub(super) body: Vec<u8>,
    pub(super) flag: Option<(FlagId, Option<Vec<u8>>)>,
    pub(super) metadata: Option<String>,
    pub(super) seq: i64,
    pub(super) rev: i64,
    pub(super) key_version: u32,
}

pub(super) fn new_message(tx: &mut Tx<'_>, sealed: &Sealed<'_>) -> Result<()> {
    let of = sealed.of;
    let values = [
        Param::Id(of.id),
        Param::Id(of.channel),
        Param::Id(of.sender),
        Param::Bytes(&sealed.body),
        moment(of.at),
        maybe(of.edited),
        Param::Bool(of.deleted),
        maybe(of.deleted_at),
        some_id(of.deleted_by),
        Param::Bool(of.flagged),
        text(sealed.flag.is_some().then_some("other")),
        some_id(of.flagged_by),
        maybe(of.flagged_at),
        sealed.metadata.as_deref().map_or(Param::Null, Param::Json),
        Param::Bool(of.phi),
        Param::Int(sealed.seq),
        Param::Int(sealed.rev),
        Param::Int(i64::from(sealed.key_version)),
    ];
    tx.execute(NEW_MESSAGE, &values)?;
    if let Some((flag, note)) = &sealed.flag {
        let values = [
            id(*flag),
            Param::Id(of.id),
            note.as_deref().map_or(Param::Null, Param::Bytes),
            some_id(of.flagged_by),
            maybe(of.flagged_at),
        ];
        tx.execute(NEW_FLAG, &values)?;
    }
    Ok(())
}

pub(super) fn new_reaction(tx: &mut Tx<'_>, reaction: &Reaction) -> Result<()> {
    let values = [
        Param::Id(reaction.id),
        Param::Id(reaction.message),
        Param::Id(reaction.user),
        Param::Text(&reaction.text),
        moment(reaction.created),
    ];
    tx.execute(NEW_REACTION, &values).map(drop)
}

/// A row of the older log: it has a number and no signature, and stands before the chain.
pub(super) fn new_entry(tx: &mut Tx<'_>, entry: &Entry, number: i64) -> Result<()> {
    let values = [
        Param::Id(entry.id),
        some_id(entry.user),
        Param::Text(&entry.action),
        entry.details.as_deref().map_or(Param::Null, Param::Json),
        entry.ip.map_or(Param::Null, Param::Addr),
        text(entry.agent.as_deref()),
        moment(entry.at),
        Param::Int(number),
        Param::Bytes(&[]),
    ];
    tx.execute(NEW_ENTRY, &values).map(drop)
}

/// Where the sequences of messages stand.
pub(super) fn places(view: &mut View<'_>) -> Result<(i64, HashMap<Uuid, i64>)> {
    let rev = view.one(LAST_REV, &[], |row| row.get(0))?;
    let seqs = view.all(LAST_SEQS, &[], |row| Ok((row.get::<Uuid>(0)?, row.get::<i64>(1)?)))?;
    Ok((rev, seqs.into_iter().collect()))
}

pub(super) fn is_user(view: &mut View<'_>, user: Uuid) -> Result<bool> {
    Ok(view.first(IS_USER, &[Param::Id(user)], |row| row.get::<i64>(0))?.is_some())
}

pub(super) fn last_number(view: &mut View<'_>) -> Result<i64> {
    view.one(LAST_NUMBER, &[], |row| row.get(0))
}
