-- Which API key asked for what is done later; schema.sql says what the columns are for.

ALTER TABLE scheduled_messages ADD COLUMN api_key_id UUID;
ALTER TABLE reminders ADD COLUMN api_key_id UUID;
