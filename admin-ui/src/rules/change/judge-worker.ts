/** Answers one question after the other, away from the page. */
import { judge, type DiffQuestion, type LintQuestion } from './judgement.ts';

self.addEventListener('message', ({ data }: MessageEvent<DiffQuestion | LintQuestion>) => self.postMessage(judge(data)));
