-- Version 7: the whole table of cases, and queues that find what somebody may take without reading
-- the cases themselves.

-- What a case asks of whoever takes it. Cases that ask the same share a row, so that whether a
-- reviewer may take one is looked up once for all of them.
CREATE TABLE case_needs (
  need_id     INTEGER NOT NULL PRIMARY KEY,
  tenant_id   TEXT NOT NULL,
  queue       TEXT NOT NULL,
  -- A JSON array in order; empty texts stand for what is not asked.
  skills      TEXT NOT NULL,
  language    TEXT NOT NULL,
  domain      TEXT NOT NULL,
  level       INTEGER NOT NULL,
  assigned_to TEXT NOT NULL,
  UNIQUE (tenant_id, queue, skills, language, domain, level, assigned_to)
) STRICT;
CREATE INDEX case_needs_of_queue ON case_needs (queue, need_id);

ALTER TABLE cases ADD COLUMN need_id INTEGER;
ALTER TABLE cases ADD COLUMN dedupe_key TEXT;
-- When the host's clock next has something to do with it.
ALTER TABLE cases ADD COLUMN next_at INTEGER;
DROP INDEX cases_with_lease;
DROP INDEX cases_held;
CREATE INDEX cases_by_next_at ON cases (next_at, case_id) WHERE next_at IS NOT NULL;
CREATE INDEX cases_of_key ON cases (tenant_id, dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE INDEX cases_leased ON cases (leased_by) WHERE leased_by IS NOT NULL;
-- The next of one need, and the next of a queue whatever it needs.
CREATE INDEX cases_ready_of_need ON cases (need_id, priority DESC, due_at, created_at, case_id)
  WHERE state = 'ready';
CREATE INDEX cases_ready_of_queue
  ON cases (queue, tenant_id, priority DESC, due_at, created_at, case_id, need_id)
  WHERE state = 'ready';

-- Each mark of a clock is passed once for each deadline, whichever host saw it.
CREATE TABLE sla_marks (
  tenant_id        TEXT NOT NULL,
  case_id          TEXT NOT NULL,
  clock            TEXT NOT NULL,
  percent          INTEGER NOT NULL,
  deadline_version INTEGER NOT NULL,
  fired_at         INTEGER NOT NULL,
  late_ms          INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, case_id, clock, percent, deadline_version)
) STRICT;

-- Tenants take turns in a queue: who was served longest ago comes first.
CREATE TABLE queue_turns (
  queue     TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  turn      INTEGER NOT NULL,
  PRIMARY KEY (queue, tenant_id)
) STRICT;
