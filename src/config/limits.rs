//! Every limit, with a floor below which nobody could work and a ceiling above which it would protect nothing.

use std::time::Duration;

use super::kind::Kind;
use super::setting::Setting;

/// Every limit, with the defaults of the contract.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a REST body.
    pub body_bytes_max: usize,
    /// Bytes of a WebSocket message.
    pub frame_bytes_max: usize,
    /// Levels of nesting in JSON.
    pub json_depth_max: usize,
    /// Characters of a message's text.
    pub message_chars_max: usize,
    /// Sockets in all.
    pub connections_max: usize,
    /// Sockets from one address.
    pub connections_per_address_max: usize,
    /// Time for a TLS handshake.
    pub handshake_within: Duration,
    /// Time for a request's header.
    pub header_within: Duration,
    /// Time for a request's body.
    pub body_within: Duration,
    /// Time for a socket to authenticate.
    pub authenticate_within: Duration,
    /// A silent socket is pinged after half of this and closed after all of it.
    pub idle_after: Duration,
    /// Time that a stop waits for requests and sockets to end.
    pub drain_within: Duration,
    /// Time that the file of an export is kept.
    pub exports_kept: Duration,
    /// Messages a user may send per second, sustained.
    pub sends_per_second: u32,
    /// Messages a user may send at once.
    pub sends_burst: u32,
    /// Ephemeral frames (typing, presence) a user may send per second, sustained.
    pub whispers_per_second: u32,
    /// Ephemeral frames a user may send at once.
    pub whispers_burst: u32,
    /// Who does nothing for this long is shown as away.
    pub away_after: Duration,
    /// Bad frames in ten seconds after which a socket is closed for abuse.
    pub bad_frames_max: u32,
    /// Frames waiting for one socket before it is told to resync and closed.
    pub outbox_frames_max: usize,
    /// Bytes waiting for one socket before it is told to resync and closed.
    pub outbox_bytes_max: usize,
    /// Failed sign-ins per account and address in a quarter of an hour before each further one must wait.
    pub login_failures_max: u32,
    /// Characters of a password without a second factor.
    pub password_chars_min: usize,
    /// Characters of a password with a second factor.
    pub password_chars_with_factor_min: usize,
    /// Rows of a list when the caller does not say.
    pub page_rows: u32,
    /// Rows of a list at most.
    pub page_rows_max: u32,
    /// Jobs waiting for the writer before further ones are answered `Busy`.
    pub write_queue_max: usize,
    /// Searches at the same time.
    pub searches_max: u32,
    /// Time for one answer of a search; what was not looked at by then is left for the next.
    pub search_within: Duration,
    /// Sign-ins waiting for a password to be hashed before further ones are answered `Busy`.
    pub login_queue_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 * 1024,
            frame_bytes_max: 64 * 1024,
            json_depth_max: 32,
            message_chars_max: 16_000,
            connections_max: 20_000,
            connections_per_address_max: 4_096,
            handshake_within: Duration::from_secs(5),
            header_within: Duration::from_secs(10),
            body_within: Duration::from_secs(10),
            authenticate_within: Duration::from_secs(10),
            idle_after: Duration::from_mins(2),
            drain_within: Duration::from_secs(10),
            exports_kept: Duration::from_hours(7 * 24),
            sends_per_second: 50,
            sends_burst: 500,
            whispers_per_second: 10,
            whispers_burst: 60,
            away_after: Duration::from_mins(5),
            bad_frames_max: 20,
            outbox_frames_max: 4_096,
            outbox_bytes_max: 4 * 1024 * 1024,
            login_failures_max: 10,
            password_chars_min: 15,
            password_chars_with_factor_min: 8,
            page_rows: 50,
            page_rows_max: 200,
            write_queue_max: 8_192,
            searches_max: 4,
            search_within: Duration::from_secs(2),
            login_queue_max: 4_096,
        }
    }
}

