// What a turn brought in: a line that counts it, and a chip for each piece, which opens where it is from. Shown as soon as the
// daemon has read it, before any text of the reply arrives.

import { compact } from '../figures';
import type { ChatExcerpt } from '../protocol';
import { h } from './dom';
import { visible } from './markdown';

/** More than these are folded away. */
const MOST_OPEN = 6;

export function references(excerpts: ChatExcerpt[], strings: Record<string, string>, open: (href: string) => void): HTMLElement {
  const count = (excerpts.length === 1 ? strings.usedOne! : strings.usedMany!).replace('{0}', String(excerpts.length));
  const tokens = excerpts.reduce((sum, excerpt) => sum + excerpt.tokens, 0);
  return h(
    'details',
    { class: 'references', open: excerpts.length <= MOST_OPEN },
    h('summary', {}, `${count} · ${compact(tokens)} ${strings.tokens!}`),
    h('div', { class: 'chips' }, ...excerpts.map((excerpt) => chip(excerpt, strings, open))),
  );
}

function chip(excerpt: ChatExcerpt, strings: Record<string, string>, open: (href: string) => void): HTMLElement {
  const { uri, line, lastLine, tokens } = excerpt;
  const text = `${nameOf(excerpt)} · ${compact(tokens)}`;
  const source = visible(excerpt.source.replaceAll('`', ''));
  const title = `${source} · ${compact(tokens)} ${strings.tokens!}`;
  if (!uri || line == null) return h('span', { class: 'chip', title }, text);
  return h('button', { type: 'button', class: 'chip', title, onclick: () => open(`${uri}#L${line}-${lastLine ?? line}`) }, text);
}

/** `orders.py:10–42`; for what is no file's, as its variable calls it. */
export function nameOf({ source, label, line, lastLine }: ChatExcerpt): string {
  const path = label.replace(/:\d+$/, '');
  if (!path) return visible(source.replaceAll('`', ''));
  const file = visible(path.slice(path.lastIndexOf('/') + 1));
  if (line == null) return file;
  return lastLine != null && lastLine > line ? `${file}:${line}–${lastLine}` : `${file}:${line}`;
}
