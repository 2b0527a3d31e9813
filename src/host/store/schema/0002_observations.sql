-- Version 2: what is observed of answers after they were given, and an order of decision records
-- by the time of the decision.

CREATE TABLE observations (
  tenant_id      TEXT NOT NULL,
  observation_id TEXT NOT NULL UNIQUE,
  request_id     TEXT NOT NULL,
  received_at    INTEGER NOT NULL,
  body           TEXT NOT NULL,
  PRIMARY KEY (tenant_id, observation_id)
) STRICT;
CREATE INDEX observations_of_request ON observations (tenant_id, request_id);
CREATE INDEX observations_by_time ON observations (tenant_id, received_at);

-- Seconds are near enough for an index: what it finds is looked at to the millisecond. A form of
-- time that SQLite does not read is placed where it was received.
CREATE INDEX decision_records_by_time ON decision_records
  (tenant_id, coalesce(unixepoch(record ->> '$.evaluated_at'), received_at / 1000));
