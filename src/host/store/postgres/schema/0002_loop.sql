-- Version 2: random audits of what no person decided, and what watches over decisions. One audit for
-- each request at most; what could not be delivered stays, as lost.

CREATE TABLE random_audits (
  tenant_id   TEXT COLLATE "C" NOT NULL,
  audit_id    TEXT COLLATE "C" NOT NULL UNIQUE,
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('wanted', 'open', 'judged', 'lost')),
  stream_id   TEXT COLLATE "C" NOT NULL REFERENCES decision_streams (stream_id),
  sequence    BIGINT NOT NULL,
  -- The request's id, or the decision's digest where it has none.
  picked_by   TEXT COLLATE "C" NOT NULL,
  disposition TEXT COLLATE "C" NOT NULL,
  risk_level  TEXT COLLATE "C" NOT NULL,
  policy_hash TEXT COLLATE "C" NOT NULL,
  case_id     TEXT COLLATE "C",
  wanted_at   BIGINT NOT NULL,
  body        TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, audit_id),
  UNIQUE (tenant_id, picked_by)
);
CREATE INDEX random_audits_wanted ON random_audits (wanted_at) WHERE state = 'wanted';
CREATE INDEX random_audits_of_stream ON random_audits (tenant_id, stream_id, sequence)
  WHERE state = 'wanted';
CREATE INDEX random_audits_of_case ON random_audits (tenant_id, case_id) WHERE case_id IS NOT NULL;

-- Each row is one bet against "nothing has got worse": how it stands after every item so far.
CREATE TABLE monitors (
  tenant_id   TEXT COLLATE "C" NOT NULL,
  monitor_id  TEXT COLLATE "C" NOT NULL UNIQUE,
  policy_hash TEXT COLLATE "C" NOT NULL,
  risk_level  TEXT COLLATE "C" NOT NULL,
  kind        TEXT COLLATE "C" NOT NULL CHECK (kind IN ('wrong_answers', 'escalation_rate')),
  items       BIGINT NOT NULL,
  raised_at   BIGINT,
  updated_at  BIGINT NOT NULL,
  body        TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, monitor_id),
  UNIQUE (tenant_id, policy_hash, risk_level, kind)
);

-- An alarm is an event too.
ALTER TABLE events DROP CONSTRAINT events_kind_check;
ALTER TABLE events ADD CONSTRAINT events_kind_check
  CHECK (kind IN ('case', 'proposal', 'execution', 'monitor'));
