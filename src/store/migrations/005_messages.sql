-- What happens to a message after it was posted: edits, receipts, reactions, threads, pins.

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

ALTER TABLE messages ADD COLUMN reactions INTEGER;
UPDATE messages SET reactions = (SELECT count(*) FROM message_reactions r WHERE r.message_id = messages.id)
    WHERE id IN (SELECT message_id FROM message_reactions);

CREATE TABLE IF NOT EXISTS channel_deliveries (
    channel_id UUID REFERENCES channels(id),
    user_id UUID REFERENCES users(id),
    last_seq BIGINT NOT NULL,
    last_at TIMESTAMP,
    PRIMARY KEY (channel_id, user_id)
);

ALTER TABLE messages ADD COLUMN reply_to UUID;
ALTER TABLE messages ADD COLUMN replies INTEGER;
ALTER TABLE messages ADD COLUMN pinned BOOLEAN;

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
