-- Version 5: policies of single tenants over a base, with the texts that they were compiled from;
-- releases that are withdrawn or expire; and how far open cases and actions were judged again.

ALTER TABLE policy_in_force ADD COLUMN source TEXT COLLATE "C";
CREATE INDEX policies_by_hash ON policies (hash);

ALTER TABLE policy_releases DROP CONSTRAINT policy_releases_state_check;
ALTER TABLE policy_releases ADD CONSTRAINT policy_releases_state_check
  CHECK (state IN ('pending', 'released', 'withdrawn', 'expired'));
ALTER TABLE policy_releases ADD COLUMN for_tenant TEXT COLLATE "C" NOT NULL DEFAULT '*';
ALTER TABLE policy_releases ADD COLUMN expires_at BIGINT NOT NULL DEFAULT 0;
UPDATE policy_releases SET expires_at = proposed_at + 1209600000;
ALTER TABLE policy_releases ADD COLUMN source TEXT COLLATE "C";
CREATE INDEX policy_releases_pending ON policy_releases (expires_at) WHERE state = 'pending';

-- What becomes of tenants' own policies with a base that waits to be confirmed.
CREATE TABLE policy_release_overlays (
  tenant_id  TEXT COLLATE "C" NOT NULL,
  release_id TEXT COLLATE "C" NOT NULL,
  for_tenant TEXT COLLATE "C" NOT NULL,
  bundle     TEXT COLLATE "C" NOT NULL,
  source     TEXT COLLATE "C",
  PRIMARY KEY (tenant_id, release_id, for_tenant)
);

-- One row for each policy in force, under its tenant; `*` for all tenants without one of their own.
CREATE TABLE rejudgings (
  tenant_id    TEXT COLLATE "C" PRIMARY KEY,
  sequence     BIGINT NOT NULL,
  kind         TEXT COLLATE "C" NOT NULL CHECK (kind IN ('case', 'proposal', 'done')),
  after_tenant TEXT COLLATE "C" NOT NULL,
  after_id     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX rejudgings_due ON rejudgings (tenant_id) WHERE kind <> 'done';
CREATE INDEX cases_open ON cases (tenant_id, case_id)
  WHERE state IN ('ready', 'leased', 'waiting', 'deferred');
