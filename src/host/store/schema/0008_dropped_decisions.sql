-- Version 8: counts of decisions whose records an edge had no room for: each stands for the sequence numbers from
-- `first_sequence` to `last_sequence` of its stream.

CREATE TABLE dropped_decisions (
  tenant_id      TEXT NOT NULL,
  stream_id      TEXT NOT NULL REFERENCES decision_streams (stream_id),
  first_sequence INTEGER NOT NULL,
  last_sequence  INTEGER NOT NULL CHECK (last_sequence >= first_sequence),
  received_at    INTEGER NOT NULL,
  groups         TEXT NOT NULL,
  PRIMARY KEY (tenant_id, stream_id, first_sequence)
) STRICT;
CREATE INDEX dropped_decisions_by_time ON dropped_decisions (tenant_id, received_at);
