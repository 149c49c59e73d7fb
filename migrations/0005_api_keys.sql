-- API keys: SHA-256 of the key in force and, while a rotation overlaps, of the one before it.
CREATE TABLE underpin.api_keys (
  id uuid PRIMARY KEY,
  created timestamptz(3) NOT NULL,
  updated timestamptz(3) NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  name text COLLATE "C" NOT NULL,
  -- How the key begins, for people to tell keys apart.
  prefix text COLLATE "C" NOT NULL UNIQUE,
  hash bytea NOT NULL UNIQUE,
  previous bytea UNIQUE,
  previous_ends timestamptz(3),
  -- The account that the key acts as; a service key has none.
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('service', 'account')),
  collection uuid,
  account uuid,
  owner text COLLATE "C",
  scopes jsonb NOT NULL,
  -- Networks in CIDR form from which it may be used; empty: from anywhere.
  addresses jsonb NOT NULL,
  expires timestamptz(3),
  -- Requests in ten seconds; null: as every caller.
  rate integer,
  forward boolean NOT NULL DEFAULT false,
  disabled boolean NOT NULL DEFAULT false,
  last_used timestamptz(3),
  CHECK ((kind = 'account') = (account IS NOT NULL)),
  CHECK ((kind = 'account') = (collection IS NOT NULL))
);
CREATE INDEX api_keys_created_id ON underpin.api_keys (created, id);

-- Whoever remembers a key forgets it; that it was used changes nothing.
CREATE FUNCTION underpin.key_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('underpin', 'key:' || OLD.id);
  RETURN NULL;
END $$;
CREATE TRIGGER key_changed AFTER UPDATE ON underpin.api_keys FOR EACH ROW
  WHEN ((to_jsonb(OLD) - 'last_used') IS DISTINCT FROM (to_jsonb(NEW) - 'last_used')) EXECUTE FUNCTION underpin.key_changed();
CREATE TRIGGER key_deleted AFTER DELETE ON underpin.api_keys FOR EACH ROW EXECUTE FUNCTION underpin.key_changed();
