/** Who waits until the log is past a barrier of his own. */
import { fail } from '../kit/errors.ts';

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

export interface Waiting {
  /** Resolves when the barrier of that id has passed; refuses after `patience` ms. */
  barrier(id: string, patience: number): Promise<void>;
  drop(id: string, error: Error): void;
  passed(id: string): void;
  refuse(error: Error): void;
}

export function createWaiting(): Waiting {
  const barriers = new Map<string, Waiter>();
  const drop = (id: string, error: Error): void => {
    barriers.get(id)?.reject(error);
    barriers.delete(id);
  };
  return {
    barrier: (id, patience) => {
      const late = setTimeout(() => drop(id, fail('unavailable', 'The log of changes is late.')), patience);
      return new Promise<void>((resolve, reject) => barriers.set(id, { resolve, reject })).finally(() => clearTimeout(late));
    },
    drop,
    passed: (id) => {
      barriers.get(id)?.resolve();
      barriers.delete(id);
    },
    refuse: (error) => {
      for (const waiter of barriers.values()) waiter.reject(error);
      barriers.clear();
    },
  };
}
