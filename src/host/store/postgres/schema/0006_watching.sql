-- Version 6: until when a random audit is to be judged, and a watch over limited answers. The time is
-- set while the case is open and was not counted as overdue; audits that are open already get what a
-- policy gives that says nothing, fourteen days from their pick.

ALTER TABLE random_audits ADD COLUMN judge_by BIGINT;
UPDATE random_audits SET judge_by = wanted_at + 1209600000 WHERE state = 'open';
CREATE INDEX random_audits_to_judge ON random_audits (judge_by) WHERE judge_by IS NOT NULL;

-- One kind of monitor more: of everything that a machine sent.
ALTER TABLE monitors DROP CONSTRAINT monitors_kind_check;
ALTER TABLE monitors ADD CONSTRAINT monitors_kind_check
  CHECK (kind IN ('wrong_answers', 'wrong_sent', 'escalation_rate'));
