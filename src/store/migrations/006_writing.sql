-- What helps or restrains a writer: the word filter, flags, mentions, drafts, bookmarks, expiry, schedules,
-- reminders and templates. schema.sql says what each table is for.

CREATE TABLE IF NOT EXISTS filter_words (
    id UUID PRIMARY KEY,
    word VARCHAR(100) NOT NULL,
    folded TEXT NOT NULL,
    action VARCHAR(10) NOT NULL,
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS filter_words_once ON filter_words (folded);

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

CREATE TABLE IF NOT EXISTS drafts (
    user_id UUID NOT NULL REFERENCES users(id),
    channel_id UUID NOT NULL REFERENCES channels(id) ON DELETE CASCADE,
    id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    updated_at TIMESTAMP,
    PRIMARY KEY (user_id, channel_id)
);

CREATE TABLE IF NOT EXISTS bookmarks (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id),
    message_id UUID NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
    created_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS bookmarks_once ON bookmarks (message_id, user_id);
CREATE INDEX IF NOT EXISTS bookmarks_by_user ON bookmarks (user_id, id);

CREATE TABLE IF NOT EXISTS message_expiries (
    message_id UUID PRIMARY KEY REFERENCES messages(id) ON DELETE CASCADE,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX IF NOT EXISTS message_expiries_by_time ON message_expiries (expires_at);

CREATE TABLE IF NOT EXISTS channel_lifetimes (
    channel_id UUID PRIMARY KEY REFERENCES channels(id) ON DELETE CASCADE,
    seconds BIGINT NOT NULL,
    swept_seq BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS scheduled_messages (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id),
    channel_id UUID NOT NULL REFERENCES channels(id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    contains_phi BOOLEAN NOT NULL DEFAULT FALSE,
    send_at TIMESTAMP NOT NULL,
    failure VARCHAR(50),
    created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE INDEX IF NOT EXISTS scheduled_messages_by_user ON scheduled_messages (user_id, id);
CREATE INDEX IF NOT EXISTS scheduled_messages_by_time ON scheduled_messages (send_at) WHERE failure IS NULL;

CREATE TABLE IF NOT EXISTS reminders (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users(id),
    channel_id UUID,
    sealed BYTEA NOT NULL,
    remind_at TIMESTAMP NOT NULL,
    told_at TIMESTAMP,
    created_at TIMESTAMP
);
CREATE INDEX IF NOT EXISTS reminders_by_user ON reminders (user_id, id);
CREATE INDEX IF NOT EXISTS reminders_by_time ON reminders (remind_at) WHERE told_at IS NULL;

CREATE TABLE IF NOT EXISTS templates (
    id UUID PRIMARY KEY,
    name VARCHAR(32) NOT NULL,
    text TEXT NOT NULL,
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP,
    updated_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS templates_by_name ON templates (name);
