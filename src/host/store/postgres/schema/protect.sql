-- Runs after the migrations, and does nothing where it was done: every table with a tenant is closed
-- by row-level security, for its owner too, and the host's role gets what it needs and no more.
--
-- Each transaction says whose rows it may touch: `countersign.tenants` holds ids, apart by spaces, or
-- `*` for the host's own work. Unset, as in a session that forgot to say, it is nobody's.

DO $$
DECLARE
  named TEXT;
  scope CONSTANT TEXT := '(SELECT current_setting(''countersign.tenants'', true))';
  within TEXT;
BEGIN
  within := format('%1$s = ''*'' OR tenant_id = ANY (string_to_array(%1$s, '' ''))', scope);
  FOR named IN
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p')
      AND a.attname = 'tenant_id' AND NOT a.attisdropped
      AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', named);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', named);
    IF named IN ('principals', 'grants', 'credentials', 'policies', 'policy_in_force',
      'policy_releases', 'case_needs', 'queue_turns') THEN
      -- People of one tenant work for another, policies hold for many, and turns and numbers of needs
      -- run across all: whoever says whose rows they touch may look these up (and hold them while they
      -- rely on them), not change them.
      EXECUTE format('CREATE POLICY tenants ON %I USING (%s <> '''') WITH CHECK (%s)',
        named, scope, within);
    ELSE
      EXECUTE format('CREATE POLICY tenants ON %I USING (%s)', named, within);
    END IF;
  END LOOP;
END $$;

GRANT USAGE ON SCHEMA countersign TO countersign_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA countersign TO countersign_app;
-- What was said stays said.
REVOKE UPDATE, DELETE ON audit_pending, events, decision_records, observations, policies
  FROM countersign_app;
REVOKE DELETE ON principals, grants, credentials, policy_in_force, policy_releases, cases, proposals,
  executions, decision_streams, event_sequences FROM countersign_app;
REVOKE INSERT, UPDATE, DELETE ON migrations FROM countersign_app;
