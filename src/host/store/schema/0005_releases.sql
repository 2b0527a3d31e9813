-- Version 5: releases of policies that a second person confirms, and the sequence of what is in force.

ALTER TABLE policy_in_force ADD COLUMN sequence INTEGER NOT NULL DEFAULT 1;

CREATE TABLE policy_releases (
  tenant_id   TEXT NOT NULL,
  release_id  TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('pending', 'released')),
  proposed_at INTEGER NOT NULL,
  body        TEXT NOT NULL,
  bundle      TEXT NOT NULL,
  PRIMARY KEY (tenant_id, release_id)
) STRICT;
