-- What durable followers want of the changes of records, and the history of records, which is the first of them
-- (server/src/changes/keeper.ts, server/src/records/history).

-- Changes that no follower has taken yet. A row is its columns' texts by their names.
CREATE TABLE underpin.effects (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- '' where a trigger wrote it.
  epoch text COLLATE "C" NOT NULL,
  position text COLLATE "C" NOT NULL,
  n bigint NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('insert', 'update', 'delete', 'truncate')),
  collection uuid NOT NULL,
  record uuid,
  before jsonb,
  after jsonb,
  meta jsonb,
  at timestamptz(3) NOT NULL,
  UNIQUE (epoch, position, n)
);
CREATE INDEX effects_truncate ON underpin.effects (id) WHERE kind = 'truncate';
CREATE SEQUENCE underpin.effects_n;

-- Parts of transactions of which nobody knows yet whether they will be committed. After a crash they are sent again.
CREATE UNLOGGED TABLE underpin.effects_pieces (
  session uuid NOT NULL,
  top bigint NOT NULL,
  xid bigint NOT NULL,
  n bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  collection uuid NOT NULL,
  record uuid,
  before jsonb,
  after jsonb,
  PRIMARY KEY (session, top, n)
);

-- How far the log has been copied, and by which connection; when something of it was lost.
CREATE TABLE underpin.effects_place (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  session uuid,
  epoch text COLLATE "C" NOT NULL DEFAULT '',
  position text COLLATE "C" NOT NULL DEFAULT '',
  lost timestamptz(3)
);
INSERT INTO underpin.effects_place DEFAULT VALUES;

-- The collections concerned. `since` is null while triggers write; else the log does, what was committed after it.
CREATE TABLE underpin.followed (
  collection uuid PRIMARY KEY REFERENCES underpin.collections ON DELETE CASCADE,
  since text COLLATE "C"
);

-- What a field was called up to a place: null where there was none yet.
CREATE TABLE underpin.renames (
  collection uuid NOT NULL REFERENCES underpin.collections ON DELETE CASCADE,
  field text COLLATE "C" NOT NULL,
  was text COLLATE "C",
  position text COLLATE "C" NOT NULL
);
CREATE INDEX renames_collection ON underpin.renames (collection, position);

-- The history: `body` by the ids of fields (ours by their names), so that no rename touches it; `was`: what an update changed, as it was.
CREATE TABLE underpin.versions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  collection uuid NOT NULL REFERENCES underpin.collections ON DELETE CASCADE,
  record uuid NOT NULL,
  version bigint,
  action text COLLATE "C" NOT NULL CHECK (action IN ('created', 'updated', 'deleted')),
  at timestamptz(3) NOT NULL,
  actor text COLLATE "C",
  request text COLLATE "C",
  body jsonb NOT NULL,
  was jsonb
);
CREATE INDEX versions_record ON underpin.versions (collection, record, id);
CREATE INDEX versions_at ON underpin.versions (collection, at);

CREATE FUNCTION underpin.place_of(at pg_lsn) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT lower(lpad(split_part(at::text, '/', 1), 8, '0') || lpad(split_part(at::text, '/', 2), 8, '0'))
$$;

