/** A question about the meaning of rules, answered by a worker of its own that ends with the answer or with the wish for it. */
import type { DiffQuestion, Judgement, LintQuestion } from './judgement.ts';

/** What takes longer is given up: no answer is better than a fan that runs all day. */
const MOST_MS = 20_000;

export const ask = (question: DiffQuestion | LintQuestion, signal: AbortSignal): Promise<Judgement> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./judge-worker.ts', import.meta.url), { type: 'module' });
    const end = (settle: () => void) => {
      clearTimeout(timer);
      worker.terminate();
      settle();
    };
    const timer = setTimeout(() => end(() => reject(new Error('given up'))), MOST_MS);
    signal.addEventListener('abort', () => end(() => reject(new DOMException('no longer wanted', 'AbortError'))));
    worker.addEventListener('message', ({ data }: MessageEvent<Judgement>) => end(() => resolve(data)));
    worker.addEventListener('error', (event) => end(() => reject(new Error(event.message))));
    worker.postMessage(question);
  });
