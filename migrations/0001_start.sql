-- Our own tables, all in the schema "underpin". Forward only: a file that has been released is never edited.

CREATE TABLE underpin.migrations (
  name text PRIMARY KEY,
  hash text NOT NULL,
  applied timestamptz(3) NOT NULL DEFAULT now()
);

-- One row for each collection; its definition as the API shows it, with the ids of fields.
CREATE TABLE underpin.collections (
  id uuid PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  definition jsonb NOT NULL,
  created timestamptz(3) NOT NULL,
  updated timestamptz(3) NOT NULL
);

-- Rises with every change of a collection, by whomever: what is remembered of the schema is of one version.
CREATE TABLE underpin.schema_version (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  version bigint NOT NULL
);
INSERT INTO underpin.schema_version (version) VALUES (1);

CREATE FUNCTION underpin.schema_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE next bigint;
BEGIN
  UPDATE underpin.schema_version SET version = version + 1 RETURNING version INTO next;
  PERFORM pg_notify('underpin', 'schema:' || next);
  RETURN NULL;
END $$;
CREATE TRIGGER schema_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON underpin.collections
  FOR EACH STATEMENT EXECUTE FUNCTION underpin.schema_changed();

-- Keeps "version" and "updated" true for writes that are not ours; ours set both and pass it by.
CREATE FUNCTION underpin.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  NEW.updated := clock_timestamp();
  RETURN NEW;
END $$;

