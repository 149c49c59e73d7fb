-- Every process signs with the newest key from the moment of its commit on.
CREATE FUNCTION underpin.signing_keys_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('underpin', 'signing:');
  RETURN NULL;
END $$;
CREATE TRIGGER signing_keys_changed AFTER INSERT OR UPDATE OR DELETE ON underpin.signing_keys
  FOR EACH STATEMENT EXECUTE FUNCTION underpin.signing_keys_changed();
