-- Version 9: policies of single tenants over a base, with the texts that they were compiled from; releases that
-- are withdrawn or expire; and how far open cases and actions were judged again after a release.

ALTER TABLE policy_in_force ADD COLUMN source TEXT;
CREATE INDEX policies_by_hash ON policies (hash);

CREATE TABLE policy_releases_next (
  tenant_id   TEXT NOT NULL,
  release_id  TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('pending', 'released', 'withdrawn', 'expired')),
  for_tenant  TEXT NOT NULL,
  proposed_at INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  body        TEXT NOT NULL,
  bundle      TEXT NOT NULL,
  source      TEXT,
  PRIMARY KEY (tenant_id, release_id)
) STRICT;
INSERT INTO policy_releases_next
  SELECT tenant_id, release_id, state, '*', proposed_at, proposed_at + 1209600000, body, bundle, NULL
  FROM policy_releases;
DROP TABLE policy_releases;
ALTER TABLE policy_releases_next RENAME TO policy_releases;
CREATE INDEX policy_releases_pending ON policy_releases (expires_at) WHERE state = 'pending';

-- What becomes of tenants' own policies with a base that waits to be confirmed.
CREATE TABLE policy_release_overlays (
  tenant_id  TEXT NOT NULL,
  release_id TEXT NOT NULL,
  for_tenant TEXT NOT NULL,
  bundle     TEXT NOT NULL,
  source     TEXT,
  PRIMARY KEY (tenant_id, release_id, for_tenant)
) STRICT;

-- One row for each policy in force, under its tenant; `*` for all tenants without one of their own.
CREATE TABLE rejudgings (
  tenant_id    TEXT PRIMARY KEY,
  sequence     INTEGER NOT NULL,
  kind         TEXT NOT NULL CHECK (kind IN ('case', 'proposal', 'done')),
  after_tenant TEXT NOT NULL,
  after_id     TEXT NOT NULL
) STRICT;
CREATE INDEX rejudgings_due ON rejudgings (tenant_id) WHERE kind <> 'done';
CREATE INDEX cases_open ON cases (tenant_id, case_id)
  WHERE state IN ('ready', 'leased', 'waiting', 'deferred');
