-- Search forgives typos by the trigrams of words. Who may not make the extension has a search that does not.
DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA underpin;
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE 'pg_trgm: %', SQLERRM;
END $$;
