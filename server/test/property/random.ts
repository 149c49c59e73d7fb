/** Randomness that can be repeated (mulberry32). */
export interface Random {
  readonly below: (limit: number) => number;
  readonly chance: (share: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
  /** One of the branches, by weight. */
  readonly branch: <T>(branches: readonly (readonly [weight: number, make: () => T])[]) => T;
}

export function randomness(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const branch: Random['branch'] = (branches) => {
    let left = next() * branches.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of branches) if ((left -= weight) < 0) return make();
    throw new Error('no branch');
  };
  const pick = <T>(items: readonly T[]): T => branch(items.map((item) => [1, () => item]));
  return { below, chance: (share) => next() < share, pick, branch };
}