-- Whether a text can be read as a value of a type. Asked before a column is converted.
CREATE FUNCTION underpin.fits(value text, type text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  EXECUTE format('SELECT %L::%s', value, type);
  RETURN true;
EXCEPTION WHEN data_exception OR invalid_text_representation OR numeric_value_out_of_range THEN
  RETURN false;
END $$;

-- A junction table that changes is a change of the record it belongs to. "underpin.writing" names the record that a
-- statement of ours is writing, which counts its own version.
CREATE FUNCTION underpin.junction_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE parent regclass;
BEGIN
  SELECT confrelid INTO parent FROM pg_constraint WHERE conrelid = TG_RELID AND contype = 'f' AND conname LIKE '%source';
  EXECUTE format('UPDATE %s SET version = version + 1, updated = clock_timestamp() WHERE id IN (SELECT source FROM changed) AND id::text <> $1', parent)
    USING coalesce(current_setting('underpin.writing', true), '');
  RETURN NULL;
END $$;

CREATE TABLE underpin.admins (
  id uuid PRIMARY KEY,
  created timestamptz(3) NOT NULL,
  updated timestamptz(3) NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  email text COLLATE "C" NOT NULL UNIQUE,
  role text COLLATE "C" NOT NULL CHECK (role IN ('owner', 'admin', 'viewer')),
  disabled boolean NOT NULL DEFAULT false
);
CREATE INDEX admins_created_id ON underpin.admins (created, id);

-- Password hashes live here and never in an account's own row: no view, export or row image can hold them.
CREATE TABLE underpin.credentials (
  collection uuid NOT NULL,
  account uuid NOT NULL,
  password_hash text NOT NULL,
  changed timestamptz(3) NOT NULL,
  PRIMARY KEY (collection, account)
);

-- One row for each sign-in. "current" is the SHA-256 of the refresh token in force; "previous" that of the one
-- before it, which for ten seconds gives the same successor again. Any spent token used later ends the session.
CREATE TABLE underpin.sessions (
  id uuid PRIMARY KEY,
  collection uuid NOT NULL,
  collection_name text COLLATE "C" NOT NULL,
  account uuid NOT NULL,
  current bytea NOT NULL UNIQUE,
  previous bytea UNIQUE,
  created timestamptz(3) NOT NULL,
  rotated timestamptz(3) NOT NULL,
  used timestamptz(3) NOT NULL,
  ended timestamptz(3),
  device text NOT NULL,
  address text NOT NULL
);
CREATE INDEX sessions_account ON underpin.sessions (account);
CREATE INDEX sessions_created_id ON underpin.sessions (created, id);
CREATE TABLE underpin.spent_tokens (
  hash bytea PRIMARY KEY,
  session uuid NOT NULL REFERENCES underpin.sessions ON DELETE CASCADE
);
CREATE INDEX spent_tokens_session ON underpin.spent_tokens (session);

CREATE FUNCTION underpin.session_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('underpin', 'session:' || OLD.id);
  RETURN NULL;
END $$;
CREATE TRIGGER session_ended AFTER UPDATE ON underpin.sessions FOR EACH ROW
  WHEN (OLD.ended IS NULL AND NEW.ended IS NOT NULL) EXECUTE FUNCTION underpin.session_ended();
CREATE TRIGGER session_deleted AFTER DELETE ON underpin.sessions FOR EACH ROW EXECUTE FUNCTION underpin.session_ended();

-- Whoever is remembered as an account (its row stands behind "auth" in rules) is forgotten when the row changes.
-- An account that is disabled or deleted has no sessions, and one that is deleted leaves no password behind.
CREATE FUNCTION underpin.account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('underpin', 'account:' || OLD.id);
  IF TG_OP = 'DELETE' THEN
    DELETE FROM underpin.credentials WHERE account = OLD.id;
    DELETE FROM underpin.sessions WHERE account = OLD.id;
  ELSIF NEW.disabled AND NOT OLD.disabled THEN
    UPDATE underpin.sessions SET ended = clock_timestamp() WHERE account = OLD.id AND ended IS NULL;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER account_changed AFTER UPDATE OR DELETE ON underpin.admins FOR EACH ROW EXECUTE FUNCTION underpin.account_changed();

-- Who did what to roles, rules, schema and sessions. The application role may add to it and read it, nothing else.
CREATE TABLE underpin.audit (
  id uuid PRIMARY KEY,
  created timestamptz(3) NOT NULL,
  action text COLLATE "C" NOT NULL,
  actor text COLLATE "C" NOT NULL,
  address text COLLATE "C" NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  target text COLLATE "C",
  before jsonb,
  after jsonb
);
CREATE INDEX audit_created_id ON underpin.audit (created, id);
CREATE FUNCTION underpin.audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is only ever added to' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON underpin.audit
  FOR EACH STATEMENT EXECUTE FUNCTION underpin.audit_is_append_only();

-- The one-time setup link: SHA-256 of its token.
CREATE TABLE underpin.setup_tokens (
  hash bytea PRIMARY KEY,
  expires timestamptz(3) NOT NULL
);

-- Public keys of access tokens and the private ones, sealed with the installation's secret.
CREATE TABLE underpin.signing_keys (
  id text COLLATE "C" PRIMARY KEY,
  created timestamptz(3) NOT NULL,
  public_key jsonb NOT NULL,
  sealed bytea NOT NULL
);

-- Counters of limits that every process shares: sign-in, sign-up. One row for each key and window.
CREATE TABLE underpin.rate_counts (
  key text COLLATE "C" PRIMARY KEY,
  count integer NOT NULL,
  resets timestamptz(3) NOT NULL
);

-- Answers to writes that carried an Idempotency-Key, kept for 24 hours, written in the transaction of the write.
-- "scope" is the SHA-256 of caller, method, path and key; "request" that of the body.
CREATE TABLE underpin.idempotency (
  scope bytea PRIMARY KEY,
  request bytea NOT NULL,
  created timestamptz(3) NOT NULL,
  status integer NOT NULL,
  headers jsonb NOT NULL,
  body text,
  -- Where the body was too large to keep: the record from which it is read again.
  record uuid
);
CREATE INDEX idempotency_created ON underpin.idempotency (created);

DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'underpin_app') THEN
    REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON underpin.migrations, underpin.collections FROM underpin_app;
    REVOKE UPDATE, DELETE, TRUNCATE ON underpin.audit FROM underpin_app;
    REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON underpin.schema_version FROM underpin_app;
  END IF;
END $$;
