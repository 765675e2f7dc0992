-- What managing accounts adds: deletions that can be undone, preferences, invitations.

ALTER TABLE users ADD COLUMN erased_at TIMESTAMP;
CREATE INDEX IF NOT EXISTS users_to_erase ON users (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

CREATE TABLE IF NOT EXISTS notification_preferences (
    user_id UUID PRIMARY KEY REFERENCES users(id),
    preferences JSONB,
    updated_at TIMESTAMP,
    version BIGINT NOT NULL DEFAULT 0
);

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
