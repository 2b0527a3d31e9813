-- Version 4: proposals, who approved them, and what was done about it. Events are of any kind of
-- thing from here on: their facts stand as canonical JSON.

ALTER TABLE events RENAME COLUMN case_id TO subject_id;
ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT 'case'
  CHECK (kind IN ('case', 'proposal', 'execution'));
ALTER TABLE events ADD COLUMN data TEXT NOT NULL DEFAULT '{}';
UPDATE events SET data = json_object('answer', NULL, 'case_id', subject_id, 'outcome', outcome,
  'queue', queue, 'request_id', request_id, 'revision', revision, 'state', state);
ALTER TABLE events DROP COLUMN request_id;
ALTER TABLE events DROP COLUMN state;
ALTER TABLE events DROP COLUMN queue;
ALTER TABLE events DROP COLUMN outcome;

CREATE TABLE proposals (
  tenant_id           TEXT NOT NULL,
  proposal_id         TEXT NOT NULL,
  revision            INTEGER NOT NULL,
  state               TEXT NOT NULL,
  root_proposal_id    TEXT NOT NULL,
  case_id             TEXT,
  risk_level          TEXT NOT NULL,
  requested_by        TEXT NOT NULL,
  requested_by_person TEXT,
  created_at          INTEGER NOT NULL,
  expires_at          INTEGER NOT NULL,
  effective_at        INTEGER,
  body                TEXT NOT NULL,
  PRIMARY KEY (tenant_id, proposal_id)
) STRICT;
CREATE INDEX proposals_by_id ON proposals (proposal_id);
CREATE INDEX proposals_by_expiry ON proposals (state, expires_at, proposal_id);
CREATE INDEX proposals_by_age ON proposals (created_at, proposal_id);
CREATE INDEX proposals_of_line ON proposals (tenant_id, root_proposal_id);
CREATE INDEX proposals_of_case ON proposals (tenant_id, case_id) WHERE case_id IS NOT NULL;
CREATE INDEX proposals_effective ON proposals (effective_at) WHERE state = 'approved';
CREATE INDEX proposals_of_tenant ON proposals (tenant_id, created_at);

-- One vote a person: two accounts of one human being are not two people.
CREATE TABLE proposal_votes (
  tenant_id    TEXT NOT NULL,
  proposal_id  TEXT NOT NULL,
  person_id    TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  voted_at     INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, proposal_id, person_id),
  FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals (tenant_id, proposal_id)
) STRICT;

-- One execution for each action of a proposal, and one key for each, whatever happens.
CREATE TABLE executions (
  tenant_id       TEXT NOT NULL,
  execution_id    TEXT NOT NULL UNIQUE,
  revision        INTEGER NOT NULL,
  state           TEXT NOT NULL,
  proposal_id     TEXT NOT NULL,
  position        INTEGER NOT NULL,
  executor        TEXT NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE,
  next_attempt_at INTEGER,
  not_after       INTEGER,
  body            TEXT NOT NULL,
  PRIMARY KEY (tenant_id, execution_id),
  UNIQUE (tenant_id, proposal_id, position),
  FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals (tenant_id, proposal_id)
) STRICT;
CREATE INDEX executions_due ON executions (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX executions_prepared ON executions (execution_id) WHERE state = 'prepared';
CREATE INDEX executions_started ON executions (not_after) WHERE state = 'started';
