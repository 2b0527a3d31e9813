-- Version 3: what the host sends out. An event stands beside its audit entry, in the same
-- transaction, and takes the tenant's next sequence there: whoever commits first comes first.
-- A released answer is not repeated here; it is read from its case when the event is sent.

CREATE TABLE event_sequences (
  tenant_id     TEXT NOT NULL PRIMARY KEY,
  last_sequence INTEGER NOT NULL CHECK (last_sequence >= 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  tenant_id  TEXT NOT NULL,
  sequence   INTEGER NOT NULL CHECK (sequence >= 1),
  entry_id   TEXT NOT NULL UNIQUE,
  case_id    TEXT NOT NULL,
  event      TEXT NOT NULL,
  at         INTEGER NOT NULL,
  request_id TEXT,
  state      TEXT NOT NULL,
  queue      TEXT NOT NULL,
  revision   INTEGER NOT NULL,
  outcome    TEXT,
  PRIMARY KEY (tenant_id, sequence)
) STRICT;

CREATE TABLE webhooks (
  tenant_id         TEXT NOT NULL,
  webhook_id        TEXT NOT NULL UNIQUE,
  -- It gets what this principal may read, and nothing once they may not act.
  principal_id      TEXT NOT NULL REFERENCES principals (principal_id),
  url               TEXT NOT NULL,
  -- Names of events as a JSON array; empty for every one.
  events            TEXT NOT NULL,
  -- The secret is made from this and a key that lies outside the database.
  salt              BLOB NOT NULL CHECK (length(salt) = 32),
  secret_hash       BLOB NOT NULL CHECK (length(secret_hash) = 32),
  created_at        INTEGER NOT NULL,
  delivered         INTEGER NOT NULL DEFAULT 0,
  last_delivered_at INTEGER,
  last_failed_at    INTEGER,
  last_failure      TEXT,
  last_status       INTEGER,
  PRIMARY KEY (tenant_id, webhook_id)
) STRICT;

-- What is still to be delivered, and what was given up; what arrived is taken out.
CREATE TABLE webhook_deliveries (
  tenant_id        TEXT NOT NULL,
  webhook_id       TEXT NOT NULL,
  sequence         INTEGER NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('waiting', 'dead')),
  attempts         INTEGER NOT NULL DEFAULT 0,
  first_attempt_at INTEGER,
  last_attempt_at  INTEGER,
  next_attempt_at  INTEGER NOT NULL,
  last_failure     TEXT,
  last_status      INTEGER,
  PRIMARY KEY (tenant_id, webhook_id, sequence),
  FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, webhook_id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, sequence) REFERENCES events (tenant_id, sequence)
) STRICT;
CREATE INDEX webhook_deliveries_due
  ON webhook_deliveries (webhook_id, next_attempt_at, sequence) WHERE state = 'waiting';
