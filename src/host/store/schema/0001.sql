-- Version 1. `tenant_id` leads every primary key. Bodies are canonical JSON of the core's records;
-- the columns beside them are copies for indexes, and `countersign audit verify` compares them.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE principals (
  tenant_id    TEXT NOT NULL,
  principal_id TEXT NOT NULL UNIQUE,
  name         TEXT NOT NULL,
  body         TEXT NOT NULL,
  PRIMARY KEY (tenant_id, principal_id)
) STRICT;

CREATE TABLE grants (
  tenant_id    TEXT NOT NULL,
  grant_id     TEXT NOT NULL UNIQUE,
  principal_id TEXT NOT NULL REFERENCES principals (principal_id),
  body         TEXT NOT NULL,
  PRIMARY KEY (tenant_id, grant_id)
) STRICT;
CREATE INDEX grants_of_principal ON grants (principal_id);

CREATE TABLE credentials (
  tenant_id     TEXT NOT NULL,
  credential_id TEXT NOT NULL UNIQUE,
  principal_id  TEXT NOT NULL REFERENCES principals (principal_id),
  kind          TEXT NOT NULL CHECK (kind IN ('token', 'session', 'link')),
  scope         TEXT NOT NULL CHECK (scope IN ('read', 'write')),
  hash          BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER,
  revoked_at    INTEGER,
  used_at       INTEGER,
  PRIMARY KEY (tenant_id, credential_id)
) STRICT;

CREATE TABLE policies (
  tenant_id   TEXT NOT NULL,
  hash        TEXT NOT NULL,
  id          TEXT NOT NULL,
  version     TEXT NOT NULL,
  bundle      TEXT NOT NULL,
  released_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, hash)
) STRICT;

CREATE TABLE policy_in_force (
  tenant_id TEXT NOT NULL PRIMARY KEY,
  hash      TEXT NOT NULL,
  since     INTEGER NOT NULL,
  FOREIGN KEY (tenant_id, hash) REFERENCES policies (tenant_id, hash)
) STRICT;

CREATE TABLE cases (
  tenant_id           TEXT NOT NULL,
  case_id             TEXT NOT NULL,
  revision            INTEGER NOT NULL,
  state               TEXT NOT NULL,
  queue               TEXT NOT NULL,
  priority            INTEGER NOT NULL,
  risk_level          TEXT NOT NULL,
  language            TEXT,
  domain              TEXT,
  due_at              INTEGER NOT NULL,
  created_at          INTEGER NOT NULL,
  leased_by           TEXT,
  lease_until         INTEGER,
  effective_at        INTEGER,
  epoch               INTEGER NOT NULL,
  requested_by        TEXT NOT NULL,
  requested_by_person TEXT,
  body                TEXT NOT NULL,
  PRIMARY KEY (tenant_id, case_id),
  CHECK ((state = 'leased') = (leased_by IS NOT NULL)),
  CHECK ((state = 'leased') = (lease_until IS NOT NULL))
) STRICT;
-- A reviewer works for several tenants: these orders run across them.
CREATE INDEX cases_by_id ON cases (case_id);
CREATE INDEX cases_in_queue ON cases (queue, state, priority DESC, due_at, created_at, case_id);
CREATE INDEX cases_by_due ON cases (state, due_at, case_id);
CREATE INDEX cases_by_requester ON cases (requested_by, due_at);
CREATE INDEX cases_with_lease ON cases (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX cases_held ON cases (effective_at) WHERE state = 'held';

CREATE TABLE audit_pending (
  tenant_id      TEXT NOT NULL,
  entity_kind    TEXT NOT NULL,
  entity_id      TEXT NOT NULL,
  entity_version INTEGER NOT NULL CHECK (entity_version >= 1),
  entry_id       TEXT NOT NULL UNIQUE,
  at             INTEGER NOT NULL,
  entry          TEXT NOT NULL,
  salt           BLOB NOT NULL CHECK (length(salt) = 32),
  commitment     TEXT NOT NULL,
  leaf_hash      BLOB NOT NULL CHECK (length(leaf_hash) = 32),
  PRIMARY KEY (tenant_id, entity_kind, entity_id, entity_version)
) STRICT;

CREATE TABLE decision_streams (
  tenant_id     TEXT NOT NULL,
  edge          TEXT NOT NULL,
  boot          TEXT NOT NULL,
  stream_id     TEXT NOT NULL UNIQUE,
  next_sequence INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, edge, boot)
) STRICT;

CREATE TABLE decision_records (
  tenant_id   TEXT NOT NULL,
  stream_id   TEXT NOT NULL REFERENCES decision_streams (stream_id),
  sequence    INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  record      TEXT NOT NULL,
  PRIMARY KEY (tenant_id, stream_id, sequence)
) STRICT;

CREATE TABLE idempotency (
  tenant_id    TEXT NOT NULL,
  principal_id TEXT NOT NULL,
  operation    TEXT NOT NULL,
  key          TEXT NOT NULL,
  body_digest  TEXT NOT NULL,
  status       INTEGER NOT NULL,
  response     TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, principal_id, operation, key)
) STRICT;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
