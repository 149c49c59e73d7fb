/** What came in one moment is begun one by one, and others have their turns in between. */
import { expect, test } from '@jest/globals';
import { Lane } from '../../src/kit/lane.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('one piece is begun in each turn, in their order, and another may be added by one of them', async () => {
  const lane = new Lane();
  const begun: string[] = [];
  lane.add(() => {
    begun.push('first');
    lane.add(() => begun.push('added'));
  });
  for (const name of ['second', 'third']) lane.add(() => begun.push(name));
  expect(begun).toEqual([]);
  const seen: number[] = [];
  while (begun.length < 4) {
    await turn();
    seen.push(begun.length);
  }
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(begun).toEqual(['first', 'second', 'third', 'added']);
  lane.add(() => begun.push('later'));
  await turn();
  expect(begun).toHaveLength(5);
});

test('a turn that lets somebody in begins nothing, and the next one does', async () => {
  const lane = new Lane();
  let begun = 0;
  lane.skip();
  for (let n = 0; n < 2; n++) lane.add(() => begun++);
  const seen: number[] = [];
  for (const skips of [false, true, true, false]) {
    if (skips) lane.skip();
    await turn();
    seen.push(begun);
  }
  expect(seen).toEqual([1, 1, 1, 2]);
});

test('nobody is kept out by others who let themselves in without end', async () => {
  const lane = new Lane();
  let [begun, turns] = [0, 0];
  lane.add(() => begun++);
  for (; begun === 0; turns++) {
    lane.skip();
    await turn();
  }
  expect(turns).toBeGreaterThan(1);
});
