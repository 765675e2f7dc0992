-- What the first release adds to the older server's tables: comparable names, positions and changes of
-- messages, the audit chain, sealing keys, settings. schema.sql says what each column is for.

ALTER TABLE roles ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS role_permissions_by_permission ON role_permissions (permission_id);

ALTER TABLE users ADD COLUMN username_key VARCHAR(50);
ALTER TABLE users ADD COLUMN email_key VARCHAR(255);
ALTER TABLE users ADD COLUMN deleted_at TIMESTAMP;
ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
-- Names that differ by case alone were two people to the older server: the earlier one keeps the name.
UPDATE users SET username_key = lower(username) WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY lower(username) ORDER BY created_at, id) AS place FROM users
    ) AS ranked WHERE place = 1);
UPDATE users SET email_key = lower(email) WHERE email IS NOT NULL AND id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY lower(email) ORDER BY created_at, id) AS place FROM users
    ) AS ranked WHERE place = 1);
CREATE UNIQUE INDEX IF NOT EXISTS users_by_username_key ON users (username_key);
CREATE UNIQUE INDEX IF NOT EXISTS users_by_email_key ON users (email_key);
CREATE INDEX IF NOT EXISTS users_by_created ON users (created_at, id);
CREATE INDEX IF NOT EXISTS users_by_role ON users (role_id);

ALTER TABLE sessions ADD COLUMN last_seen TIMESTAMP;
ALTER TABLE sessions ADD COLUMN previous_token_hash VARCHAR(255);
ALTER TABLE sessions ADD COLUMN previous_until TIMESTAMP;
CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id);
CREATE INDEX IF NOT EXISTS sessions_by_token ON sessions (token_hash);
CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (expires_at);
CREATE INDEX IF NOT EXISTS password_reset_requests_by_token ON password_reset_requests (token_hash);
CREATE INDEX IF NOT EXISTS password_reset_requests_by_user ON password_reset_requests (user_id);

ALTER TABLE channels ADD COLUMN kind VARCHAR(20) NOT NULL DEFAULT 'channel';
ALTER TABLE channels ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS channels_by_created ON channels (created_at, id);
CREATE INDEX IF NOT EXISTS channel_members_by_user ON channel_members (user_id);

ALTER TABLE messages ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN rev BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN client_message_id VARCHAR(100);
ALTER TABLE messages ADD COLUMN key_version INTEGER NOT NULL DEFAULT 0;
UPDATE messages SET seq = numbered.seq, rev = numbered.rev FROM (
    SELECT id,
        row_number() OVER (PARTITION BY channel_id ORDER BY timestamp, id) AS seq,
        row_number() OVER (ORDER BY timestamp, id) AS rev
    FROM messages
) AS numbered WHERE numbered.id = messages.id;
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_seq ON messages (channel_id, seq);
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_rev ON messages (rev);
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_client_id ON messages (sender_id, client_message_id)
    WHERE client_message_id IS NOT NULL;

-- The older server let one person leave the same reaction twice; one of them is kept.
DELETE FROM message_reactions WHERE EXISTS (
    SELECT 1 FROM message_reactions AS other
    WHERE other.message_id = message_reactions.message_id AND other.user_id = message_reactions.user_id
        AND other.reaction = message_reactions.reaction AND other.id < message_reactions.id);
CREATE UNIQUE INDEX IF NOT EXISTS message_reactions_once ON message_reactions (message_id, user_id, reaction);

ALTER TABLE audit_logs ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_logs ADD COLUMN mac BYTEA NOT NULL DEFAULT '';
UPDATE audit_logs SET number = numbered.number FROM (
    SELECT id, row_number() OVER (ORDER BY timestamp, id) AS number FROM audit_logs
) AS numbered WHERE numbered.id = audit_logs.id;
CREATE UNIQUE INDEX IF NOT EXISTS audit_logs_by_number ON audit_logs (number);

CREATE TABLE IF NOT EXISTS heads (
    id INTEGER PRIMARY KEY,
    rev BIGINT NOT NULL DEFAULT 0,
    audit_number BIGINT NOT NULL DEFAULT 0,
    audit_mac BYTEA NOT NULL DEFAULT '',
    facts BIGINT NOT NULL DEFAULT 0,
    node VARCHAR(36)
);

INSERT INTO heads (id, rev, audit_number)
    SELECT 1, (SELECT coalesce(max(rev), 0) FROM messages), (SELECT coalesce(max(number), 0) FROM audit_logs)
    WHERE NOT EXISTS (SELECT 1 FROM heads);

CREATE TABLE IF NOT EXISTS data_keys (
    purpose VARCHAR(20) NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP,
    retired_at TIMESTAMP,
    uses BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (purpose, version)
);

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
