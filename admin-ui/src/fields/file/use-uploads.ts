/**
 * Files on their way to the server, one after the other, so that they arrive in the order in which they were chosen. What was
 * refused stays in the list with the reason, until it is sent again or dismissed.
 */
import { useEffect, useRef, useState } from 'react';
import type { FieldDef, FileValue } from '@underpin/sdk/wire';
import { useTranslate } from 'react-admin';
import { messageOf } from '../../data/client.ts';
import { uploadFile } from '../../data/uploads.ts';
import { refusalOf } from './acceptance.ts';

export interface Upload {
  readonly key: number;
  readonly file: File;
  readonly sent: number;
  readonly trouble: string | null;
  /** Sending it again would change nothing. */
  readonly isHopeless: boolean;
}
interface UploadsOptions {
  readonly collection: string;
  readonly field: FieldDef;
  readonly onDone: (value: FileValue) => void;
  /** Whether something is on its way. */
  readonly onBusy: (busy: boolean) => void;
}

/** Refusals of the file itself. */
const FINAL = new Set(['payload_too_large', 'unsupported_media_type', 'validation_failed']);
const isFinal = (cause: unknown): boolean =>
  typeof cause === 'object' && cause !== null && 'code' in cause && FINAL.has(String(cause.code));
let keys = 0;

export const useUploads = (options: UploadsOptions) => {
  const t = useTranslate();
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const running = useRef(new Map<number, AbortController>());
  const turn = useRef(Promise.resolve());
  useEffect(() => {
    const all = running.current;
    return () => {
      for (const controller of all.values()) controller.abort();
    };
  }, []);

  const patch = (key: number, change: Partial<Upload>) =>
    setUploads((now) => now.map((one) => (one.key === key ? { ...one, ...change } : one)));
  const drop = (key: number) => setUploads((now) => now.filter((one) => one.key !== key));
  const leave = (key: number) => {
    running.current.delete(key);
    if (running.current.size === 0) latest.current.onBusy(false);
  };
  const send = async (key: number, file: File): Promise<void> => {
    const controller = running.current.get(key);
    if (controller === undefined || controller.signal.aborted) return;
    const { collection, field } = latest.current;
    try {
      const progress = (sent: number) => patch(key, { sent });
      const value = await uploadFile(file, { collection, field: field.name, onProgress: progress, signal: controller.signal });
      leave(key);
      drop(key);
      latest.current.onDone(value);
    } catch (cause) {
      if (controller.signal.aborted) return;
      leave(key);
      patch(key, { trouble: messageOf(cause), isHopeless: isFinal(cause) });
    }
  };
  const queue = (key: number, file: File) => {
    running.current.set(key, new AbortController());
    latest.current.onBusy(true);
    turn.current = turn.current.then(() => send(key, file));
  };

  const add = (files: readonly File[]) => {
    for (const file of files) {
      const key = ++keys;
      const refusal = refusalOf(file, latest.current.field);
      const trouble = refusal === null ? null : t(refusal.message, refusal.values);
      setUploads((now) => [...now, { key, file, sent: 0, trouble, isHopeless: refusal !== null }]);
      if (refusal === null) queue(key, file);
    }
  };
  const cancel = (key: number) => {
    running.current.get(key)?.abort();
    leave(key);
    drop(key);
  };
  const retry = (upload: Upload) => {
    patch(upload.key, { sent: 0, trouble: null });
    queue(upload.key, upload.file);
  };
  return { uploads, add, cancel, retry };
};
