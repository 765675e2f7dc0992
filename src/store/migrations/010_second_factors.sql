-- Second factors; schema.sql says what the tables are for.

CREATE TABLE IF NOT EXISTS second_factors (
    user_id UUID PRIMARY KEY REFERENCES users(id),
    pending_secret BYTEA,
    secret BYTEA,
    last_step BIGINT NOT NULL DEFAULT 0,
    confirmed_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS recovery_codes (
    user_id UUID REFERENCES users(id) NOT NULL,
    code_hash VARCHAR(64) NOT NULL,
    used_at TIMESTAMP,
    PRIMARY KEY (user_id, code_hash)
);
