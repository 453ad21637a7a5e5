import { describe, expect, it } from 'vitest';
import { PartialAcceptance } from '../src/edits/completion';

const URI = 'file:///w/a.py';
const told = { title: 'Accepted', command: 'halley.completion.accepted', arguments: [{ uri: URI, model: 'lab/fast', language: 'python', characters: 30 }] };

function offered(...texts: string[]): PartialAcceptance {
  const parts = new PartialAcceptance();
  parts.offer(URI, 10, texts.map((insertText) => ({ insertText, range: undefined, command: told })), () => '');
  return parts;
}
const comes = (text: string, rangeOffset = 10, rangeLength = 0) => [{ rangeOffset, rangeLength, text }];

describe('a suggestion accepted in part', () => {
  it('is reported word by word and line by line, and the last piece is left to the editor', () => {
    const parts = offered('width * height\n    return it');
    expect(parts.changed(URI, comes('width'))).toEqual({ command: told.command, argument: { ...told.arguments[0], partial: true, characters: 5 } });
    expect(parts.changed(URI, comes(' * height\n', 15))?.argument).toMatchObject({ partial: true, characters: 10 });
    expect(parts.changed(URI, comes('    return it', 25))).toBeUndefined();
  });

  it('is one of several, and counts line ends of Windows once', () => {
    const parts = offered('one()', 'two()\nthree()');
    expect(parts.changed(URI, comes('two()\r\n'))?.argument).toMatchObject({ characters: 6 });
    expect(parts.changed(URI, comes('three', 17))?.argument).toMatchObject({ characters: 5 });
  });

  it('is not what the user types along, pastes elsewhere or writes instead', () => {
    const parts = offered('{ a }\n    next line');
    for (const [at, key] of [[10, '{'], [11, ' '], [12, 'a']] as const) expect(parts.changed(URI, comes(key, at))).toBeUndefined();
    expect(parts.changed('file:///w/b.py', comes(' }', 13))).toBeUndefined();
    expect(parts.changed(URI, comes(' }\n    next', 13))?.argument).toMatchObject({ characters: 11 });
    expect(offered('\n    next').changed(URI, comes('\n    '))).toBeUndefined();
    expect(offered('next line').changed(URI, comes('next', 3))).toBeUndefined();
    expect(offered('next line').changed(URI, comes('next', 10, 2))).toBeUndefined();
    const other = offered('next line');
    expect(other.changed(URI, comes('nothing'))).toBeUndefined();
    expect(other.changed(URI, comes('next'))).toBeUndefined();
  });

  it('leaves out what stood there already', () => {
    const parts = new PartialAcceptance();
    parts.offer(URI, 10, [{ insertText: 'print(value)', range: undefined, command: told }], () => 'pri');
    expect(parts.changed(URI, comes('nt(value'))?.argument).toMatchObject({ characters: 8 });
  });
});