/// What can be set here.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "LIMIT_BODY_BYTES",
        section: "limits",
        key: "body_bytes",
        kind: Kind::Bytes { min: 1 << 10, max: 16 << 20 },
        at: |c| &mut c.limits.body_bytes_max,
        unset: "",
        common: false,
        doc: "The size of a REST request's body.",
    },
    Setting {
        name: "LIMIT_FRAME_BYTES",
        section: "limits",
        key: "frame_bytes",
        kind: Kind::Bytes { min: 1 << 10, max: 16 << 20 },
        at: |c| &mut c.limits.frame_bytes_max,
        unset: "",
        common: false,
        doc: "The size of a WebSocket message.",
    },
    Setting {
        name: "LIMIT_JSON_DEPTH",
        section: "limits",
        key: "json_depth",
        kind: Kind::Whole { min: 4, max: 100 },
        at: |c| &mut c.limits.json_depth_max,
        unset: "",
        common: false,
        doc: "Levels of nesting in JSON.",
    },
    Setting {
        name: "LIMIT_MESSAGE_CHARS",
        section: "limits",
        key: "message_chars",
        kind: Kind::Whole { min: 1, max: 1_000_000 },
        at: |c| &mut c.limits.message_chars_max,
        unset: "",
        common: false,
        doc: "Characters of a message's text.",
    },
    Setting {
        name: "LIMIT_CONNECTIONS",
        section: "limits",
        key: "connections",
        kind: Kind::Whole { min: 10, max: 1_000_000 },
        at: |c| &mut c.limits.connections_max,
        unset: "",
        common: false,
        doc: "Connections in all.",
    },
    Setting {
        name: "LIMIT_CONNECTIONS_PER_ADDRESS",
        section: "limits",
        key: "connections_per_address",
        kind: Kind::Whole { min: 1, max: 1_000_000 },
        at: |c| &mut c.limits.connections_per_address_max,
        unset: "",
        common: false,
        doc: "Connections from one address. People behind one router or proxy share an address.",
    },
    Setting {
        name: "LIMIT_HANDSHAKE_TIME",
        section: "limits",
        key: "handshake_time",
        kind: Kind::Span { min: Duration::from_secs(1), max: Duration::from_mins(1) },
        at: |c| &mut c.limits.handshake_within,
        unset: "",
        common: false,
        doc: "Time for a TLS handshake.",
    },
    Setting {
        name: "LIMIT_HEADER_TIME",
        section: "limits",
        key: "header_time",
        kind: Kind::Span { min: Duration::from_secs(1), max: Duration::from_mins(5) },
        at: |c| &mut c.limits.header_within,
        unset: "",
        common: false,
        doc: "Time for a request's header.",
    },
    Setting {
        name: "LIMIT_BODY_TIME",
        section: "limits",
        key: "body_time",
        kind: Kind::Span { min: Duration::from_secs(1), max: Duration::from_mins(10) },
        at: |c| &mut c.limits.body_within,
        unset: "",
        common: false,
        doc: "Time for a request's body.",
    },
    Setting {
        name: "LIMIT_AUTHENTICATE_TIME",
        section: "limits",
        key: "authenticate_time",
        kind: Kind::Span { min: Duration::from_secs(1), max: Duration::from_mins(5) },
        at: |c| &mut c.limits.authenticate_within,
        unset: "",
        common: false,
        doc: "Time for a WebSocket to authenticate.",
    },
    Setting {
        name: "LIMIT_IDLE_TIME",
        section: "limits",
        key: "idle_time",
        kind: Kind::Span { min: Duration::from_secs(2), max: Duration::from_hours(24) },
        at: |c| &mut c.limits.idle_after,
        unset: "",
        common: false,
        doc: "A silent WebSocket is pinged after half of this and closed after all of it.",
    },
    Setting {
        name: "LIMIT_DRAIN_TIME",
        section: "limits",
        key: "drain_time",
        kind: Kind::Span { min: Duration::from_secs(1), max: Duration::from_mins(10) },
        at: |c| &mut c.limits.drain_within,
        unset: "",
        common: false,
        doc: "Time that a stop waits for requests and connections to end.",
    },
    Setting {
        name: "LIMIT_EXPORTS_KEPT",
        section: "limits",
        key: "exports_kept",
        kind: Kind::Span { min: Duration::from_hours(1), max: Duration::from_hours(90 * 24) },
        at: |c| &mut c.limits.exports_kept,
        unset: "",
        common: false,
        doc: "Time that the sealed file of an export is kept before it is removed.",
    },
    Setting {
        name: "LIMIT_SENDS_PER_SECOND",
        section: "limits",
        key: "sends_per_second",
        kind: Kind::Whole { min: 1, max: 1_000_000 },
        at: |c| &mut c.limits.sends_per_second,
        unset: "",
        common: false,
        doc: "Messages that one user may send per second, sustained.",
    },
    Setting {
        name: "LIMIT_SENDS_BURST",
        section: "limits",
        key: "sends_burst",
        kind: Kind::Whole { min: 1, max: 1_000_000 },
        at: |c| &mut c.limits.sends_burst,
        unset: "",
        common: false,
        doc: "Messages that one user may send at once. At least LIMIT_SENDS_PER_SECOND.",
    },
    Setting {
        name: "LIMIT_WHISPERS_PER_SECOND",
        section: "limits",
        key: "whispers_per_second",
        kind: Kind::Whole { min: 1, max: 1_000_000 },
        at: |c| &mut c.limits.whispers_per_second,
        unset: "",
        common: false,
        doc: "Typing and presence frames that one user may send per second, sustained.",
    },
    Setting {
        name: "LIMIT_WHISPERS_BURST",
        section: "limits",
        key: "whispers_burst",
        kind: Kind::Whole { min: 1, max: 1_000_000 },
        at: |c| &mut c.limits.whispers_burst,
        unset: "",
        common: false,
        doc: "Typing and presence frames that one user may send at once.",
    },
    Setting {
        name: "LIMIT_AWAY_TIME",
        section: "limits",
        key: "away_time",
        kind: Kind::Span { min: Duration::from_secs(10), max: Duration::from_hours(24) },
        at: |c| &mut c.limits.away_after,
        unset: "",
        common: false,
        doc: "Who does nothing on any device for this long is shown as away.",
    },
    Setting {
        name: "LIMIT_BAD_FRAMES",
        section: "limits",
        key: "bad_frames",
        kind: Kind::Whole { min: 1, max: 10_000 },
        at: |c| &mut c.limits.bad_frames_max,
        unset: "",
        common: false,
        doc: "Bad WebSocket messages in ten seconds after which a connection is closed.",
    },
    Setting {
        name: "LIMIT_OUTBOX_FRAMES",
        section: "limits",
        key: "outbox_frames",
        kind: Kind::Whole { min: 16, max: 1_000_000 },
        at: |c| &mut c.limits.outbox_frames_max,
        unset: "",
        common: false,
        doc: "Messages waiting for one slow connection before it is told to catch up and closed.",
    },
    Setting {
        name: "LIMIT_OUTBOX_BYTES",
        section: "limits",
        key: "outbox_bytes",
        kind: Kind::Bytes { min: 64 << 10, max: 1 << 30 },
        at: |c| &mut c.limits.outbox_bytes_max,
        unset: "",
        common: false,
        doc: "Bytes waiting for one slow connection before it is told to catch up and closed.",
    },
    Setting {
        name: "LIMIT_LOGIN_FAILURES",
        section: "limits",
        key: "login_failures",
        kind: Kind::Whole { min: 1, max: 1_000 },
        at: |c| &mut c.limits.login_failures_max,
        unset: "",
        common: false,
        doc: "Failed sign-ins for one account from one address in a quarter of an hour before each further one must wait.",
    },
    Setting {
        name: "LIMIT_PASSWORD_CHARS",
        section: "limits",
        key: "password_chars",
        kind: Kind::Whole { min: 8, max: 64 },
        at: |c| &mut c.limits.password_chars_min,
        unset: "",
        common: false,
        doc: "The least characters of a password without a second factor (NIST SP 800-63B-4 asks for 15).",
    },
    Setting {
        name: "LIMIT_PASSWORD_CHARS_WITH_FACTOR",
        section: "limits",
        key: "password_chars_with_factor",
        kind: Kind::Whole { min: 8, max: 64 },
        at: |c| &mut c.limits.password_chars_with_factor_min,
        unset: "",
        common: false,
        doc: "The least characters of a password with a second factor (NIST SP 800-63B-4 asks for 8).",
    },
    Setting {
        name: "LIMIT_PAGE_ROWS",
        section: "limits",
        key: "page_rows",
        kind: Kind::Whole { min: 1, max: 1_000 },
        at: |c| &mut c.limits.page_rows,
        unset: "",
        common: false,
        doc: "Rows of a list when the caller does not say. At most LIMIT_PAGE_ROWS_MAX.",
    },
    Setting {
        name: "LIMIT_PAGE_ROWS_MAX",
        section: "limits",
        key: "page_rows_max",
        kind: Kind::Whole { min: 1, max: 1_000 },
        at: |c| &mut c.limits.page_rows_max,
        unset: "",
        common: false,
        doc: "Rows of a list at most.",
    },
    Setting {
        name: "LIMIT_SEARCHES",
        section: "limits",
        key: "searches",
        kind: Kind::Whole { min: 1, max: 100 },
        at: |c| &mut c.limits.searches_max,
        unset: "",
        common: false,
        doc: "Searches of messages at the same time. A further one is answered with 503.",
    },
    Setting {
        name: "LIMIT_SEARCH_TIME",
        section: "limits",
        key: "search_time",
        kind: Kind::Span { min: Duration::from_secs(1), max: Duration::from_mins(1) },
        at: |c| &mut c.limits.search_within,
        unset: "",
        common: false,
        doc: "Time for one answer of a search; it says how far back it came.",
    },
    Setting {
        name: "LIMIT_WRITE_QUEUE",
        section: "limits",
        key: "write_queue",
        kind: Kind::Whole { min: 16, max: 1_000_000 },
        at: |c| &mut c.limits.write_queue_max,
        unset: "",
        common: false,
        doc: "Changes waiting for the database before further ones are answered 503.",
    },
    Setting {
        name: "LIMIT_LOGIN_QUEUE",
        section: "limits",
        key: "login_queue",
        kind: Kind::Whole { min: 1, max: 1_000_000 },
        at: |c| &mut c.limits.login_queue_max,
        unset: "",
        common: false,
        doc: "Sign-ins waiting for their password to be checked before further ones are answered 503.",
    },
];
