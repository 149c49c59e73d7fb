-- Every job there is: what BullMQ is told of, and the truth where the two differ. A row is written in the transaction that wants
-- the job done, and is marked done in the transaction of its effect.
CREATE TABLE underpin.jobs (
  id uuid PRIMARY KEY,
  created timestamptz(3) NOT NULL,
  queue text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  payload jsonb NOT NULL,
  state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'active', 'done', 'failed', 'cancelled')),
  -- No second job of this kind and key while one is waiting or active.
  key text COLLATE "C",
  -- Not before this moment.
  due timestamptz(3) NOT NULL,
  -- Handed to BullMQ, and how often that was undone: job and round are its id there.
  queued timestamptz(3),
  round integer NOT NULL DEFAULT 0,
  executions integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  error text,
  progress double precision NOT NULL DEFAULT 0,
  result jsonb,
  started timestamptz(3),
  ended timestamptz(3),
  actor text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX jobs_key ON underpin.jobs (kind, key) WHERE key IS NOT NULL AND state IN ('waiting', 'active');
CREATE INDEX jobs_unqueued ON underpin.jobs (id) WHERE queued IS NULL AND state = 'waiting';
CREATE INDEX jobs_open ON underpin.jobs (due) WHERE state IN ('waiting', 'active');
CREATE INDEX jobs_state ON underpin.jobs (state, id);
CREATE INDEX jobs_created_id ON underpin.jobs (created, id);

CREATE FUNCTION underpin.jobs_wanted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('underpin', 'jobs:');
  RETURN NULL;
END $$;
CREATE TRIGGER jobs_wanted AFTER INSERT OR UPDATE OF round ON underpin.jobs FOR EACH STATEMENT EXECUTE FUNCTION underpin.jobs_wanted();
