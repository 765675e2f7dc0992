-- Exports and what was taken over from an older server. schema.sql says what each column is for.

CREATE TABLE IF NOT EXISTS takeovers (
    id INTEGER PRIMARY KEY,
    source VARCHAR(64) NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS takeover_steps (
    step VARCHAR(20) PRIMARY KEY,
    rows_read BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS exports (
    id UUID PRIMARY KEY,
    kind VARCHAR(20) NOT NULL,
    subject UUID,
    asked_by UUID REFERENCES users(id) NOT NULL,
    format VARCHAR(10) NOT NULL,
    from_time TIMESTAMP,
    to_time TIMESTAMP,
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