CREATE FUNCTION underpin.keeps_history(definition jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(definition -> 'history', 'false') NOT IN ('false', 'null')
$$;

-- Says in the log and to the triggers who is writing: called once for each record that a statement of ours writes.
CREATE FUNCTION underpin.note(meta text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.set_config('underpin.meta', meta, true);
  PERFORM pg_catalog.pg_logical_emit_message(true, 'underpin.meta', meta);
END $$;

-- The trigger form: the same rows in the write's own transaction, with the rights of the owner, whoever writes.
CREATE FUNCTION underpin.effect() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET extra_float_digits = '1' AS $$
DECLARE
  query text;
  before jsonb;
  after jsonb;
BEGIN
  IF TG_OP <> 'TRUNCATE' THEN
    SELECT format('SELECT jsonb_object(ARRAY[%s]::text[], ARRAY[%s]::text[])', string_agg(quote_literal(attname), ','), string_agg(format('($1).%I::text', attname), ','))
      INTO query FROM pg_attribute WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped;
  END IF;
  IF TG_OP IN ('UPDATE', 'DELETE') THEN EXECUTE query INTO before USING OLD; END IF;
  IF TG_OP IN ('INSERT', 'UPDATE') THEN EXECUTE query INTO after USING NEW; END IF;
  INSERT INTO underpin.effects (epoch, position, n, kind, collection, record, before, after, meta, at)
    VALUES ('', underpin.place_of(pg_current_wal_insert_lsn()), nextval('underpin.effects_n'), lower(TG_OP), TG_ARGV[0]::uuid,
      (coalesce(after, before) ->> 'id')::uuid, before, after, nullif(current_setting('underpin.meta', true), '')::jsonb, clock_timestamp());
  RETURN NULL;
END $$;

-- Follows the definitions; called with every change of a collection, in its transaction. What is new begins with triggers.
CREATE FUNCTION underpin.arrange_effects() RETURNS void LANGUAGE plpgsql AS $$
DECLARE one record;
BEGIN
  FOR one IN SELECT c.id, c.name FROM underpin.collections c JOIN underpin.followed f ON f.collection = c.id WHERE NOT underpin.keeps_history(c.definition) LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS underpin_effects ON public.%I', one.name);
    EXECUTE format('DROP TRIGGER IF EXISTS underpin_effects_truncate ON public.%I', one.name);
    DELETE FROM underpin.followed WHERE collection = one.id;
    DELETE FROM underpin.renames WHERE collection = one.id;
  END LOOP;
  FOR one IN SELECT c.id, c.name FROM underpin.collections c WHERE underpin.keeps_history(c.definition) AND NOT EXISTS (SELECT FROM underpin.followed f WHERE f.collection = c.id) LOOP
    EXECUTE format('CREATE TRIGGER underpin_effects AFTER INSERT OR UPDATE OR DELETE ON public.%I FOR EACH ROW EXECUTE FUNCTION underpin.effect(%L)', one.name, one.id);
    EXECUTE format('CREATE TRIGGER underpin_effects_truncate AFTER TRUNCATE ON public.%I FOR EACH STATEMENT EXECUTE FUNCTION underpin.effect(%L)', one.name, one.id);
    EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER underpin_effects, ENABLE ALWAYS TRIGGER underpin_effects_truncate', one.name);
    INSERT INTO underpin.followed (collection) VALUES (one.id);
  END LOOP;
END $$;

-- One connection takes the log over from another: it alone may write from now on. True where changes were lost in between.
CREATE FUNCTION underpin.open_effects(reader uuid, of text, start text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  place underpin.effects_place;
  missed boolean := false;
BEGIN
  SELECT * INTO place FROM underpin.effects_place FOR UPDATE;
  IF place.epoch <> of THEN
    missed := EXISTS (SELECT FROM underpin.followed WHERE since IS NOT NULL);
    UPDATE underpin.followed SET since = start WHERE since IS NOT NULL;
    UPDATE underpin.effects_place SET epoch = of, position = start, lost = CASE WHEN missed THEN clock_timestamp() ELSE lost END;
  END IF;
  UPDATE underpin.effects_place SET session = reader;
  DELETE FROM underpin.effects_pieces;
  RETURN missed;
END $$;

-- From triggers to the log. Who writes into the table is waited for and the next ones wait, so that each change is on one side of `since`.
CREATE FUNCTION underpin.effects_by_log(reader uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE one record;
BEGIN
  PERFORM FROM underpin.effects_place WHERE session = reader FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'another connection reads the log'; END IF;
  FOR one IN
    SELECT c.id, c.name FROM underpin.followed f JOIN underpin.collections c ON c.id = f.collection
    JOIN pg_class t ON t.oid = to_regclass(format('public.%I', c.name)) AND t.relreplident = 'f'
    JOIN pg_publication_rel r ON r.prrelid = t.oid JOIN pg_publication p ON p.oid = r.prpubid AND p.pubname = 'underpin'
    WHERE f.since IS NULL ORDER BY c.name
  LOOP
    EXECUTE format('ALTER TABLE public.%I DISABLE TRIGGER underpin_effects, DISABLE TRIGGER underpin_effects_truncate', one.name);
    UPDATE underpin.followed SET since = underpin.place_of(pg_current_wal_insert_lsn()) WHERE collection = one.id;
  END LOOP;
END $$;

-- From the log to triggers, where the log cannot be had, or ends with its reader. True where something may have been lost.
CREATE FUNCTION underpin.effects_by_trigger() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  one record;
  missed boolean := false;
BEGIN
  PERFORM FROM underpin.effects_place FOR UPDATE;
  FOR one IN SELECT c.id, c.name FROM underpin.followed f JOIN underpin.collections c ON c.id = f.collection WHERE f.since IS NOT NULL ORDER BY c.name LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER underpin_effects, ENABLE ALWAYS TRIGGER underpin_effects_truncate', one.name);
    UPDATE underpin.followed SET since = NULL WHERE collection = one.id;
    missed := true;
  END LOOP;
  IF missed THEN UPDATE underpin.effects_place SET session = NULL, lost = clock_timestamp(); END IF;
  RETURN missed;
END $$;

-- Makes versions of at most so many effects and deletes these; gives back the first that is left. One at a time, so that versions are in order.
CREATE FUNCTION underpin.take_versions(most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
  cut bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM underpin.effects) THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock(x'756e6476'::integer);
  SELECT array_agg(e.id), min(e.id) FILTER (WHERE e.kind = 'truncate') INTO ids, cut
    FROM (SELECT id, kind FROM underpin.effects ORDER BY id LIMIT most) e;
  IF cut = ids[1] THEN
    -- Every record of the table that was there for all we know is gone.
    WITH gone AS (DELETE FROM underpin.effects WHERE id = cut RETURNING *)
    INSERT INTO underpin.versions (collection, record, version, action, at, actor, request, body)
      SELECT v.collection, v.record, v.version, 'deleted', g.at, g.meta ->> 'actor', g.meta ->> 'request', v.body
      FROM gone g JOIN underpin.collections c ON c.id = g.collection
      CROSS JOIN LATERAL (SELECT DISTINCT ON (record) * FROM underpin.versions WHERE collection = g.collection ORDER BY record, id DESC) v
      WHERE v.action <> 'deleted' AND underpin.keeps_history(c.definition);
    RETURN (SELECT min(id) FROM underpin.effects);
  END IF;
  WITH
  taken AS MATERIALIZED (DELETE FROM underpin.effects WHERE id = ANY (ids) AND id < coalesce(cut, id + 1) RETURNING *),
  placed AS MATERIALIZED (
    SELECT t.*, c.definition, coalesce((SELECT min(r.position) FROM underpin.renames r WHERE r.collection = t.collection AND r.position >= t.position), '~') AS renamed
    FROM taken t JOIN underpin.collections c ON c.id = t.collection WHERE underpin.keeps_history(c.definition)
  ),
  -- What each column is called in the history: the id of its field, by the names of that time.
  names AS MATERIALIZED (
    SELECT p.collection, p.renamed,
      '{"id":"id","created":"created","updated":"updated","version":"version","email":"email","verified":"verified","roles":"roles","disabled":"disabled"}'::jsonb
      || coalesce(jsonb_object_agg(f.name, f.id) FILTER (WHERE f.name IS NOT NULL), '{}') AS ids
    FROM (SELECT DISTINCT collection, renamed, definition FROM placed) p
    LEFT JOIN LATERAL (
      SELECT n ->> 'id' AS id, CASE WHEN r.position IS NULL THEN n ->> 'name' ELSE r.was END AS name
      FROM jsonb_array_elements(p.definition -> 'fields') n
      LEFT JOIN LATERAL (SELECT was, position FROM underpin.renames WHERE collection = p.collection AND field = n ->> 'id' AND position >= p.renamed ORDER BY position LIMIT 1) r ON true
    ) f ON true
    GROUP BY p.collection, p.renamed
  ),
  -- What is to leave nothing behind: a deletion that says so, and the end of an account.
  erased AS MATERIALIZED (
    SELECT collection, record, max(id) AS last FROM placed
    WHERE kind = 'delete' AND (meta ->> 'erase' = record::text OR definition ->> 'kind' = 'auth') GROUP BY collection, record
  ),
  gone AS (DELETE FROM underpin.versions v USING erased e WHERE v.collection = e.collection AND v.record = e.record)
  INSERT INTO underpin.versions (collection, record, version, action, at, actor, request, body, was)
    SELECT p.collection, p.record, (coalesce(p.after, p.before) ->> 'version')::bigint,
      CASE p.kind WHEN 'insert' THEN 'created' WHEN 'update' THEN 'updated' ELSE 'deleted' END,
      p.at, p.meta ->> 'actor', p.meta ->> 'request', whole.of, changed.of
    FROM placed p JOIN names n ON n.collection = p.collection AND n.renamed = p.renamed
    CROSS JOIN LATERAL (SELECT jsonb_object_agg(n.ids ->> e.key, e.value) AS of FROM jsonb_each(coalesce(p.after, p.before)) e WHERE n.ids ? e.key) whole
    CROSS JOIN LATERAL (
      SELECT jsonb_object_agg(n.ids ->> e.key, e.value) AS of FROM jsonb_each(p.before) e
      WHERE p.kind = 'update' AND n.ids ? e.key AND p.after -> e.key IS DISTINCT FROM e.value
    ) changed
    WHERE p.record IS NOT NULL AND NOT EXISTS (SELECT FROM erased e WHERE e.collection = p.collection AND e.record = p.record AND p.id <= e.last)
    ORDER BY p.id;
  RETURN (SELECT min(id) FROM underpin.effects);
END $$;

CREATE FUNCTION underpin.fields_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO underpin.renames (collection, field, was, position)
    SELECT NEW.id, n ->> 'id', o ->> 'name', underpin.place_of(pg_current_wal_insert_lsn())
    FROM jsonb_array_elements(NEW.definition -> 'fields') n LEFT JOIN jsonb_array_elements(OLD.definition -> 'fields') o ON o ->> 'id' = n ->> 'id'
    WHERE o ->> 'name' IS DISTINCT FROM n ->> 'name';
  RETURN NULL;
END $$;
CREATE TRIGGER fields_renamed AFTER UPDATE ON underpin.collections FOR EACH ROW
  WHEN (underpin.keeps_history(OLD.definition)) EXECUTE FUNCTION underpin.fields_renamed();

-- As before, with what is followed.
CREATE OR REPLACE FUNCTION underpin.schema_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE next bigint;
BEGIN
  UPDATE underpin.schema_version SET version = version + 1 RETURNING version INTO next;
  PERFORM underpin.publish_changes();
  PERFORM underpin.arrange_effects();
  PERFORM pg_logical_emit_message(true, 'underpin.schema', next::text);
  PERFORM pg_notify('underpin', 'schema:' || next);
  RETURN NULL;
END $$;
