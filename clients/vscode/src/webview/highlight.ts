// Colours for code in a page: what tokens.ts finds, as coloured spans.

import { h } from './dom';
import { tokensOf } from './tokens';

/** Nodes for the code: text and coloured spans, whose text together is exactly `text`. */
export function highlight(text: string, name: string): (Node | string)[] {
  if (isDiff(name)) return highlightDiff(text);
  return tokensOf(text, name).map(({ text: piece, kind }) => (kind ? h('span', { class: `hl-${kind}` }, piece) : piece));
}

export function isDiff(name: string): boolean {
  return name === 'diff' || name === 'patch';
}

function highlightDiff(text: string): (Node | string)[] {
  return text.split(/(?<=\n)/).map((row) => {
    const kind = row.startsWith('+') ? 'added' : row.startsWith('-') ? 'removed' : row.startsWith('@@') ? 'keyword' : '';
    return kind ? h('span', { class: `hl-${kind}` }, row) : row;
  });
}
