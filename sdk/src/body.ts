/** What a record is when it is sent back. */

const readOnly = ['created', 'updated', 'version', 'expand', '_can', '_rank', '_highlight', '_more'] as const;

/** A body without what only the server says, so that a record that was read can be sent back. */
export function withoutRead(data: unknown, isUpdate: boolean): object {
  const body: Record<string, unknown> = { ...(typeof data === 'object' ? data : {}) };
  for (const name of readOnly) delete body[name];
  if (isUpdate) delete body['id'];
  return body;
}
