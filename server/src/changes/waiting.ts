/** Who waits for the log to come so far: to a position, or to a barrier of their own. */
import { fail } from '../kit/errors.ts';
import type { Position } from './change.ts';

interface Waiter {
  readonly position: Position;
  resolve(): void;
  reject(error: Error): void;
}

export interface Waiting {
  reached(position: Position): Promise<void>;
  /** Resolves when the barrier of that id has passed; refuses after `patience` ms. */
  barrier(id: string, patience: number): Promise<void>;
  drop(id: string, error: Error): void;
  /** The head moved, over these barriers. */
  passed(barriers: readonly string[]): void;
  refuse(error: Error): void;
}

export function createWaiting(head: () => Position): Waiting {
  const barriers = new Map<string, Omit<Waiter, 'position'>>();
  let positions: Waiter[] = [];

  const drop = (id: string, error: Error): void => {
    barriers.get(id)?.reject(error);
    barriers.delete(id);
  };
  return {
    reached: (position) =>
      position <= head() ? Promise.resolve() : new Promise((resolve, reject) => positions.push({ position, resolve, reject })),
    barrier: (id, patience) => {
      const late = setTimeout(() => drop(id, fail('unavailable', 'The log of changes is late.')), patience);
      return new Promise<void>((resolve, reject) => barriers.set(id, { resolve, reject })).finally(() => clearTimeout(late));
    },
    drop,
    passed: (ids) => {
      for (const id of ids) {
        barriers.get(id)?.resolve();
        barriers.delete(id);
      }
      if (positions.length === 0) return;
      const now = head();
      for (const waiter of positions) if (waiter.position <= now) waiter.resolve();
      positions = positions.filter(({ position }) => position > now);
    },
    refuse: (error) => {
      for (const waiter of [...barriers.values(), ...positions]) waiter.reject(error);
      barriers.clear();
      positions = [];
    },
  };
}
