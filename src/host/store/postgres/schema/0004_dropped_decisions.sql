-- Version 4: counts of decisions whose records an edge had no room for: each stands for the sequence
-- numbers from `first_sequence` to `last_sequence` of its stream.

CREATE TABLE dropped_decisions (
  tenant_id      TEXT COLLATE "C" NOT NULL,
  stream_id      TEXT COLLATE "C" NOT NULL REFERENCES decision_streams (stream_id),
  first_sequence BIGINT NOT NULL,
  last_sequence  BIGINT NOT NULL CHECK (last_sequence >= first_sequence),
  received_at    BIGINT NOT NULL,
  groups         TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, stream_id, first_sequence)
);
CREATE INDEX dropped_decisions_by_time ON dropped_decisions (tenant_id, received_at);
