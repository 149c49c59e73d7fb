/** Names and literals in SQL text. Values are always bound; only names that our own schema holds come through here. */

/** An identifier, quoted. */
export const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text literal, for DDL only (Postgres takes no parameters there). `E''` so that a backslash means itself in both settings. */
export const literal = (text: string): string =>
  text.includes('\\') ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`;
