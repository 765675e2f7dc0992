-- Channels of several kinds, with topics, tags, passwords, ends and slow mode; who is muted or banned there;
-- invitations; and how far each member has read. schema.sql says what each column is for.

ALTER TABLE channels ADD COLUMN topic VARCHAR(250);
ALTER TABLE channels ADD COLUMN category VARCHAR(50);
ALTER TABLE channels ADD COLUMN tags JSONB;
ALTER TABLE channels ADD COLUMN slow_mode_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN password_hash VARCHAR(255);
ALTER TABLE channels ADD COLUMN expires_at TIMESTAMP;
ALTER TABLE channels ADD COLUMN deleted_at TIMESTAMP;
ALTER TABLE channels ADD COLUMN deleted_by UUID REFERENCES users(id);
ALTER TABLE channels ADD COLUMN pair_key VARCHAR(73);
CREATE INDEX IF NOT EXISTS channels_by_expiry ON channels (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS channels_by_pair ON channels (pair_key) WHERE pair_key IS NOT NULL;

ALTER TABLE channel_members ADD COLUMN last_read_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE channel_members ADD COLUMN last_posted_at TIMESTAMP;
-- The older server kept a time; what was there by then has been read.
UPDATE channel_members SET last_read_seq = (
    SELECT coalesce(max(m.seq), 0) FROM messages m
    WHERE m.channel_id = channel_members.channel_id AND m.timestamp <= channel_members.last_read_at
) WHERE last_read_at IS NOT NULL;

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

CREATE TABLE IF NOT EXISTS channel_sanctions (
    channel_id UUID REFERENCES channels(id),
    kind VARCHAR(10) NOT NULL,
    user_id UUID REFERENCES users(id),
    ends_at TIMESTAMP,
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP,
    PRIMARY KEY (channel_id, kind, user_id)
);

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
