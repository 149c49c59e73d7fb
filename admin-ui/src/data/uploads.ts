/** The one place that sends files: one POST by XMLHttpRequest, which tells how far it is. */
import type { FileValue } from '@underpin/sdk/wire';
import { API, refused, unreachable } from './client.ts';

export interface UploadOptions {
  readonly collection: string;
  readonly field: string;
  /** Called with the bytes that were sent so far. */
  readonly onProgress: (sent: number) => void;
  readonly signal: AbortSignal;
}

export const uploadFile = (file: File, { collection, field, onProgress, signal }: UploadOptions): Promise<FileValue> =>
  new Promise((resolve, reject) => {
    const stopped = () => reject(new DOMException('The upload was stopped.', 'AbortError'));
    if (signal.aborted) return stopped();
    const call = new XMLHttpRequest();
    const stop = () => call.abort();
    call.open('POST', `${API}/files?${new URLSearchParams({ collection, field, name: file.name })}`);
    call.setRequestHeader('Accept', 'application/json');
    call.setRequestHeader('Content-Type', file.type === '' ? 'application/octet-stream' : file.type);
    call.upload.onprogress = ({ loaded }) => onProgress(loaded);
    call.onload = () => {
      if (call.status >= 300) return reject(refused(call.status, call.responseText));
      const value: FileValue = JSON.parse(call.responseText);
      return resolve(value);
    };
    call.onerror = () => reject(unreachable());
    call.onabort = stopped;
    call.onloadend = () => signal.removeEventListener('abort', stop);
    signal.addEventListener('abort', stop);
    return call.send(file);
  });
