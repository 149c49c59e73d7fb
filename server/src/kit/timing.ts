/** How long each step of a request took, as `Server-Timing` says it. Only admins are told: times tell of what is hidden. */
export class Timing {
  /** ms by step; a step that is taken several times, as in a batch, is told once, in all. */
  readonly #steps = new Map<string, number>();
  #at = performance.now();

  /** The step that has just ended; what lies between two calls is the later one's. */
  step(name: string): void {
    const now = performance.now();
    this.#steps.set(name, (this.#steps.get(name) ?? 0) + now - this.#at);
    this.#at = now;
  }

  /** Undefined where no step was told. */
  get header(): string | undefined {
    return this.#steps.size === 0 ? undefined : [...this.#steps].map(([name, ms]) => `${name};dur=${ms.toFixed(2)}`).join(', ');
  }
}
