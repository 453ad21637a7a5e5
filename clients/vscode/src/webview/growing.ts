// Code that is still being written, in colours. What can no longer change is coloured once and left alone; only the lines
// after it are coloured again, so the work of a frame does not grow with the block.

import { h } from './dom';
import { highlight, isDiff } from './highlight';
import { tokensOf } from './tokens';

/** An open comment or string longer than this is left as it is; its rest starts afresh. */
const LONGEST_TAIL = 8000;

export class GrowingCode {
  readonly element: HTMLElement;
  private readonly done = h('span');
  private readonly open = h('span');
  private tail = '';

  constructor(private readonly language: string) {
    this.element = h('code', { class: 'hl' }, this.done, this.open);
  }

  push(text: string): void {
    this.tail += text;
    const settled = this.tail.length > LONGEST_TAIL ? this.tail.length : lastLineOf(this.tail, this.language);
    this.done.append(...highlight(this.tail.slice(0, settled), this.language));
    this.tail = this.tail.slice(settled);
    this.open.replaceChildren(...highlight(this.tail, this.language));
  }
}

/** Where the line begins that is being written, or the comment or string over several lines that is. */
function lastLineOf(text: string, language: string): number {
  if (isDiff(language)) return text.lastIndexOf('\n') + 1;
  let [found, at] = [0, 0];
  for (const { text: piece, kind } of tokensOf(text, language)) {
    if (!kind && piece.includes('\n')) found = at + piece.lastIndexOf('\n') + 1;
    at += piece.length;
  }
  return found;
}
