/** What is remembered of those who ask: who comes while it is read is told what was read after he asked. */
import { expect, test } from '@jest/globals';
import { Remembered } from '../../src/auth/remembered.ts';

test('many who ask at once are one reading after the one under way, and none is told what was read before he asked', async () => {
  const memory = new Remembered<{ readonly version: number }>();
  const readings: ((found: { version: number } | undefined) => void)[] = [];
  const look = (): Promise<{ version: number } | undefined> => new Promise((resolve) => readings.push(resolve));
  const first = memory.read('session', 1, look);
  const others = Array.from({ length: 100 }, () => memory.read('session', 1, look));
  expect(readings).toHaveLength(1);
  readings[0]?.({ version: 1 });
  expect(await first).toEqual({ version: 1 });
  await new Promise(setImmediate);
  expect(readings).toHaveLength(2);
  readings[1]?.({ version: 2 });
  expect(await Promise.all(others)).toEqual(others.map(() => ({ version: 2 })));
  expect(memory.get('session')).toEqual({ version: 2 });
});

test('a reading that fails is not the end of the next one', async () => {
  const memory = new Remembered<{ readonly version: number }>();
  const failed = memory.read('session', 1, () => Promise.reject(new Error('lost')));
  const next = memory.read('session', 1, () => Promise.resolve({ version: 1 }));
  await expect(failed).rejects.toThrow('lost');
  expect(await next).toEqual({ version: 1 });
});

test('what was read while something was heard is not remembered', async () => {
  const memory = new Remembered<{ readonly version: number }>();
  let done = (_found: { version: number }): void => undefined;
  const read = memory.read('session', 1, () => new Promise((resolve) => (done = resolve)));
  memory.forget('session');
  done({ version: 1 });
  expect(await read).toEqual({ version: 1 });
  expect(memory.get('session')).toBeUndefined();
});
