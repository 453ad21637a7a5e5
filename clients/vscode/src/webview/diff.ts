// A diff, as text with its lines coloured, or as hunks to choose from. All of it is text and nothing else.

import { h } from './dom';
import { visible } from './markdown';

/** Whole lines of an edit. */
export interface Hunk {
  line: number;
  oldText: string;
  newText: string;
}

const KINDS: [RegExp, string][] = [
  [/^(\+\+\+|---) /, 'file'],
  [/^@@/, 'place'],
  [/^\+/, 'added'],
  [/^-/, 'removed'],
];

/** The lines of a unified diff. */
export function diffLines(text: string): HTMLElement[] {
  const lines = visible(text).replace(/\n$/, '').split('\n');
  return ended(lines.map((line) => lineOf(line, KINDS.find(([pattern]) => pattern.test(line))?.[1])));
}

/** The lines of a hunk: those removed, then those added, without the ones that both have at either end. */
export function hunkLines({ oldText, newText }: Hunk): HTMLElement[] {
  const [old, now] = [linesOf(oldText), linesOf(newText)];
  let [before, after] = [0, 0];
  while (before < old.length && before < now.length && old[before] === now[before]) before++;
  while (after < old.length - before && after < now.length - before && old.at(-1 - after) === now.at(-1 - after)) after++;
  const part = (lines: string[]): string[] => lines.slice(before, lines.length - after);
  return ended([
    ...old.slice(0, before).map((line) => lineOf(` ${line}`)),
    ...part(old).map((line) => lineOf(`-${line}`, 'removed')),
    ...part(now).map((line) => lineOf(`+${line}`, 'added')),
    ...old.slice(old.length - after).map((line) => lineOf(` ${line}`)),
  ]);
}

/** A box for each hunk, all ticked; `chosen` are those still ticked, by their place. */
export class HunkPicker {
  readonly element = h('div', { class: 'hunks' });
  private readonly boxes: HTMLInputElement[] = [];

  constructor(
    hunks: Hunk[],
    label: (number: number, line: number) => string,
    private readonly changed: () => void,
  ) {
    this.element.append(...hunks.map((hunk, index) => this.row(hunk, label(index + 1, hunk.line + 1))));
  }

  get chosen(): number[] {
    return this.boxes.flatMap(({ checked }, index) => (checked ? [index] : []));
  }

  get isAll(): boolean {
    return this.chosen.length === this.boxes.length;
  }

  private row(hunk: Hunk, label: string): HTMLElement {
    const box = h('input', { type: 'checkbox', checked: true, onchange: () => this.changed() });
    this.boxes.push(box);
    return h('div', { class: 'hunk' }, h('label', {}, box, ` ${label}`), h('pre', { class: 'tool-text diff', tabindex: 0 }, ...hunkLines(hunk)));
  }
}

function linesOf(text: string): string[] {
  const lines = visible(text).split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** Each on a line of its own, as text too: that is what is copied. */
function ended(lines: HTMLElement[]): HTMLElement[] {
  for (const line of lines.slice(0, -1)) line.append('\n');
  return lines;
}

function lineOf(text: string, kind = 'same'): HTMLElement {
  return h('span', { class: `diff-line ${kind}` }, text);
}
