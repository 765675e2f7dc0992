-- The database of MCP Messenger, as a fresh one is made.
--
-- This one text loads in PostgreSQL 12 or newer and in SQLite as it stands, and the program itself uses it.
-- Two rules keep it so: only what both engines read alike, and no default that makes an id or a time, because
-- the server supplies both (ids are UUIDs of version 7, times are UTC).
--
-- SQLite takes any type name: there an id is a 16-byte blob, a time is an integer of microseconds since 1970,
-- JSON and addresses are text, a boolean is 0 or 1. Lengths are enforced by the server on both engines.
--
-- The first columns of each of the eleven older tables are those of the Node.js server this one replaces;
-- the columns after "ours" were added. src/store/migrations/ brings an older database to this same shape, and
-- a test compares the two. Every UNIQUE of ours is an index, because only that can be added later on SQLite.

-- Who may do what ------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS roles (
    id UUID PRIMARY KEY,
    name VARCHAR(50) UNIQUE NOT NULL,
    description TEXT,
    is_default BOOLEAN DEFAULT FALSE,
    created_at TIMESTAMP,
    -- ours: rises with every change, so that a cached copy can be compared
    version BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS permissions (
    id UUID PRIMARY KEY,
    name VARCHAR(100) UNIQUE NOT NULL,
    description TEXT,
    category VARCHAR(50)
);

CREATE TABLE IF NOT EXISTS role_permissions (
    role_id UUID REFERENCES roles(id),
    permission_id UUID REFERENCES permissions(id),
    PRIMARY KEY (role_id, permission_id)
);
CREATE INDEX IF NOT EXISTS role_permissions_by_permission ON role_permissions (permission_id);

-- People ---------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS users (
    id UUID PRIMARY KEY,
    username VARCHAR(50) UNIQUE NOT NULL,
    email VARCHAR(255) UNIQUE,
    -- Argon2id as a PHC string; a hash taken over from the older server keeps its type and salt until sign-in
    password_hash VARCHAR(255) NOT NULL,
    salt VARCHAR(255) NOT NULL,
    first_name VARCHAR(100),
    last_name VARCHAR(100),
    role_id UUID REFERENCES roles(id),
    status VARCHAR(20) DEFAULT 'active',
    last_login TIMESTAMP,
    created_at TIMESTAMP,
    updated_at TIMESTAMP,
    two_factor_enabled BOOLEAN DEFAULT FALSE,
    two_factor_secret VARCHAR(255),
    failed_login_attempts INTEGER DEFAULT 0,
    lockout_until TIMESTAMP,
    force_password_change BOOLEAN DEFAULT FALSE,
    password_last_changed TIMESTAMP,
    password_hash_type VARCHAR(20) DEFAULT 'pbkdf2',
    -- ours: the names as they are compared (lower case); NULL where an older row clashes with an earlier one
    username_key VARCHAR(50),
    email_key VARCHAR(255),
    deleted_at TIMESTAMP,
    version BIGINT NOT NULL DEFAULT 0,
    -- thirty days after deleted_at the names and the address are blanked; the row stays, and what it did
    erased_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS users_by_username_key ON users (username_key);
CREATE UNIQUE INDEX IF NOT EXISTS users_by_email_key ON users (email_key);
CREATE INDEX IF NOT EXISTS users_by_created ON users (created_at, id);
CREATE INDEX IF NOT EXISTS users_by_role ON users (role_id);
CREATE INDEX IF NOT EXISTS users_to_erase ON users (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

CREATE TABLE IF NOT EXISTS sessions (
    id UUID PRIMARY KEY,
    user_id UUID REFERENCES users(id) NOT NULL,
    token_hash VARCHAR(255) NOT NULL,
    created_at TIMESTAMP,
    expires_at TIMESTAMP NOT NULL,
    ip_address INET,
    user_agent TEXT,
    is_valid BOOLEAN DEFAULT TRUE,
    -- ours: for the inactivity limit, and the token before the last refresh with the end of its grace
    last_seen TIMESTAMP,
    previous_token_hash VARCHAR(255),
    previous_until TIMESTAMP
);
CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id);
CREATE INDEX IF NOT EXISTS sessions_by_token ON sessions (token_hash);
CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (expires_at);

CREATE TABLE IF NOT EXISTS password_reset_requests (
    id UUID PRIMARY KEY,
    user_id UUID REFERENCES users(id) NOT NULL,
    token_hash VARCHAR(255) NOT NULL,
    created_at TIMESTAMP,
    expires_at TIMESTAMP NOT NULL,
    used BOOLEAN DEFAULT FALSE,
    used_at TIMESTAMP
);
CREATE INDEX IF NOT EXISTS password_reset_requests_by_token ON password_reset_requests (token_hash);
CREATE INDEX IF NOT EXISTS password_reset_requests_by_user ON password_reset_requests (user_id);

-- Ours: how each person wants to be told. Without a row everything is as it is by default.
CREATE TABLE IF NOT EXISTS notification_preferences (
    user_id UUID PRIMARY KEY REFERENCES users(id),
    preferences JSONB,
    updated_at TIMESTAMP,
    version BIGINT NOT NULL DEFAULT 0
);

-- Ours: who may make an account with which role. Of the token only its hash is kept.
CREATE TABLE IF NOT EXISTS invitations (
    id UUID PRIMARY KEY,
    token_hash VARCHAR(64) NOT NULL,
    role_id UUID NOT NULL REFERENCES roles(id),
    created_by UUID NOT NULL REFERENCES users(id),
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    uses_max INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0,
    revoked_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS invitations_by_token ON invitations (token_hash);

-- Keys for programs. A key acts for an account, with these permissions of the account's (names, as a list) and, where
-- channels is not null, in these channels only. Of a token its SHA-256 is kept; after a rotation the one before works
-- until previous_until. A revoked key stays: the audit log names it.
CREATE TABLE IF NOT EXISTS api_keys (
    id UUID PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    user_id UUID NOT NULL REFERENCES users(id),
    permissions JSONB NOT NULL,
    channels JSONB,
    token_hash VARCHAR(64) NOT NULL,
    previous_token_hash VARCHAR(64),
    previous_until TIMESTAMP,
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP,
    expires_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    revoked_at TIMESTAMP
);
CREATE INDEX IF NOT EXISTS api_keys_by_user ON api_keys (user_id);

-- Channels -------------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS channels (
    id UUID PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    description TEXT,
    is_private BOOLEAN DEFAULT FALSE,
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP,
    last_activity TIMESTAMP,
    archived BOOLEAN DEFAULT FALSE,
    metadata JSONB,
    -- ours: 'channel', 'direct' (exactly two members) or 'group' (a few); the latter two are shown to nobody else
    kind VARCHAR(20) NOT NULL DEFAULT 'channel',
    version BIGINT NOT NULL DEFAULT 0,
    topic VARCHAR(250),
    category VARCHAR(50),
    -- a list of texts; channel_tags has the same to search by
    tags JSONB,
    slow_mode_seconds INTEGER NOT NULL DEFAULT 0,
    -- an Argon2id PHC string, for those who join by themselves
    password_hash VARCHAR(255),
    -- when it deletes itself
    expires_at TIMESTAMP,
    -- a deleted channel keeps its messages for retention and can be put back for 30 days
    deleted_at TIMESTAMP,
    deleted_by UUID REFERENCES users(id),
    -- of a direct conversation, the two ids in order: there is one for each pair
    pair_key VARCHAR(73)
);
CREATE INDEX IF NOT EXISTS channels_by_created ON channels (created_at, id);
CREATE INDEX IF NOT EXISTS channels_by_expiry ON channels (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS channels_by_pair ON channels (pair_key) WHERE pair_key IS NOT NULL;

CREATE TABLE IF NOT EXISTS channel_members (
    channel_id UUID REFERENCES channels(id),
    user_id UUID REFERENCES users(id),
    role VARCHAR(20) DEFAULT 'member',
    joined_at TIMESTAMP,
    last_read_at TIMESTAMP,
    -- ours: the place up to which the member has read; when they last posted, kept in slow channels only
    last_read_seq BIGINT NOT NULL DEFAULT 0,
    last_posted_at TIMESTAMP,
    PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX IF NOT EXISTS channel_members_by_user ON channel_members (user_id);

-- Who was in a channel when it was deleted, to be put back with it. Members of what is gone are not among the
-- members, so that no list has to remember to leave them out.
CREATE TABLE IF NOT EXISTS deleted_channel_members (
    channel_id UUID REFERENCES channels(id),
    user_id UUID REFERENCES users(id),
    role VARCHAR(20) NOT NULL,
    joined_at TIMESTAMP,
    last_read_at TIMESTAMP,
    last_read_seq BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, user_id)
);

CREATE TABLE IF NOT EXISTS channel_tags (
    tag VARCHAR(50) NOT NULL,
    channel_id UUID REFERENCES channels(id),
    PRIMARY KEY (tag, channel_id)
);
CREATE INDEX IF NOT EXISTS channel_tags_by_channel ON channel_tags (channel_id);

-- Who may not write ('mute') or be there ('ban'), until a time or, without one, until it is lifted. It is no
-- column of the members, because leaving and coming back must not end it.
CREATE TABLE IF NOT EXISTS channel_sanctions (
    channel_id UUID REFERENCES channels(id),
    kind VARCHAR(10) NOT NULL,
    user_id UUID REFERENCES users(id),
    ends_at TIMESTAMP,
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP,
    PRIMARY KEY (channel_id, kind, user_id)
);

-- Invitations: of one person, or a link for whoever has its token, of which only the SHA-256 is kept.
-- status is 'open', 'accepted', 'declined' or 'revoked'.
CREATE TABLE IF NOT EXISTS channel_invites (
    id UUID PRIMARY KEY,
    channel_id UUID REFERENCES channels(id) NOT NULL,
    user_id UUID REFERENCES users(id),
    token_hash VARCHAR(64),
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP,
    expires_at TIMESTAMP NOT NULL,
    uses_max INTEGER,
    uses INTEGER NOT NULL DEFAULT 0,
    status VARCHAR(10) NOT NULL DEFAULT 'open'
);
CREATE INDEX IF NOT EXISTS channel_invites_by_channel ON channel_invites (channel_id, id);
CREATE INDEX IF NOT EXISTS channel_invites_by_user ON channel_invites (user_id, id);
CREATE UNIQUE INDEX IF NOT EXISTS channel_invites_by_token ON channel_invites (token_hash)
    WHERE token_hash IS NOT NULL;

-- Messages -------------------------------------------------------------------------------------------------

-- Every body is sealed: text stays '' and encrypted_text holds the ciphertext. This table is the hot path and
-- every index costs there, so it has the fewest that its lists need.
CREATE TABLE IF NOT EXISTS messages (
    id UUID PRIMARY KEY,
    channel_id UUID REFERENCES channels(id),
    sender_id UUID REFERENCES users(id),
    text TEXT NOT NULL,
    encrypted_text BYTEA,
    timestamp TIMESTAMP,
    edited_at TIMESTAMP,
    deleted BOOLEAN DEFAULT FALSE,
    deleted_at TIMESTAMP,
    deleted_by UUID REFERENCES users(id),
    flagged BOOLEAN DEFAULT FALSE,
    flag_reason TEXT,
    flagged_by UUID REFERENCES users(id),
    flagged_at TIMESTAMP,
    metadata JSONB,
    contains_phi BOOLEAN DEFAULT FALSE,
    -- ours: seq is the position in the channel; rev is the number of the last change anywhere, so it orders
    -- a replay within a channel and the newest first across channels; key_version 0 is a body not yet sealed
    seq BIGINT NOT NULL DEFAULT 0,
    rev BIGINT NOT NULL DEFAULT 0,
    client_message_id VARCHAR(100),
    key_version INTEGER NOT NULL DEFAULT 0,
    -- how many there are, so that a page without any does not ask for them; NULL is none
    reactions INTEGER,
    -- the message with which its thread begins; how many replies it has; whether it is pinned
    reply_to UUID,
    replies INTEGER,
    pinned BOOLEAN
);
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_seq ON messages (channel_id, seq);
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_rev ON messages (rev);
-- The same (sender, id) is the same message: sending again is harmless. Rows without an id cost nothing here.
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_client_id ON messages (sender_id, client_message_id)
    WHERE client_message_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS message_reactions (
    id UUID PRIMARY KEY,
    message_id UUID REFERENCES messages(id),
    user_id UUID REFERENCES users(id),
    reaction VARCHAR(20) NOT NULL,
    created_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS message_reactions_once ON message_reactions (message_id, user_id, reaction);

-- What a message said before it was edited, sealed anew; rev is that of the version when it was replaced.
CREATE TABLE IF NOT EXISTS message_edits (
    id UUID PRIMARY KEY,
    message_id UUID REFERENCES messages(id) ON DELETE CASCADE,
    rev BIGINT NOT NULL,
    encrypted_text BYTEA,
    metadata JSONB,
    contains_phi BOOLEAN NOT NULL,
    replaced_at TIMESTAMP,
    replaced_by UUID REFERENCES users(id),
    key_version INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS message_edits_by_rev ON message_edits (message_id, rev);

-- The replies of a thread, and what is pinned; only those have a row.
CREATE TABLE IF NOT EXISTS message_replies (
    root_id UUID REFERENCES messages(id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    message_id UUID REFERENCES messages(id) ON DELETE CASCADE,
    PRIMARY KEY (root_id, seq)
);
CREATE INDEX IF NOT EXISTS message_replies_by_message ON message_replies (message_id);

CREATE TABLE IF NOT EXISTS channel_pins (
    message_id UUID PRIMARY KEY REFERENCES messages(id) ON DELETE CASCADE,
    channel_id UUID REFERENCES channels(id),
    pinned_by UUID REFERENCES users(id),
    pinned_at TIMESTAMP
);
CREATE INDEX IF NOT EXISTS channel_pins_by_channel ON channel_pins (channel_id);

-- How far the devices of each member have received.
CREATE TABLE IF NOT EXISTS channel_deliveries (
    channel_id UUID REFERENCES channels(id),
    user_id UUID REFERENCES users(id),
    last_seq BIGINT NOT NULL,
    last_at TIMESTAMP,
    PRIMARY KEY (channel_id, user_id)
);

-- Writing --------------------------------------------------------------------------------------------------

-- The clinic's word filter. folded is the form that is compared: no accents, no case; the action is block, mask
-- or flag.
CREATE TABLE IF NOT EXISTS filter_words (
    id UUID PRIMARY KEY,
    word VARCHAR(100) NOT NULL,
    folded TEXT NOT NULL,
    action VARCHAR(10) NOT NULL,
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS filter_words_once ON filter_words (folded);

-- Who flagged a message, why, and what was decided about it; a decision of NULL waits in the review queue. The
-- notes are sealed; without flagged_by it was the word filter.
CREATE TABLE IF NOT EXISTS message_flags (
    id UUID PRIMARY KEY,
    message_id UUID NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    reason VARCHAR(30) NOT NULL,
    note BYTEA,
    flagged_by UUID REFERENCES users(id),
    flagged_at TIMESTAMP,
    decision VARCHAR(10),
    review_note BYTEA,
    reviewed_by UUID REFERENCES users(id),
    reviewed_at TIMESTAMP
);
CREATE INDEX IF NOT EXISTS message_flags_by_message ON message_flags (message_id);
CREATE INDEX IF NOT EXISTS message_flags_open ON message_flags (id) WHERE decision IS NULL;

-- Whom a message mentions: kind is 'user' or 'role' with a target, 'here' or 'moderators' without. Only messages
-- that mention somebody have rows; those after a reader's place are the mentions not yet read.
CREATE TABLE IF NOT EXISTS message_mentions (
    message_id UUID NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    channel_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    sender_id UUID NOT NULL,
    kind VARCHAR(20) NOT NULL,
    target UUID,
    PRIMARY KEY (message_id, place)
);
CREATE INDEX IF NOT EXISTS message_mentions_by_seq ON message_mentions (channel_id, seq);

-- What a person has begun to write in a channel, sealed, for all their devices; id names the sealed cell.
CREATE TABLE IF NOT EXISTS drafts (
    user_id UUID NOT NULL REFERENCES users(id),
    channel_id UUID NOT NULL REFERENCES channels(id) ON DELETE CASCADE,
    id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    updated_at TIMESTAMP,
    PRIMARY KEY (user_id, channel_id)
);

-- Messages that a person keeps at hand; shown while the message may be read.
CREATE TABLE IF NOT EXISTS bookmarks (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id),
    message_id UUID NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    created_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS bookmarks_once ON bookmarks (message_id, user_id);
CREATE INDEX IF NOT EXISTS bookmarks_by_user ON bookmarks (user_id, id);

-- Messages that erase themselves at a time; only those have a row.
CREATE TABLE IF NOT EXISTS message_expiries (
    message_id UUID PRIMARY KEY REFERENCES messages(id) ON DELETE CASCADE,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX IF NOT EXISTS message_expiries_by_time ON message_expiries (expires_at);

-- Channels whose messages erase themselves after so many seconds; up to swept_seq that is done.
CREATE TABLE IF NOT EXISTS channel_lifetimes (
    channel_id UUID PRIMARY KEY REFERENCES channels(id) ON DELETE CASCADE,
    seconds BIGINT NOT NULL,
    swept_seq BIGINT NOT NULL DEFAULT 0
);

-- Messages that wait for their time, sealed; failure is the code of why one could not be sent.
CREATE TABLE IF NOT EXISTS scheduled_messages (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id),
    channel_id UUID NOT NULL REFERENCES channels(id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    contains_phi BOOLEAN NOT NULL DEFAULT FALSE,
    send_at TIMESTAMP NOT NULL,
    failure VARCHAR(50),
    created_at TIMESTAMP,
    updated_at TIMESTAMP,
    api_key_id UUID
);
CREATE INDEX IF NOT EXISTS scheduled_messages_by_user ON scheduled_messages (user_id, id);
CREATE INDEX IF NOT EXISTS scheduled_messages_by_time ON scheduled_messages (send_at) WHERE failure IS NULL;

-- What a person wants to be reminded of, sealed; told_at says that it was.
CREATE TABLE IF NOT EXISTS reminders (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id),
    channel_id UUID,
    sealed BYTEA NOT NULL,
    remind_at TIMESTAMP NOT NULL,
    told_at TIMESTAMP,
    created_at TIMESTAMP,
    api_key_id UUID
);
CREATE INDEX IF NOT EXISTS reminders_by_user ON reminders (user_id, id);
CREATE INDEX IF NOT EXISTS reminders_by_time ON reminders (remind_at) WHERE told_at IS NULL;

-- The clinic's texts that a command inserts; they hold no patient details, so they are not sealed.
CREATE TABLE IF NOT EXISTS templates (
    id UUID PRIMARY KEY,
    name VARCHAR(32) NOT NULL,
    text TEXT NOT NULL,
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS templates_by_name ON templates (name);

-- The record -----------------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS audit_logs (
    id UUID PRIMARY KEY,
    user_id UUID REFERENCES users(id),
    action VARCHAR(100) NOT NULL,
    details JSONB,
    ip_address INET,
    user_agent TEXT,
    timestamp TIMESTAMP,
    -- ours: the place in the chain without gaps, and the keyed code over this row and the one before;
    -- rows of the older server have an empty code and stand before the chain
    number BIGINT NOT NULL DEFAULT 0,
    mac BYTEA NOT NULL DEFAULT ''
);
-- There is no index by person: it would dirty a page of its own for every sender of a batch. What one person did
-- is found along the numbers, newest first.
CREATE UNIQUE INDEX IF NOT EXISTS audit_logs_by_number ON audit_logs (number);

-- Ours alone -----------------------------------------------------------------------------------------------

-- One row: how far everything has come. On PostgreSQL it is locked while a batch allocates its numbers.
CREATE TABLE IF NOT EXISTS heads (
    id INTEGER PRIMARY KEY,
    rev BIGINT NOT NULL DEFAULT 0,
    audit_number BIGINT NOT NULL DEFAULT 0,
    audit_mac BYTEA NOT NULL DEFAULT '',
    facts BIGINT NOT NULL DEFAULT 0,
    node VARCHAR(36)
);
INSERT INTO heads (id) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM heads);

-- The data keys, by what they seal; the keys themselves are in key_slots, wrapped.
CREATE TABLE IF NOT EXISTS data_keys (
    purpose VARCHAR(20) NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP,
    retired_at TIMESTAMP,
    uses BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (purpose, version)
);

-- One data key wrapped for one opener: 'machine' or 'recovery'.
CREATE TABLE IF NOT EXISTS key_slots (
    id UUID PRIMARY KEY,
    purpose VARCHAR(20) NOT NULL,
    version INTEGER NOT NULL,
    slot VARCHAR(20) NOT NULL,
    kdf JSONB,
    wrapped BYTEA NOT NULL,
    created_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS key_slots_once ON key_slots (purpose, version, slot);

CREATE TABLE IF NOT EXISTS settings (
    name VARCHAR(100) PRIMARY KEY,
    value JSONB,
    updated_at TIMESTAMP,
    updated_by UUID REFERENCES users(id)
);

-- The takeover of an older server, at most one row (id 1): from where (a digest), and how far. Until finished_at is
-- set the server refuses to start.
CREATE TABLE IF NOT EXISTS takeovers (
    id INTEGER PRIMARY KEY,
    source VARCHAR(64) NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);

-- Rows of each older table that are dealt with, so that a takeover can go on after a break.
CREATE TABLE IF NOT EXISTS takeover_steps (
    step VARCHAR(20) PRIMARY KEY,
    rows_read BIGINT NOT NULL
);

-- Exports. The file is DATA_DIR/exports/ID.age, sealed with a passphrase that is kept nowhere.
CREATE TABLE IF NOT EXISTS exports (
    id UUID PRIMARY KEY,
    -- 'channel', 'user' or 'audit'; subject is the channel or person
    kind VARCHAR(20) NOT NULL,
    subject UUID,
    asked_by UUID REFERENCES users(id) NOT NULL,
    format VARCHAR(10) NOT NULL,
    from_time TIMESTAMP,
    to_time TIMESTAMP,
    -- 'waiting', 'running', 'done', 'failed' (then failure is an error code) or 'expired'
    state VARCHAR(20) NOT NULL,
    failure VARCHAR(50),
    done_rows BIGINT NOT NULL DEFAULT 0,
    all_rows BIGINT NOT NULL DEFAULT 0,
    file_bytes BIGINT,
    sha256 VARCHAR(64),
    created_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX IF NOT EXISTS exports_by_person ON exports (asked_by, id);
CREATE INDEX IF NOT EXISTS exports_by_expiry ON exports (expires_at);

-- Second factors (RFC 6238). The secrets are sealed; users.two_factor_enabled says whether one is on, and
-- users.two_factor_secret stays empty. last_step is the step of the last code that was taken: none is good twice.
CREATE TABLE IF NOT EXISTS second_factors (
    user_id UUID PRIMARY KEY REFERENCES users(id),
    pending_secret BYTEA,
    secret BYTEA,
    last_step BIGINT NOT NULL DEFAULT 0,
    confirmed_at TIMESTAMP
);

-- SHA-256 of codes for whoever has lost the device; each is good once.
CREATE TABLE IF NOT EXISTS recovery_codes (
    user_id UUID REFERENCES users(id) NOT NULL,
    code_hash VARCHAR(64) NOT NULL,
    used_at TIMESTAMP,
    PRIMARY KEY (user_id, code_hash)
);

-- The server's figures. A row sums up a minute, an hour or a day (span: 'minute', 'hour', 'day'); METRICS_MINUTES_KEPT
-- and its like say how long each is kept, so the table has an end. Nothing in them is about one person.
CREATE TABLE IF NOT EXISTS metrics_history (
    span VARCHAR(10) NOT NULL,
    starts_at TIMESTAMP NOT NULL,
    figures JSONB NOT NULL,
    PRIMARY KEY (span, starts_at)
);

-- Addresses and networks (as 10.0.0.9/32) that are not let in, whatever ALLOWED_NETWORK_RANGE says; until ends_at, or
-- until somebody takes the row away.
CREATE TABLE IF NOT EXISTS address_blocks (
    id UUID PRIMARY KEY,
    network VARCHAR(50) NOT NULL,
    note VARCHAR(200),
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS address_blocks_by_network ON address_blocks (network);

-- Which migrations this database has had.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    applied_by VARCHAR(50) NOT NULL
);
