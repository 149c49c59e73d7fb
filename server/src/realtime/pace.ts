/** Whether a client keeps up: what he asks for meanwhile waits, and he is given up who falls behind too long or too often. */
import { limits } from '../kit/limits.ts';

export class Pace {
  #behind: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  /** When he could not keep up, in ms. */
  #lags: readonly number[] = [];
  #patience: NodeJS.Timeout | undefined;

  /** While he is behind: resolves when he is not any more. */
  get over(): Promise<void> | undefined {
    return this.#behind?.over;
  }

  fall(giveUp: () => void): void {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.#behind = { over, end };
    const now = performance.now();
    this.#lags = [...this.#lags.filter((at) => now - at < limits.live.lagWindow), now];
    if (this.#lags.length > limits.live.lags) giveUp();
    this.#patience = setTimeout(giveUp, limits.live.patience);
  }

  catchUp(): void {
    clearTimeout(this.#patience);
    this.#behind?.end();
    this.#behind = undefined;
  }
}
