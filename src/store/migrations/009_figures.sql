-- The server's figures over time, and addresses that are kept out; schema.sql says what the tables are for.

CREATE TABLE IF NOT EXISTS metrics_history (
    span VARCHAR(10) NOT NULL,
    starts_at TIMESTAMP NOT NULL,
    figures JSONB NOT NULL,
    PRIMARY KEY (span, starts_at)
);

CREATE TABLE IF NOT EXISTS address_blocks (
    id UUID PRIMARY KEY,
    network VARCHAR(50) NOT NULL,
    note VARCHAR(200),
    created_by UUID REFERENCES users(id),
    created_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP
);
CREATE UNIQUE INDEX IF NOT EXISTS address_blocks_by_network ON address_blocks (network);
