/** What a Postgres must be for us: 15 or newer, and one that does not lose what it has acknowledged. */
import pg from 'pg';

export async function checkServer(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; setting: string }>(
      "SELECT name, setting FROM pg_settings WHERE name IN ('server_version_num', 'fsync', 'full_page_writes', 'synchronous_commit', 'server_encoding')",
    );
    const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
    if (Number(settings.get('server_version_num')) < 150_000) throw new Error('Postgres 15 or newer is needed');
    if (settings.get('server_encoding') !== 'UTF8') throw new Error('The database must have the encoding UTF8');
    for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
      if (settings.get(name) === 'off')
        throw new Error(`Postgres runs with ${name} = off and may lose what was acknowledged; switch it on`);
    }
  } finally {
    await client.end();
  }
}
