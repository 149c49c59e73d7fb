-- What the log of changes tells of (server/src/changes): every collection with its to-many relations, and of our own tables those on
-- which it depends what somebody may see. Hashes of passwords, tokens and keys are no part of it.

-- Brings the publication up to date; called with every change of a collection, in its transaction, and at each start.
CREATE FUNCTION underpin.publish_changes() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  own record;
  missing regclass;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'underpin') THEN
    -- Who may not make one works without the log of changes.
    BEGIN
      CREATE PUBLICATION underpin;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'publication: %', SQLERRM;
      RETURN;
    END;
  END IF;
  -- From 18 on Postgres tells stored computed columns where it is asked to, and refuses to update tables that have some and do not tell.
  IF current_setting('server_version_num')::integer >= 180000 THEN
    IF (SELECT to_jsonb(p) ->> 'pubgencols' <> 's' FROM pg_publication p WHERE pubname = 'underpin') THEN
      ALTER PUBLICATION underpin SET (publish_generated_columns = stored);
    END IF;
  END IF;
  FOR own IN
    SELECT name, columns FROM (VALUES
      ('schema_version', 'singleton, version'),
      ('admins', 'id, role, disabled, version'),
      ('sessions', 'id, collection, account, ended'),
      ('api_keys', 'id, kind, collection, account, scopes, addresses, expires, rate, forward, disabled, version')
    ) AS tables (name, columns)
    WHERE NOT EXISTS (SELECT FROM pg_publication_tables t WHERE t.pubname = 'underpin' AND t.schemaname = 'underpin' AND t.tablename = tables.name)
  LOOP
    EXECUTE format('ALTER PUBLICATION underpin ADD TABLE underpin.%I (%s)', own.name, own.columns);
  END LOOP;
  FOR missing IN
    SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r'
      AND ((n.nspname = 'public' AND c.relname IN (SELECT name FROM underpin.collections)) OR (n.nspname = 'underpin' AND c.relname LIKE 'many\_%'))
      AND NOT EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = 'underpin' AND r.prrelid = c.oid)
  LOOP
    -- All of the row before, whatever its size. Wide rows could do with their key; this is where that would be decided.
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', missing);
    EXECUTE format('ALTER PUBLICATION underpin ADD TABLE %s', missing);
  END LOOP;
END $$;
SELECT underpin.publish_changes();

-- As before, and the log says so at its place, where tables that are new are told of from the first row on.
CREATE OR REPLACE FUNCTION underpin.schema_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE next bigint;
BEGIN
  UPDATE underpin.schema_version SET version = version + 1 RETURNING version INTO next;
  PERFORM underpin.publish_changes();
  PERFORM pg_logical_emit_message(true, 'underpin.schema', next::text);
  PERFORM pg_notify('underpin', 'schema:' || next);
  RETURN NULL;
END $$;
