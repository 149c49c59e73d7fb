/** The one place that sends files: up to 8 MB in one request, more in parts that go on after a break (the SDK's upload). */
import { ApiError, createClient } from '@underpin/sdk';
import type { FileValue } from '@underpin/sdk/wire';
import { refused, unreachable } from './client.ts';

export interface UploadOptions {
  readonly collection: string;
  readonly field: string;
  /** Called with the bytes that were sent so far. */
  readonly onProgress: (sent: number) => void;
  readonly signal: AbortSignal;
}

/** The dashboard's cookie goes along with what its own origin asks. */
const client = createClient({ url: location.origin });

export async function uploadFile(file: File, { collection, field, onProgress, signal }: UploadOptions): Promise<FileValue> {
  try {
    return await client.files.upload(file, { collection, field, signal, onProgress: ({ sent }) => onProgress(sent) });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 'aborted') throw new DOMException('The upload was stopped.', 'AbortError');
    throw error.status === 0 ? unreachable() : refused(error.status, JSON.stringify(error.problem));
  }
}
