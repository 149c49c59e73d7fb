/** What is typed → what is sent: numbers, dates, changed keys. */
import { describe, expect, test } from '@jest/globals';
import { parsePlace, showPlace } from '../src/fields/places.ts';
import { changedKeys } from '../src/data/data-provider.ts';
import { fromLocalInput, toLocalInput } from '../src/fields/dates.ts';
import { parseDecimal, parseNumber } from '../src/fields/numbers.ts';

describe('numbers', () => {
  test.each([
    ['', null],
    [' 12 ', 12],
    ['-0.5', -0.5],
    ['0.1', 0.1],
    ['1e3', 1000],
    ['1200', 1200],
    ['007.50', 7.5],
    ['9007199254740991', 9007199254740991],
    ['0', 0],
    ['1e-7', 1e-7],
  ])('%p is %p', (typed, value) => expect(parseNumber(typed, false)).toEqual({ value }));

  test.each([
    ['1,5', false, 'field.notNumber'],
    ['Infinity', false, 'field.notNumber'],
    ['1e999', false, 'field.tooLarge'],
    ['1.5', true, 'field.notInteger'],
    ['9007199254740993', true, 'field.tooLarge'],
    ['0.12345678901234567891', false, 'field.tooPrecise'],
  ])('%p (integer %p) is refused: %s', (typed, integer, problem) => expect(parseNumber(typed, integer)).toEqual({ problem }));

  test('a decimal stays the text that was typed', () => {
    expect(parseDecimal('12345678901234567890.10')).toEqual({ value: '12345678901234567890.10' });
    expect(parseDecimal('1e5')).toEqual({ problem: 'field.notNumber' });
  });
});

test.each(['2026-07-01T08:00:00.000Z', '2026-01-31T23:59:59.123Z', '0999-01-01T00:00:00.000Z'])(
  '%s comes back from the input unchanged',
  (iso) => {
    expect(fromLocalInput(toLocalInput(iso))).toBe(iso);
  },
);

test('only what was changed is sent; an emptied field is sent as null', () => {
  const before = { title: 'a', views: 1, meta: { a: [1] }, due: null };
  expect(changedKeys(before, { title: 'a', views: 2, meta: { a: [1] }, due: null })).toEqual({ views: 2 });
  expect(changedKeys(before, { ...before, title: null })).toEqual({ title: null });
  expect(changedKeys(before, { ...before, added: null })).toEqual({});
});

test('a place is two numbers on the earth; none is null, half of one is refused', () => {
  expect(parsePlace('52.5 -13.25')).toEqual({ value: { lat: 52.5, lon: -13.25 } });
  expect(parsePlace(' ')).toEqual({ value: null });
  expect(parsePlace('52.5 ')).toEqual({ problem: 'field.halfPlace' });
  expect(parsePlace('91 0')).toEqual({ problem: 'field.offEarth' });
  expect(parsePlace(showPlace({ lat: -0.5, lon: 180 }))).toEqual({ value: { lat: -0.5, lon: 180 } });
});
