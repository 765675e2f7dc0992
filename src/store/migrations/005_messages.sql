-- What happens to a message after it was posted: edits, receipts, reactions, threads, pins.

CREATE TABLE IF NOT EXISTS message_edits (
    id UUID PRIMARY KEY,
    message_id UUID REFERENCES messages(id),
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
