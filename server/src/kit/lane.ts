/**
 * Work of which one piece is begun in each turn of the event loop, in the order in which it came.
 *
 * Worry: what arrives in one moment is begun in one turn, and whoever has work under way waits until all of it is: two hundred
 * requests that each take a millisecond are a fifth of a second for everybody, at each step between him and the database.
 * Decision: only one is begun; then the loop looks at everything else that has happened meanwhile. So what others wait for is
 * one piece, however many have come. A turn also lets in but one new connection, so none is begun in a turn that has (`skip`):
 * else whoever connects would wait behind the whole crowd that connected before. What has waited for `patience` ms is begun all the
 * same, or who connects without end would keep everybody out.
 */
import { limits } from './limits.ts';

interface Piece {
  readonly work: () => void;
  readonly since: number;
}

export class Lane {
  readonly #waiting: Piece[] = [];
  #skips = false;

  /** Nothing is begun in this turn. */
  skip(): void {
    this.#skips = this.#waiting.length > 0;
  }

  add(work: () => void): void {
    if (this.#waiting.push({ work, since: performance.now() }) === 1) setImmediate(this.#begin);
  }

  readonly #begin = (): void => {
    const [first] = this.#waiting;
    const isLate = first !== undefined && performance.now() - first.since > limits.request.patience;
    if (!this.#skips || isLate) {
      first?.work();
      this.#waiting.shift();
    }
    this.#skips = false;
    if (this.#waiting.length > 0) setImmediate(this.#begin);
  };
}
