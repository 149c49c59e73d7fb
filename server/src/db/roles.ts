/**
 * The roles under which we work, and what each may (docs/reference/config.md, "Database roles").
 *
 * Worry: a server that talks to Postgres as superuser turns any flaw into the loss of the whole machine.
 * Decision: the login we are given is used for nothing but to take one of two roles: `underpin_owner` owns tables and
 * changes the schema, `underpin_app` reads and writes data. Where the login may not create roles everything runs
 * under it, and start-up says what protection is missing. The embedded server is set up the same way, with a login
 * of our own that is no superuser.
 */
import pg from 'pg';
import { ident, literal } from '../kit/sql.ts';
import type { Access } from './connect.ts';

/** Processes that start together make the roles one after the other. */
const rolesLock = 0x756e6473;
const app = 'underpin_app';
const owner = 'underpin_owner';

/** Makes what is missing of roles, grants and our schema. Safe to call at every start. */
export async function prepareRoles(url: string): Promise<Access & { readonly missing?: string }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ able: boolean; member: boolean; database: string; ready: boolean }>(
      `SELECT (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) AS able,
              current_database() AS database,
              to_regnamespace('underpin') IS NOT NULL AS ready,
              (SELECT count(*) = 2 FROM pg_roles r WHERE r.rolname IN ('${app}', '${owner}') AND pg_has_role(current_user, r.oid, 'MEMBER')
                 AND has_database_privilege(r.oid, current_database(), CASE r.rolname WHEN '${owner}' THEN 'CREATE' ELSE 'CONNECT' END)) AS member`,
    );
    const state = rows[0];
    // In a database that was restored from a dump our schema is there, and what its database grants is not.
    if (state === undefined) throw new Error('Postgres did not answer who we are');
    if (state.member && state.ready) return { url, roles: { app, owner } };
    if (!state.able) {
      if (!state.ready) await client.query('CREATE SCHEMA IF NOT EXISTS underpin');
      return {
        url,
        missing:
          'The database login may not create roles: requests run with the right to change the schema. Give it CREATEROLE once to have them kept apart.',
      };
    }
    await client.query(prepareSql(state.database));
    return { url, roles: { app, owner } };
  } finally {
    await client.end();
  }
}

/** Also used for the template of the tests and by the embedded server, there as superuser for the login named. */
export const prepareSql = (database: string, login?: { readonly name: string; readonly password: string }): string => `
  SELECT pg_advisory_xact_lock(${rolesLock});
  DO $$ BEGIN
    ${[app, owner].map((role) => `IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF;`).join('\n    ')}
    ${login === undefined ? '' : `IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${literal(login.name)}) THEN CREATE ROLE ${ident(login.name)} LOGIN NOINHERIT PASSWORD ${literal(login.password)}; END IF;`}
  END $$;
  GRANT ${app}, ${owner} TO ${login === undefined ? 'CURRENT_USER' : ident(login.name)};
  GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${ident(database)} TO ${owner};
  GRANT CONNECT ON DATABASE ${ident(database)} TO ${app};
  CREATE SCHEMA IF NOT EXISTS underpin;
  GRANT USAGE, CREATE ON SCHEMA underpin, public TO ${owner};
  GRANT USAGE ON SCHEMA underpin, public TO ${app};
  ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA underpin, public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${app};
  ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA underpin, public GRANT USAGE, SELECT ON SEQUENCES TO ${app};
`;
