// A reply as it grows. What is finished is rendered once and left alone; only the last block is rendered again, once a
// frame, and code that is still being written only grows (growing.ts). So the work of a frame does not grow with the reply.

import type { Token } from 'markdown-it';
import { readInfo } from './code';
import { h } from './dom';
import { GrowingCode } from './growing';
import { parse, renderMarkdown, renderTokens, visible, type Tools } from './markdown';

/** A definition of a link, the one thing that changes blocks far before it. */
const REFERENCE = /^[ >*+-]*\[[^\]]+\]:/m;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^\n]*)\n/;

export class StreamedMarkdown {
  readonly element: HTMLElement;
  private text = '';
  /** Where the unfinished last block begins. */
  private settled = 0;
  private tail: HTMLElement;
  private scheduled = false;
  private growing: { from: number; shown: number; code: GrowingCode } | undefined;

  /** `schedule` runs a callback before the next frame; tests give their own. */
  constructor(
    private readonly tools: Tools,
    private readonly onRendered: () => void = () => undefined,
    private readonly schedule: (run: () => void) => void = (run) => void requestAnimationFrame(run),
  ) {
    this.tail = h('div', { class: 'tail' });
    this.element = h('div', { class: 'markdown' }, this.tail);
  }

  push(delta: string): void {
    this.text += delta;
    if (this.scheduled) return;
    this.scheduled = true;
    this.schedule(() => {
      this.scheduled = false;
      this.render();
    });
  }

  /** The whole text is there. Where it equals what was streamed, only its last block is still to be rendered. */
  finish(text = this.text): void {
    if (text === this.text && !REFERENCE.test(text)) this.tail.replaceWith(renderTokens(parse(text.slice(this.settled)), this.tools));
    else this.element.replaceChildren(renderMarkdown(text, this.tools));
    this.text = text;
    this.settled = text.length;
    this.growing = undefined;
    this.scheduled = true;
    this.onRendered();
  }

  private render(): void {
    if (this.growing && this.grow(this.growing)) return this.onRendered();
    const rest = this.text.slice(this.settled);
    const tokens = parse(rest);
    const last = lastBlock(tokens, rest);
    if (last > 0) {
      const done = startOf(tokens[last]!, rest);
      this.tail.before(renderTokens(tokens.slice(0, last), this.tools));
      this.settled += done;
    }
    this.showTail(tokens.slice(last));
    this.onRendered();
  }

  private showTail(tokens: Token[]): void {
    const rest = this.text.slice(this.settled);
    const fence = FENCE.exec(rest);
    if (fence && tokens.length === 1 && tokens[0]!.type === 'fence' && !isClosed(rest, fence[1]!)) {
      const { language, file } = readInfo(fence[2]!);
      const head = h('div', { class: 'code-head' }, h('span', { class: 'code-language' }, [language, file].filter(Boolean).join(' · ')));
      const code = new GrowingCode(language);
      this.tail.replaceChildren(h('div', { class: 'code-block' }, head, h('pre', {}, code.element)));
      this.growing = { from: this.settled + fence[0].length, shown: 0, code };
      this.grow(this.growing);
      return;
    }
    this.growing = undefined;
    this.tail.replaceChildren(renderTokens(tokens, this.tools));
  }

  /** Adds what is new to open code; false when the fence has been closed. */
  private grow(growing: { from: number; shown: number; code: GrowingCode }): boolean {
    const opened = this.text.slice(this.settled, growing.from);
    const marker = FENCE.exec(opened)![1]!;
    const body = this.text.slice(growing.from);
    if (isClosed(`${opened}${body}`, marker)) {
      this.growing = undefined;
      return false;
    }
    growing.code.push(visible(body.slice(growing.shown)));
    growing.shown = body.length;
    return true;
  }
}

/**
 * Index of the token that opens the last block of the top level. One whose first line is still being written does not
 * count: `***` may become `***bold***`, and then it continues the paragraph before.
 */
function lastBlock(tokens: Token[], text: string): number {
  for (let index = tokens.length - 1; index > 0; index--) {
    const token = tokens[index]!;
    if (token.level === 0 && token.nesting >= 0 && text.includes('\n', startOf(token, text))) return index;
  }
  return 0;
}

function startOf(token: Token, text: string): number {
  const line = token.map?.[0] ?? 0;
  let offset = 0;
  for (let row = 0; row < line; row++) offset = text.indexOf('\n', offset) + 1;
  return offset;
}

function isClosed(fenced: string, marker: string): boolean {
  const close = new RegExp(`\\n {0,3}${marker[0] === '`' ? '`' : '~'}{${marker.length},}[ \\t]*(\\n|$)`);
  return close.test(fenced.slice(fenced.indexOf('\n')));
}
