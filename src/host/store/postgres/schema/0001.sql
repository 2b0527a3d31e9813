-- Version 1: what the first five versions of SQLite's schema come to. `tenant_id` leads every primary
-- key. Bodies are canonical JSON and stay text, to the byte; the columns beside them are copies for
-- indexes. Names are compared byte by byte, whatever the collation of the database.

-- What SQLite has by itself and shared statements use.
CREATE FUNCTION json_of(document TEXT) RETURNS json LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  -- U+0000 may stand in a text of JSON, and PostgreSQL cannot take it out of there.
  AS $$ SELECT replace(document, '\u0000', '\ufffd')::json $$;
CREATE FUNCTION json_text(document TEXT, path TEXT) RETURNS TEXT
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT countersign.json_of(document) #>> string_to_array(substr(path, 3), '.') $$;
CREATE OPERATOR ->> (LEFTARG = TEXT, RIGHTARG = TEXT, FUNCTION = json_text);
CREATE FUNCTION json_each(document TEXT) RETURNS TABLE (value TEXT)
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT json_array_elements_text(countersign.json_of(document)) $$;
CREATE FUNCTION json_each(document TEXT, path TEXT) RETURNS TABLE (value TEXT)
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT json_array_elements_text(
    countersign.json_of(document) #> string_to_array(substr(path, 3), '.')) $$;
CREATE FUNCTION instr(text TEXT, part TEXT) RETURNS INTEGER
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ SELECT strpos(text, part) $$;
CREATE FUNCTION unixepoch(at TEXT) RETURNS BIGINT LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  AS $$ BEGIN
    RETURN floor(extract(epoch FROM at::timestamptz));
  EXCEPTION WHEN others THEN
    RETURN NULL;
  END $$;

-- Version 1. `tenant_id` leads every primary key. Bodies are canonical JSON of the core's records;
-- the columns beside them are copies for indexes, and `countersign audit verify` compares them.

CREATE TABLE meta (
  name  TEXT COLLATE "C" PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE principals (
  tenant_id    TEXT COLLATE "C" NOT NULL,
  principal_id TEXT COLLATE "C" NOT NULL UNIQUE,
  name         TEXT COLLATE "C" NOT NULL,
  body         TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, principal_id)
);

CREATE TABLE grants (
  tenant_id    TEXT COLLATE "C" NOT NULL,
  grant_id     TEXT COLLATE "C" NOT NULL UNIQUE,
  principal_id TEXT COLLATE "C" NOT NULL REFERENCES principals (principal_id),
  body         TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, grant_id)
);
CREATE INDEX grants_of_principal ON grants (principal_id);

CREATE TABLE credentials (
  tenant_id     TEXT COLLATE "C" NOT NULL,
  credential_id TEXT COLLATE "C" NOT NULL UNIQUE,
  principal_id  TEXT COLLATE "C" NOT NULL REFERENCES principals (principal_id),
  kind          TEXT COLLATE "C" NOT NULL CHECK (kind IN ('token', 'session', 'link')),
  scope         TEXT COLLATE "C" NOT NULL CHECK (scope IN ('read', 'write')),
  hash          BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
  created_at    BIGINT NOT NULL,
  expires_at    BIGINT,
  revoked_at    BIGINT,
  used_at       BIGINT,
  PRIMARY KEY (tenant_id, credential_id)
);

CREATE TABLE policies (
  tenant_id   TEXT COLLATE "C" NOT NULL,
  hash        TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  version     TEXT COLLATE "C" NOT NULL,
  bundle      TEXT COLLATE "C" NOT NULL,
  released_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, hash)
);

CREATE TABLE policy_in_force (
  tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  hash      TEXT COLLATE "C" NOT NULL,
  since     BIGINT NOT NULL,
  sequence  BIGINT NOT NULL DEFAULT 1,
  FOREIGN KEY (tenant_id, hash) REFERENCES policies (tenant_id, hash)
);

