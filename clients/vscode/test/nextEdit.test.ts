// What of a next edit is struck, and what is written in its place.

import { describe, expect, it } from 'vitest';
import { partsOf, wholeLines } from '../src/edits/nextEditParts';

function drawn(before: string, after: string): string[] | undefined {
  const old = before.split('\n');
  return partsOf(old, after.split('\n'))?.map(({ line, start, end, added }) => `${line}: ${old[line]!.slice(start, end)}→${added}`);
}

describe('the parts of a next edit', () => {
  it('are whole words', () => expect(drawn('print(area(2))', 'print(areas(2))')).toEqual(['0: area→areas']));
  it('are what is put in, where nothing goes', () => expect(drawn('area(2, 3)', 'area(2, 3, 0)')).toEqual(['0: →, 0']));
  it('are of each line by itself', () => expect(drawn('a(1)\nb\na(2)', 'c(1)\nb\nc(2)')).toEqual(['0: a→c', '2: a→c']));
  it('never split a character', () => expect(drawn('x = "😀"', 'x = "😁"')).toEqual(['0: 😀→😁']));
  it('are none where lines come or go', () => expect(drawn('a', 'a\nb')).toBeUndefined());
  it('together are the new lines, and the rest is the old ones', () => {
    for (const [old, now] of [['foo(bar, baz)', 'foo(baz)'], ['', 'x'], ['aa', 'a'], ['abc abc', 'abc'], ['if x:', 'if xx and y:']] as const) {
      const [part] = partsOf([old], [now])!;
      expect(old.slice(0, part!.start) + part!.added + old.slice(part!.end)).toBe(now);
    }
  });
});

it('whole lines have what stands around the edit', () => {
  expect(wholeLines(['one two', 'three four'], 4, 5, 'x\r\ny')).toEqual({ before: ['one two', 'three four'], after: ['one x', 'y four'] });
});
