-- What is known of the bytes that the store holds, which records and versions name them, and what is on its way.

-- `size`: all bytes, or while they come in what is set aside for them. `value`: what a record's field holds, once all is there.
CREATE TABLE underpin.files (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  size bigint NOT NULL CHECK (size >= 0),
  type text COLLATE "C",
  sha256 text COLLATE "C",
  width integer,
  height integer,
  value jsonb,
  -- What it was uploaded for, and by whom.
  collection uuid NOT NULL,
  field uuid NOT NULL,
  owner text COLLATE "C" NOT NULL,
  account uuid,
  created timestamptz(3) NOT NULL,
  -- All bytes are there since, a record named it first, the last that ended did so, its bytes are being taken away since.
  whole timestamptz(3),
  attached timestamptz(3),
  released timestamptz(3),
  ended timestamptz(3)
);
CREATE INDEX files_field ON underpin.files (field, owner) INCLUDE (size);
CREATE INDEX files_owner ON underpin.files (owner) WHERE attached IS NULL;
CREATE INDEX files_created ON underpin.files (created, id);

-- Of those whose bytes are coming in: how far they are, and who takes them.
CREATE TABLE underpin.uploads (
  file uuid PRIMARY KEY REFERENCES underpin.files ON DELETE CASCADE,
  -- Absent where the uploader does not know yet.
  length bigint,
  "offset" bigint NOT NULL DEFAULT 0,
  progress jsonb NOT NULL,
  hashing bytea,
  head bytea,
  metadata jsonb NOT NULL DEFAULT '{}',
  expires timestamptz(3) NOT NULL,
  writer uuid,
  until timestamptz(3)
);

CREATE TABLE underpin.thumbs (
  file uuid NOT NULL REFERENCES underpin.files,
  size text COLLATE "C" NOT NULL,
  bytes bigint,
  PRIMARY KEY (file, size)
);

-- Which file a field of a record names, or of a kept version (`version`: its id in underpin.versions; 0: the record itself).
CREATE TABLE underpin.file_uses (
  file uuid NOT NULL REFERENCES underpin.files,
  collection uuid NOT NULL,
  field uuid NOT NULL,
  record uuid NOT NULL,
  version bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (file, field, record, version)
);
CREATE INDEX file_uses_record ON underpin.file_uses (field, record);
CREATE INDEX file_uses_version ON underpin.file_uses (version) WHERE version <> 0;

-- The fields of files, by what their columns are called now.
CREATE TABLE underpin.file_fields (
  field uuid PRIMARY KEY,
  collection uuid NOT NULL,
  name text COLLATE "C" NOT NULL
);
CREATE INDEX file_fields_collection ON underpin.file_fields (collection);

CREATE VIEW underpin.files_seen AS
  SELECT f.id, f.name, f.type, f.size, f.sha256, f.width, f.height, f.owner, f.account, f.created,
    c.name AS collection_name, (SELECT d ->> 'name' FROM jsonb_array_elements(c.definition -> 'fields') d WHERE d ->> 'id' = f.field::text) AS field_name,
    u.count AS uses, p.expires,
    CASE WHEN f.whole IS NULL THEN 'begun' WHEN f.attached IS NULL THEN 'pending' WHEN u.count = 0 THEN 'orphaned' ELSE 'attached' END COLLATE "C" AS state
  FROM underpin.files f LEFT JOIN underpin.collections c ON c.id = f.collection LEFT JOIN underpin.uploads p ON p.file = f.id
  CROSS JOIN LATERAL (SELECT count(*) FROM underpin.file_uses x WHERE x.file = f.id) u
  WHERE f.ended IS NULL;

-- The ids that a value of such a field names.
CREATE FUNCTION underpin.file_ids(held jsonb) RETURNS uuid[] LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE jsonb_typeof(held)
    WHEN 'object' THEN ARRAY[(held ->> 'id')::uuid]
    WHEN 'array' THEN ARRAY(SELECT (one ->> 'id')::uuid FROM jsonb_array_elements(held) one)
    ELSE '{}'::uuid[] END
$$;

