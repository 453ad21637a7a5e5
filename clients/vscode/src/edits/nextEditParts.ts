// What of a next edit is struck and what is written in its place, line by line. No `vscode` here.

export interface LinePart {
  /** From the first line that the edit touches. */
  line: number;
  /** Characters that go, from `start` to `end`; what comes stands after them. */
  start: number;
  end: number;
  added: string;
}

/** The whole lines an edit touches, before and after; `start` and `end` are characters of the first and last of them. */
export function wholeLines(lines: readonly string[], start: number, end: number, text: string): { before: string[]; after: string[] } {
  const [first = '', last = ''] = [lines[0], lines.at(-1)];
  return { before: [...lines], after: (first.slice(0, start) + text.replaceAll('\r\n', '\n') + last.slice(end)).split('\n') };
}

/** The parts to draw within lines; undefined where lines come or go, which has to be drawn below them. */
export function partsOf(before: readonly string[], after: readonly string[]): LinePart[] | undefined {
  if (before.length !== after.length) return undefined;
  return before.flatMap((old, line) => {
    const now = after[line]!;
    if (old === now) return [];
    const start = commonStart(old, now);
    const tail = commonEnd(old, now, start);
    return [{ line, start, end: old.length - tail, added: now.slice(start, now.length - tail) }];
  });
}

/** What words begin with is shown with them. */
function commonStart(old: string, now: string): number {
  let at = 0;
  while (at < old.length && at < now.length && old[at] === now[at]) at++;
  if (isWord(old[at]) || isWord(now[at])) while (at > 0 && isWord(old[at - 1])) at--;
  return at;
}

function commonEnd(old: string, now: string, start: number): number {
  let count = 0;
  const most = Math.min(old.length, now.length) - start;
  while (count < most && old[old.length - 1 - count] === now[now.length - 1 - count]) count++;
  const splits = isWord(old[old.length - 1 - count]) || isWord(now[now.length - 1 - count]);
  if (splits) while (count > 0 && isWord(old[old.length - count])) count--;
  return count;
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{N}\p{M}_\uD800-\uDFFF]/u.test(char);
}
