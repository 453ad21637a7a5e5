// What a proposal changes in a file, as whole lines, and how the lines that come are drawn.

import { describe, expect, it } from 'vitest';
import { anchorOf, changesOf, inFront, isAt } from '../src/edits/changes';
import { addedLines, commandLink, plainText, writtenSoFar } from '../src/edits/drawing';
import type { ProposalHunk } from '../src/protocol';

const TEXT = 'def first(a):\n    return a\n\n\ndef second(b):\n    return b\n';

function hunk(index: number, start: [number, number], end: [number, number], oldText: string, newText: string): ProposalHunk {
  const at = ([line, character]: [number, number]): { line: number; character: number } => ({ line, character });
  return { index, uri: 'file:///a.py', kind: 'edit', range: { start: at(start), end: at(end) }, oldText, newText };
}

describe('changes', () => {
  it('show the whole lines that a small edit goes and comes with', () => {
    const [change] = changesOf(TEXT, [hunk(0, [1, 12], [1, 12], '', ' + 1')]);
    expect(change).toMatchObject({ hunks: [0], first: 1, removed: ['    return a'], added: ['    return a + 1'] });
    expect(anchorOf(change!)).toBe(1);
  });

  it('take edits of the same line together, and those apart apart', () => {
    const hunks = [hunk(0, [1, 4], [1, 10], 'return', 'yield'), hunk(1, [1, 11], [1, 12], 'a', 'a + 1'), hunk(2, [5, 12], [5, 12], '', ' + 2')];
    expect(changesOf(TEXT, hunks).map(({ hunks: of, added }) => [of, added])).toEqual([
      [[0, 1], ['    yield a + 1']],
      [[2], ['    return b + 2']],
    ]);
  });

  it('leave out the lines that stay', () => {
    const [change] = changesOf(TEXT, [hunk(0, [0, 0], [2, 0], 'def first(a):\n    return a\n', 'def first(a):\n    """First."""\n    return a\n')]);
    expect(change).toMatchObject({ first: 1, removed: [], added: ['    """First."""'] });
    expect(anchorOf(change!)).toBe(0);
    expect([0, 1, 2].map((line) => isAt(change!, line))).toEqual([true, true, false]);
  });

  it('show lines that only go', () => {
    const [change] = changesOf(TEXT, [hunk(0, [2, 0], [4, 0], '\n\n', '')]);
    expect(change).toMatchObject({ removed: ['', ''], added: [] });
  });

  it('follow their text when lines came above it', () => {
    const hunks = [hunk(0, [1, 11], [1, 12], 'a', 'a + 1'), hunk(1, [5, 11], [5, 12], 'b', 'b + 2')];
    expect(changesOf(`# new\r\n# lines\r\n${TEXT.replaceAll('\n', '\r\n')}`, hunks).map(({ first }) => first)).toEqual([3, 7]);
  });

  it('of several proposals for the same lines, only the one in front is drawn and says which are behind', () => {
    const of = (id: string, hunks: ProposalHunk[]): { proposal: { id: string }; change: ReturnType<typeof changesOf>[number] }[] => {
      const proposal = { id };
      return changesOf(TEXT, hunks).map((change) => ({ proposal, change }));
    };
    const newest = of('newest', [hunk(0, [1, 11], [1, 12], 'a', 'a + 1'), hunk(1, [5, 11], [5, 12], 'b', 'b + 2')]);
    const oldest = of('oldest', [hunk(0, [1, 4], [1, 10], 'return', 'yield')]);
    const apart = of('apart', [hunk(0, [3, 0], [3, 0], '', '# apart')]);
    const shown = (all: typeof newest): string[] => inFront(all).map(({ proposal, change, behind }) => [proposal.id, change.first, ...behind.map(({ id }) => id)].join(' '));
    expect(shown([...newest, ...apart, ...oldest])).toEqual(['newest 1 oldest', 'apart 3', 'newest 5']);
    expect(shown([...oldest, ...newest, ...apart])).toEqual(['oldest 1 newest', 'apart 3']);
  });

  it('leave out what is not there any more', () => {
    expect(changesOf('x = 1\n', [hunk(0, [1, 4], [1, 10], 'return', 'yield')])).toEqual([]);
  });
});

describe('drawn lines', () => {
  it('are tinted to one width and say nothing in HTML of their own', () => {
    const html = addedLines(['x = "<img src=x>"', 'return x'], 'python');
    expect(html).not.toContain('<img');
    expect(html).toContain('&#60;img');
    const lines = html.replace(/<\/?(pre|code)>/g, '').split('\n').map((line) => line.replace(/<[^>]*>/g, '').replace(/&#\d+;/g, '.'));
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(html).toMatch(/<span style="color:var\(--vscode-debugTokenExpression-name\);background-color:var\(--vscode-diffEditor-insertedLineBackground\);">return<\/span>/);
  });

  it('are the last that were written, without fences', () => {
    expect(writtenSoFar('```python\na\nb\n\n', 1)).toEqual(['b']);
    expect(writtenSoFar('```')).toEqual([]);
  });

  it('link to commands with their arguments', () => {
    const [, args] = /\(command:halley\.acceptProposal\?([^) ]+)\)/.exec(commandLink('Accept', 'acceptProposal', ['ab12', [0, 1]]))!;
    expect(JSON.parse(decodeURIComponent(args!))).toEqual(['ab12', [0, 1]]);
  });

  it('show a reason as it is, and never as a link', () => {
    const shown = plainText('Leaves out [all](command:halley.acceptProposal) $(check) <b>é</b>');
    expect(shown).not.toMatch(/[[\]()<>$:]/);
    expect(shown.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))).toBe('Leaves out [all](command:halley.acceptProposal) $(check) <b>é</b>');
  });

  it('find a hunk however far the lines above it have moved', () => {
    const moved = `${'# new\n'.repeat(40)}${TEXT}`;
    expect(changesOf(moved, [hunk(0, [1, 12], [1, 12], '', ' + 1')])).toHaveLength(1);
    expect(changesOf(moved, [hunk(0, [1, 4], [1, 12], 'return a', 'return b')])).toMatchObject([{ first: 41 }]);
    expect(changesOf('nothing', [hunk(0, [1, 4], [1, 12], 'return a', 'return b')])).toEqual([]);
  });
});
