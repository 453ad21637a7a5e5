// A proposal's hunks as a reader sees them in a file: whole lines that go and whole lines that come. A hunk of the daemon's is as
// small as a letter; those that touch the same lines are one change here. Nothing of VS Code's API.

import type { ProposalHunk, Range as WireRange } from '../protocol';

export interface Change {
  /** Indices of the proposal's hunks that make it. */
  hunks: number[];
  /** First line that goes, from 0; where none goes, the line that the new ones come before. */
  first: number;
  removed: string[];
  added: string[];
  /** Exact places of what goes, in the text as it is now. */
  exact: WireRange[];
}

type Placed = ProposalHunk & { range: WireRange };

/** The changes that the hunks make to the text, from the top. A hunk whose old text is not there any more is left out. */
export function changesOf(text: string, hunks: readonly ProposalHunk[]): Change[] {
  const lines = text.split(/\r\n|\r|\n/);
  return groups(placed(lines, hunks)).map((group) => changeOf(lines, group));
}

/** The line that the new lines stand below: the last that goes, or the one before. */
export function anchorOf({ first, removed }: Change): number {
  return Math.max(0, first + removed.length - 1);
}

/** Whether the cursor, at this line, is at the change. */
export function isAt(change: Change, line: number): boolean {
  return line >= Math.min(change.first, anchorOf(change)) && line <= Math.max(change.first, anchorOf(change));
}

/** Those to draw where several proposals change the same lines: of those only the first, with the others that are behind each
 * change. `all` has each proposal's changes together, the one in front first. */
export function inFront<T extends { proposal: { id: string }; change: Change }>(all: readonly T[]): (T & { behind: T['proposal'][] })[] {
  const shown: (T & { behind: T['proposal'][] })[] = [];
  for (const proposal of new Set(all.map((one) => one.proposal))) {
    const its = all.filter((one) => one.proposal === proposal);
    const over = shown.filter((one) => its.some(({ change }) => doMeet(one.change, change)));
    if (over.length === 0) shown.push(...its.map((one) => ({ ...one, behind: [] })));
    for (const one of over) one.behind.push(proposal);
  }
  return shown.sort((one, other) => one.change.first - other.change.first);
}

function doMeet(one: Change, other: Change): boolean {
  return [other.first, anchorOf(other)].some((line) => isAt(one, line)) || isAt(other, one.first);
}

// Lines may have come or gone above a hunk since: its old text is looked for at the distance where the one before was found.
function placed(lines: readonly string[], hunks: readonly ProposalHunk[]): Placed[] {
  const found: Placed[] = [];
  let by = 0;
  for (const hunk of hunks) {
    if (!hunk.range) continue;
    const old = (hunk.oldText ?? '').replace(/\r\n?/g, '\n');
    const distance = nearest(by, lines.length, (rows) => textAt(lines, moved(hunk.range!, rows)) === old);
    if (distance === undefined) continue;
    by = distance;
    found.push({ ...hunk, range: moved(hunk.range, distance) });
  }
  return found.sort((one, other) => one.range.start.line - other.range.start.line || one.range.start.character - other.range.start.character);
}

function nearest(from: number, most: number, fits: (rows: number) => boolean): number | undefined {
  if (fits(from)) return from;
  for (let step = 1; step <= most; step++) {
    const found = [from + step, from - step].find(fits);
    if (found !== undefined) return found;
  }
  return undefined;
}

function moved({ start, end }: WireRange, rows: number): WireRange {
  return { start: { ...start, line: start.line + rows }, end: { ...end, line: end.line + rows } };
}

function textAt(lines: readonly string[], { start, end }: WireRange): string | undefined {
  if (start.line < 0 || end.line >= lines.length) return undefined;
  if (start.line === end.line) return lines[start.line]!.slice(start.character, end.character);
  return [lines[start.line]!.slice(start.character), ...lines.slice(start.line + 1, end.line), lines[end.line]!.slice(0, end.character)].join('\n');
}

function groups(hunks: readonly Placed[]): Placed[][] {
  const found: Placed[][] = [];
  for (const hunk of hunks) {
    const last = found.at(-1);
    if (last && hunk.range.start.line <= last.at(-1)!.range.end.line) last.push(hunk);
    else found.push([hunk]);
  }
  return found;
}

function changeOf(lines: readonly string[], hunks: readonly Placed[]): Change {
  const first = hunks[0]!.range.start.line;
  const last = Math.max(...hunks.map(({ range }) => range.end.line));
  const old = lines.slice(first, last + 1);
  const made = written(lines, hunks, last);
  const before = common(old, made);
  const after = Math.min(common([...old].reverse(), [...made].reverse()), Math.min(old.length, made.length) - before);
  return {
    hunks: hunks.map(({ index }) => index),
    first: first + before,
    removed: old.slice(before, old.length - after),
    added: made.slice(before, made.length - after),
    exact: hunks.map(({ range }) => range),
  };
}

/** The lines as the hunks make them. */
function written(lines: readonly string[], hunks: readonly Placed[], last: number): string[] {
  let text = '';
  let at = { line: hunks[0]!.range.start.line, character: 0 };
  for (const { range, newText } of hunks) {
    text += `${textAt(lines, { start: at, end: range.start }) ?? ''}${newText ?? ''}`;
    at = range.end;
  }
  text += textAt(lines, { start: at, end: { line: last, character: lines[last]!.length } }) ?? '';
  return text.split(/\r\n|\r|\n/);
}

function common(one: readonly string[], other: readonly string[]): number {
  let count = 0;
  while (count < one.length && count < other.length && one[count] === other[count]) count++;
  return count;
}
