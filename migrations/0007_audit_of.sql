-- What an account did, and what was done with it by nobody who was signed in: asked for when it exports what is kept of it.
CREATE INDEX audit_actor_id ON underpin.audit (actor, id);
CREATE INDEX audit_target_id ON underpin.audit (target, id);
