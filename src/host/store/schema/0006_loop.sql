-- Version 6: random audits of what no person decided, and what watches over decisions. One audit for
-- each request at most; what could not be delivered stays, as lost. The columns beside a body are
-- copies for indexes.

CREATE TABLE random_audits (
  tenant_id   TEXT NOT NULL,
  audit_id    TEXT NOT NULL UNIQUE,
  state       TEXT NOT NULL CHECK (state IN ('wanted', 'open', 'judged', 'lost')),
  stream_id   TEXT NOT NULL REFERENCES decision_streams (stream_id),
  sequence    INTEGER NOT NULL,
  -- The request's id, or the decision's digest where it has none.
  picked_by   TEXT NOT NULL,
  disposition TEXT NOT NULL,
  risk_level  TEXT NOT NULL,
  policy_hash TEXT NOT NULL,
  case_id     TEXT,
  wanted_at   INTEGER NOT NULL,
  body        TEXT NOT NULL,
  PRIMARY KEY (tenant_id, audit_id),
  UNIQUE (tenant_id, picked_by)
) STRICT;
CREATE INDEX random_audits_wanted ON random_audits (wanted_at) WHERE state = 'wanted';
CREATE INDEX random_audits_of_stream ON random_audits (tenant_id, stream_id, sequence)
  WHERE state = 'wanted';
CREATE INDEX random_audits_of_case ON random_audits (tenant_id, case_id) WHERE case_id IS NOT NULL;

-- Each row is one bet against "nothing has got worse": how it stands after every item so far.
CREATE TABLE monitors (
  tenant_id   TEXT NOT NULL,
  monitor_id  TEXT NOT NULL UNIQUE,
  policy_hash TEXT NOT NULL,
  risk_level  TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('wrong_answers', 'escalation_rate')),
  items       INTEGER NOT NULL,
  raised_at   INTEGER,
  updated_at  INTEGER NOT NULL,
  body        TEXT NOT NULL,
  PRIMARY KEY (tenant_id, monitor_id),
  UNIQUE (tenant_id, policy_hash, risk_level, kind)
) STRICT;

-- An alarm is an event too. What refers to events is put aside while their table is made anew.
CREATE TABLE events_of_four_kinds (
  tenant_id  TEXT NOT NULL,
  sequence   INTEGER NOT NULL CHECK (sequence >= 1),
  entry_id   TEXT NOT NULL UNIQUE,
  subject_id TEXT NOT NULL,
  event      TEXT NOT NULL,
  at         INTEGER NOT NULL,
  revision   INTEGER NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('case', 'proposal', 'execution', 'monitor')),
  data       TEXT NOT NULL,
  PRIMARY KEY (tenant_id, sequence)
) STRICT;
INSERT INTO events_of_four_kinds (tenant_id, sequence, entry_id, subject_id, event, at, revision, kind, data)
  SELECT tenant_id, sequence, entry_id, subject_id, event, at, revision, kind, data FROM events;
CREATE TABLE deliveries_put_aside AS SELECT * FROM webhook_deliveries;
DROP TABLE webhook_deliveries;
DROP TABLE events;
ALTER TABLE events_of_four_kinds RENAME TO events;

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
INSERT INTO webhook_deliveries (tenant_id, webhook_id, sequence, state, attempts, first_attempt_at,
  last_attempt_at, next_attempt_at, last_failure, last_status)
  SELECT tenant_id, webhook_id, sequence, state, attempts, first_attempt_at, last_attempt_at,
    next_attempt_at, last_failure, last_status FROM deliveries_put_aside;
DROP TABLE deliveries_put_aside;
CREATE INDEX webhook_deliveries_due
  ON webhook_deliveries (webhook_id, next_attempt_at, sequence) WHERE state = 'waiting';
