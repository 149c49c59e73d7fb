/** Under which names groups are known, and which of them Postgres has to be asked for. */
import { describe, expect, test } from '@jest/globals';
import { Matcher } from '../../src/realtime/matching/match.ts';
import { anyGroupFor, nobodyOf, relation } from '../property/stream.ts';

describe('the name of a group', () => {
  test('is the same after a restart, and another of another installation', () => {
    const of = (secret: string): string => anyGroupFor({ filter: 'room == "a"' }, undefined, nobodyOf(secret)).id;
    expect(of('one')).toMatch(/^[\w-]{22}$/);
    expect(of('one')).toBe(of('one'));
    expect(of('one')).not.toBe(of('two'));
  });

  test('is that of what is asked, in whichever order it was said', () => {
    const id = (input: object, limit?: number): string => anyGroupFor({ ...input }, limit).id;
    expect(id({ filter: 'room == "a" && flag == true' })).toBe(
      id({ filter: 'flag == $yes and room == $a', params: { yes: true, a: 'a' } }),
    );
    const others = [
      id({ filter: 'room == "a"' }),
      id({ filter: 'room == "b"' }),
      id({ filter: 'room != "a"' }),
      id({ filter: 'room == "a"', sort: 'word' }),
      id({ filter: 'room == "a"', sort: '-word' }),
      id({ filter: 'room == "a"', sort: '-word:last' }),
      id({ filter: 'room == "a"', fields: ['word'] }),
      id({ filter: 'room == "a"', fields: ['word', 'hidden'] }),
      id({ filter: 'room == "a"' }, 20),
      id({ filter: 'room == "a"' }, 21),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  test('is never given twice where it is made of a moment', () => {
    const [one, again] = [anyGroupFor({ filter: 'created < now' }), anyGroupFor({ filter: 'created < now' })];
    expect([one.isMomentary, one.local]).toEqual([true, undefined]);
    expect(one.id).not.toBe(again.id);
  });
});

describe('a group', () => {
  test('asks Postgres where a row is not enough, and is told when it may have changed', () => {
    const matcher = new Matcher();
    const asking = [anyGroupFor({ search: undefined, can: ['update'] }), anyGroupFor({ filter: 'created < now' })];
    const local = anyGroupFor({ filter: 'room == "a"' });
    for (const group of [...asking, local]) matcher.add(group);
    expect(asking.map(({ local: judged, tables }) => [judged, [...tables]])).toEqual([
      [undefined, ['public.things']],
      [undefined, ['public.things']],
    ]);
    const change = { op: 'truncate', relation } as const;
    expect(matcher.route([change])).toEqual({ stale: new Set(asking), concerned: [{ group: local, changes: ['truncate'] }] });
    expect(matcher.route([{ ...change, relation: { ...relation, name: 'others' } }])).toEqual({ stale: new Set(), concerned: [] });
    for (const group of [...asking, local]) matcher.remove(group);
    expect(matcher.route([change])).toEqual({ stale: new Set(), concerned: [] });
  });
});
