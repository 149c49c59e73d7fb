/**
 * How much of what is gone stays in memory.
 *
 * V8 lets its heap grow to up to four times of what lives in it before all of it is collected: of ten thousand connections that came one
 * after the other, the remains of their handshakes were more than they themselves, and stayed. A small heap may grow so, or it is
 * collected all the time; a large one grows by a part of itself.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { limits } from './limits.ts';

/** V8 reads this flag at the end of each collection, so that it may change while it runs. Gives back what ends it. */
export function boundHeap(): () => void {
  let before = 0;
  const look = (): void => {
    const { bytes, percent } = limits.heap;
    const growth = Math.max(percent, Math.round((100 * bytes) / getHeapStatistics().used_heap_size));
    if (growth !== before) setFlagsFromString(`--heap-growing-percent=${growth}`);
    before = growth;
  };
  look();
  const timer = setInterval(look, limits.heap.look);
  return () => clearInterval(timer);
}
