-- Version 10: until when a random audit is to be judged, and a watch over limited answers. The time is
-- set while the case is open and was not counted as overdue; audits that are open already get what a
-- policy gives that says nothing, fourteen days from their pick.

ALTER TABLE random_audits ADD COLUMN judge_by INTEGER;
UPDATE random_audits SET judge_by = wanted_at + 1209600000 WHERE state = 'open';
CREATE INDEX random_audits_to_judge ON random_audits (judge_by) WHERE judge_by IS NOT NULL;

-- One kind of monitor more: of everything that a machine sent.
CREATE TABLE monitors_of_three_kinds (
  tenant_id   TEXT NOT NULL,
  monitor_id  TEXT NOT NULL UNIQUE,
  policy_hash TEXT NOT NULL,
  risk_level  TEXT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('wrong_answers', 'wrong_sent', 'escalation_rate')),
  items       INTEGER NOT NULL,
  raised_at   INTEGER,
  updated_at  INTEGER NOT NULL,
  body        TEXT NOT NULL,
  PRIMARY KEY (tenant_id, monitor_id),
  UNIQUE (tenant_id, policy_hash, risk_level, kind)
) STRICT;
INSERT INTO monitors_of_three_kinds (tenant_id, monitor_id, policy_hash, risk_level, kind, items, raised_at,
  updated_at, body)
  SELECT tenant_id, monitor_id, policy_hash, risk_level, kind, items, raised_at, updated_at, body FROM monitors;
DROP TABLE monitors;
ALTER TABLE monitors_of_three_kinds RENAME TO monitors;
