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