CREATE TABLE cases (
  tenant_id           TEXT COLLATE "C" NOT NULL,
  case_id             TEXT COLLATE "C" NOT NULL,
  revision            BIGINT NOT NULL,
  state               TEXT COLLATE "C" NOT NULL,
  queue               TEXT COLLATE "C" NOT NULL,
  priority            BIGINT NOT NULL,
  risk_level          TEXT COLLATE "C" NOT NULL,
  language            TEXT COLLATE "C",
  domain              TEXT COLLATE "C",
  due_at              BIGINT NOT NULL,
  created_at          BIGINT NOT NULL,
  leased_by           TEXT COLLATE "C",
  lease_until         BIGINT,
  effective_at        BIGINT,
  epoch               BIGINT NOT NULL,
  requested_by        TEXT COLLATE "C" NOT NULL,
  requested_by_person TEXT COLLATE "C",
  body                TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, case_id),
  CHECK ((state = 'leased') = (leased_by IS NOT NULL)),
  CHECK ((state = 'leased') = (lease_until IS NOT NULL))
);
-- A reviewer works for several tenants: these orders run across them.
CREATE INDEX cases_by_id ON cases (case_id);
CREATE INDEX cases_in_queue ON cases (queue, state, priority DESC, due_at, created_at, case_id);
CREATE INDEX cases_by_due ON cases (state, due_at, case_id);
CREATE INDEX cases_by_requester ON cases (requested_by, due_at);
CREATE INDEX cases_with_lease ON cases (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX cases_held ON cases (effective_at) WHERE state = 'held';

CREATE TABLE audit_pending (
  tenant_id      TEXT COLLATE "C" NOT NULL,
  entity_kind    TEXT COLLATE "C" NOT NULL,
  entity_id      TEXT COLLATE "C" NOT NULL,
  entity_version BIGINT NOT NULL CHECK (entity_version >= 1),
  entry_id       TEXT COLLATE "C" NOT NULL UNIQUE,
  at             BIGINT NOT NULL,
  entry          TEXT COLLATE "C" NOT NULL,
  salt           BYTEA NOT NULL CHECK (length(salt) = 32),
  commitment     TEXT COLLATE "C" NOT NULL,
  leaf_hash      BYTEA NOT NULL CHECK (length(leaf_hash) = 32),
  PRIMARY KEY (tenant_id, entity_kind, entity_id, entity_version)
);

CREATE TABLE decision_streams (
  tenant_id     TEXT COLLATE "C" NOT NULL,
  edge          TEXT COLLATE "C" NOT NULL,
  boot          TEXT COLLATE "C" NOT NULL,
  stream_id     TEXT COLLATE "C" NOT NULL UNIQUE,
  next_sequence BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, edge, boot)
);

CREATE TABLE decision_records (
  tenant_id   TEXT COLLATE "C" NOT NULL,
  stream_id   TEXT COLLATE "C" NOT NULL REFERENCES decision_streams (stream_id),
  sequence    BIGINT NOT NULL,
  received_at BIGINT NOT NULL,
  record      TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, stream_id, sequence)
);

CREATE TABLE idempotency (
  tenant_id    TEXT COLLATE "C" NOT NULL,
  principal_id TEXT COLLATE "C" NOT NULL,
  operation    TEXT COLLATE "C" NOT NULL,
  key          TEXT COLLATE "C" NOT NULL,
  body_digest  TEXT COLLATE "C" NOT NULL,
  status       BIGINT NOT NULL,
  response     TEXT COLLATE "C" NOT NULL,
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, principal_id, operation, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE observations (
  tenant_id      TEXT COLLATE "C" NOT NULL,
  observation_id TEXT COLLATE "C" NOT NULL UNIQUE,
  request_id     TEXT COLLATE "C" NOT NULL,
  received_at    BIGINT NOT NULL,
  body           TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, observation_id)
);
CREATE INDEX observations_of_request ON observations (tenant_id, request_id);
CREATE INDEX observations_by_time ON observations (tenant_id, received_at);

-- Seconds are near enough for an index: what it finds is looked at to the millisecond. A form of
-- time that the server does not read is placed where it was received.
CREATE INDEX decision_records_by_time ON decision_records
  (tenant_id, coalesce(unixepoch(record ->> '$.evaluated_at'), received_at / 1000));

CREATE TABLE event_sequences (
  tenant_id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  last_sequence BIGINT NOT NULL CHECK (last_sequence >= 1)
);

CREATE TABLE events (
  tenant_id  TEXT COLLATE "C" NOT NULL,
  sequence   BIGINT NOT NULL CHECK (sequence >= 1),
  entry_id   TEXT COLLATE "C" NOT NULL UNIQUE,
  kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('case', 'proposal', 'execution')),
  subject_id TEXT COLLATE "C" NOT NULL,
  event      TEXT COLLATE "C" NOT NULL,
  at         BIGINT NOT NULL,
  revision   BIGINT NOT NULL,
  data       TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, sequence)
);

