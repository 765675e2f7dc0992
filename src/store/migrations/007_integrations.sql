-- Keys for programs that use the API; schema.sql says what the table is for.

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