-- The value as it is stored: what is named is told with what is known of it. What is not there keeps its id alone.
CREATE FUNCTION underpin.described(held jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE jsonb_typeof(held)
    WHEN 'object' THEN coalesce((SELECT f.value FROM underpin.files f WHERE f.id = (held ->> 'id')::uuid AND f.ended IS NULL), jsonb_build_object('id', held -> 'id'))
    WHEN 'array' THEN (
      SELECT coalesce(jsonb_agg(coalesce(f.value, jsonb_build_object('id', one.of -> 'id')) ORDER BY one.place), '[]')
      FROM jsonb_array_elements(held) WITH ORDINALITY one (of, place) LEFT JOIN underpin.files f ON f.id = (one.of ->> 'id')::uuid AND f.ended IS NULL)
    ELSE held END;
END $$;

-- Whoever writes, a column of files holds what is known of them.
CREATE FUNCTION underpin.describe_files() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE called text;
BEGIN
  SELECT name INTO called FROM underpin.file_fields WHERE field = TG_ARGV[0]::uuid;
  NEW := jsonb_populate_record(NEW, jsonb_build_object(called, underpin.described(to_jsonb(NEW) -> called)));
  RETURN NEW;
END $$;

-- In the transaction of the write: what the record names now is counted, what it named before is not any more. A file that is being
-- taken away, or that is not whole, is none; the row's lock makes whoever takes it away and whoever names it wait for each other.
CREATE FUNCTION underpin.use_files() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  place underpin.file_fields;
  before uuid[] := '{}';
  after uuid[] := '{}';
  gone uuid[];
  come uuid[];
BEGIN
  SELECT * INTO place FROM underpin.file_fields WHERE field = TG_ARGV[0]::uuid;
  IF TG_OP = 'TRUNCATE' THEN
    PERFORM underpin.unuse_field(place.field);
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN before := underpin.file_ids(to_jsonb(OLD) -> place.name); END IF;
  IF TG_OP <> 'DELETE' THEN after := underpin.file_ids(to_jsonb(NEW) -> place.name); END IF;
  IF TG_OP = 'UPDATE' AND OLD.id = NEW.id THEN
    gone := ARRAY(SELECT one FROM unnest(before) one WHERE one <> ALL (after));
    come := ARRAY(SELECT DISTINCT one FROM unnest(after) one WHERE one <> ALL (before));
  ELSE
    gone := before;
    come := ARRAY(SELECT DISTINCT one FROM unnest(after) one);
  END IF;
  IF cardinality(come) > 0 THEN
    PERFORM FROM underpin.files WHERE id = ANY (come) AND whole IS NOT NULL AND ended IS NULL ORDER BY id FOR KEY SHARE;
    IF (SELECT count(*) FROM underpin.files WHERE id = ANY (come) AND whole IS NOT NULL AND ended IS NULL) < cardinality(come) THEN
      RAISE foreign_key_violation USING MESSAGE = format('"%s" names a file that is not there', place.name), CONSTRAINT = 'fk_' || replace(place.field::text, '-', '');
    END IF;
    INSERT INTO underpin.file_uses (file, collection, field, record) SELECT one, place.collection, place.field, NEW.id FROM unnest(come) one ON CONFLICT DO NOTHING;
    UPDATE underpin.files SET attached = now() WHERE id = ANY (come) AND attached IS NULL;
  END IF;
  IF cardinality(gone) > 0 THEN
    DELETE FROM underpin.file_uses WHERE file = ANY (gone) AND field = place.field AND record = OLD.id AND version = 0;
    PERFORM underpin.release_files(gone);
  END IF;
  RETURN NULL;
END $$;

-- Once in a transaction, however many records of it named the file. Whom another is at that does the same is left to him: none waits.
CREATE FUNCTION underpin.release_files(ids uuid[]) RETURNS void LANGUAGE sql AS $$
  UPDATE underpin.files SET released = now() WHERE id IN (SELECT id FROM underpin.files WHERE id = ANY (ids) AND released IS DISTINCT FROM now()::timestamptz(3) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
$$;
CREATE FUNCTION underpin.unuse_field(of uuid) RETURNS void LANGUAGE sql AS $$
  WITH gone AS (DELETE FROM underpin.file_uses WHERE field = of AND version = 0 RETURNING file)
  SELECT underpin.release_files(array_agg(DISTINCT file)) FROM gone
$$;

-- Kept versions name files too.
CREATE FUNCTION underpin.versions_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO underpin.file_uses (file, collection, field, record, version)
    SELECT DISTINCT f.id, m.collection, p.field, m.record, m.id
    FROM made m JOIN underpin.file_fields p ON p.collection = m.collection
    CROSS JOIN LATERAL unnest(underpin.file_ids((m.body ->> p.field::text)::jsonb)) one JOIN underpin.files f ON f.id = one
    WHERE f.ended IS NULL;
  RETURN NULL;
END $$;
CREATE FUNCTION underpin.versions_gone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ended uuid[];
BEGIN
  WITH taken AS (DELETE FROM underpin.file_uses u USING gone g WHERE u.version = g.id AND u.version <> 0 RETURNING u.file)
  SELECT array_agg(DISTINCT file) INTO ended FROM taken;
  PERFORM underpin.release_files(ended);
  RETURN NULL;
END $$;
CREATE TRIGGER versions_made AFTER INSERT ON underpin.versions REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION underpin.versions_made();
CREATE TRIGGER versions_gone AFTER DELETE ON underpin.versions REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION underpin.versions_gone();

-- Follows the definitions; called with every change of a collection, in its transaction.
CREATE FUNCTION underpin.arrange_files() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM underpin.unuse_field(f.field) FROM underpin.file_fields f
    WHERE NOT EXISTS (SELECT FROM underpin.collections c, jsonb_array_elements(c.definition -> 'fields') d WHERE d ->> 'type' = 'file' AND d ->> 'id' = f.field::text);
  DELETE FROM underpin.file_fields f
    WHERE NOT EXISTS (SELECT FROM underpin.collections c, jsonb_array_elements(c.definition -> 'fields') d WHERE d ->> 'type' = 'file' AND d ->> 'id' = f.field::text);
  INSERT INTO underpin.file_fields AS f (field, collection, name)
    SELECT (d ->> 'id')::uuid, c.id, d ->> 'name' FROM underpin.collections c, jsonb_array_elements(c.definition -> 'fields') d WHERE d ->> 'type' = 'file'
    ON CONFLICT (field) DO UPDATE SET name = excluded.name WHERE f.name <> excluded.name;
END $$;

-- As before, with the fields of files.
CREATE OR REPLACE FUNCTION underpin.schema_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE next bigint;
BEGIN
  UPDATE underpin.schema_version SET version = version + 1 RETURNING version INTO next;
  PERFORM underpin.publish_changes();
  PERFORM underpin.arrange_effects();
  PERFORM underpin.arrange_files();
  PERFORM pg_logical_emit_message(true, 'underpin.schema', next::text);
  PERFORM pg_notify('underpin', 'schema:' || next);
  RETURN NULL;
END $$;

-- What may be an id, from names in the store.
CREATE FUNCTION underpin.id_of(text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN $1 ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN $1::uuid END
$$;