CREATE TABLE webhooks (
  tenant_id         TEXT COLLATE "C" NOT NULL,
  webhook_id        TEXT COLLATE "C" NOT NULL UNIQUE,
  -- It gets what this principal may read, and nothing once they may not act.
  principal_id      TEXT COLLATE "C" NOT NULL REFERENCES principals (principal_id),
  url               TEXT COLLATE "C" NOT NULL,
  -- Names of events as a JSON array; empty for every one.
  events            TEXT COLLATE "C" NOT NULL,
  -- The secret is made from this and a key that lies outside the database.
  salt              BYTEA NOT NULL CHECK (length(salt) = 32),
  secret_hash       BYTEA NOT NULL CHECK (length(secret_hash) = 32),
  created_at        BIGINT NOT NULL,
  delivered         BIGINT NOT NULL DEFAULT 0,
  last_delivered_at BIGINT,
  last_failed_at    BIGINT,
  last_failure      TEXT COLLATE "C",
  last_status       BIGINT,
  PRIMARY KEY (tenant_id, webhook_id)
);

-- What is still to be delivered, and what was given up; what arrived is taken out.
CREATE TABLE webhook_deliveries (
  tenant_id        TEXT COLLATE "C" NOT NULL,
  webhook_id       TEXT COLLATE "C" NOT NULL,
  sequence         BIGINT NOT NULL,
  state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'dead')),
  attempts         BIGINT NOT NULL DEFAULT 0,
  first_attempt_at BIGINT,
  last_attempt_at  BIGINT,
  next_attempt_at  BIGINT NOT NULL,
  last_failure     TEXT COLLATE "C",
  last_status      BIGINT,
  PRIMARY KEY (tenant_id, webhook_id, sequence),
  FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, webhook_id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, sequence) REFERENCES events (tenant_id, sequence)
);
CREATE INDEX webhook_deliveries_due
  ON webhook_deliveries (webhook_id, next_attempt_at, sequence) WHERE state = 'waiting';

CREATE TABLE proposals (
  tenant_id           TEXT COLLATE "C" NOT NULL,
  proposal_id         TEXT COLLATE "C" NOT NULL,
  revision            BIGINT NOT NULL,
  state               TEXT COLLATE "C" NOT NULL,
  root_proposal_id    TEXT COLLATE "C" NOT NULL,
  case_id             TEXT COLLATE "C",
  risk_level          TEXT COLLATE "C" NOT NULL,
  requested_by        TEXT COLLATE "C" NOT NULL,
  requested_by_person TEXT COLLATE "C",
  created_at          BIGINT NOT NULL,
  expires_at          BIGINT NOT NULL,
  effective_at        BIGINT,
  body                TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, proposal_id)
);
CREATE INDEX proposals_by_id ON proposals (proposal_id);
CREATE INDEX proposals_by_expiry ON proposals (state, expires_at, proposal_id);
CREATE INDEX proposals_by_age ON proposals (created_at, proposal_id);
CREATE INDEX proposals_of_line ON proposals (tenant_id, root_proposal_id);
CREATE INDEX proposals_of_case ON proposals (tenant_id, case_id) WHERE case_id IS NOT NULL;
CREATE INDEX proposals_effective ON proposals (effective_at) WHERE state = 'approved';
CREATE INDEX proposals_of_tenant ON proposals (tenant_id, created_at);

-- One vote a person: two accounts of one human being are not two people.
CREATE TABLE proposal_votes (
  tenant_id    TEXT COLLATE "C" NOT NULL,
  proposal_id  TEXT COLLATE "C" NOT NULL,
  person_id    TEXT COLLATE "C" NOT NULL,
  principal_id TEXT COLLATE "C" NOT NULL,
  voted_at     BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, proposal_id, person_id),
  FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals (tenant_id, proposal_id)
);

-- One execution for each action of a proposal, and one key for each, whatever happens.
CREATE TABLE executions (
  tenant_id       TEXT COLLATE "C" NOT NULL,
  execution_id    TEXT COLLATE "C" NOT NULL UNIQUE,
  revision        BIGINT NOT NULL,
  state           TEXT COLLATE "C" NOT NULL,
  proposal_id     TEXT COLLATE "C" NOT NULL,
  position        BIGINT NOT NULL,
  executor        TEXT COLLATE "C" NOT NULL,
  idempotency_key TEXT COLLATE "C" NOT NULL UNIQUE,
  next_attempt_at BIGINT,
  not_after       BIGINT,
  body            TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, execution_id),
  UNIQUE (tenant_id, proposal_id, position),
  FOREIGN KEY (tenant_id, proposal_id) REFERENCES proposals (tenant_id, proposal_id)
);
CREATE INDEX executions_due ON executions (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX executions_prepared ON executions (execution_id) WHERE state = 'prepared';
CREATE INDEX executions_started ON executions (not_after) WHERE state = 'started';

CREATE TABLE policy_releases (
  tenant_id   TEXT COLLATE "C" NOT NULL,
  release_id  TEXT COLLATE "C" NOT NULL,
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'released')),
  proposed_at BIGINT NOT NULL,
  body        TEXT COLLATE "C" NOT NULL,
  bundle      TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, release_id)
);
