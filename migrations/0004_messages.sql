-- What is said to people: one row for each message, written in the transaction that causes it and sent by a job.
-- "sealed" is the body (AES-256-GCM, with a key derived from the installation's secret): it may hold a link or a code that is
-- kept nowhere else but as a hash. It goes when the message is sent, or with "expires".
CREATE TABLE underpin.messages (
  id uuid PRIMARY KEY,
  created timestamptz(3) NOT NULL,
  channel text COLLATE "C" NOT NULL,
  -- Empty: for nobody. Written where an answer must not tell whether there is somebody, and taken away by the job.
  recipient text COLLATE "C" NOT NULL,
  template text COLLATE "C" NOT NULL,
  account text COLLATE "C",
  subject text NOT NULL,
  -- 'kept': there is no server to send it through.
  state text COLLATE "C" NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'kept', 'failed')),
  -- Each attempt: { at, answer } or { at, error }.
  attempts jsonb NOT NULL DEFAULT '[]',
  error text,
  sent timestamptz(3),
  expires timestamptz(3) NOT NULL,
  sealed bytea
);
CREATE INDEX messages_created_id ON underpin.messages (created, id);
CREATE INDEX messages_sealed ON underpin.messages (expires) WHERE sealed IS NOT NULL;

-- Templates as admins wrote them; those that are not here are as they stand in the code.
CREATE TABLE underpin.templates (
  id uuid PRIMARY KEY,
  created timestamptz(3) NOT NULL,
  updated timestamptz(3) NOT NULL,
  name text COLLATE "C" NOT NULL UNIQUE,
  subject text NOT NULL,
  text text NOT NULL,
  html text
);
CREATE INDEX templates_created_id ON underpin.templates (created, id);

-- What is good for one use: links and codes of mails. "hash" is the SHA-256 of a link's token; "code" the HMAC of a short code
-- under a key of ours, since there are few enough of them to try them all on a hash.
CREATE TABLE underpin.one_time (
  id uuid PRIMARY KEY,
  created timestamptz(3) NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  collection uuid NOT NULL,
  account uuid NOT NULL,
  -- The address that it was sent to: it proves that one and no other.
  address text COLLATE "C" NOT NULL,
  hash bytea NOT NULL UNIQUE,
  code bytea,
  tries integer NOT NULL DEFAULT 0,
  data jsonb NOT NULL DEFAULT '{}',
  expires timestamptz(3) NOT NULL,
  used timestamptz(3)
);
-- One that can be used for each purpose and account: a new one takes the place of the one before it.
CREATE UNIQUE INDEX one_time_open ON underpin.one_time (collection, account, purpose) WHERE used IS NULL;
CREATE INDEX one_time_expires ON underpin.one_time (expires);

-- As before, and what was sent to an account that is gone is good for nothing any more.
CREATE OR REPLACE FUNCTION underpin.account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('underpin', 'account:' || OLD.id);
  IF TG_OP = 'DELETE' THEN
    DELETE FROM underpin.credentials WHERE account = OLD.id;
    DELETE FROM underpin.sessions WHERE account = OLD.id;
    DELETE FROM underpin.one_time WHERE account = OLD.id;
  ELSIF NEW.disabled AND NOT OLD.disabled THEN
    UPDATE underpin.sessions SET ended = clock_timestamp() WHERE account = OLD.id AND ended IS NULL;
  END IF;
  RETURN NULL;
END $$;
