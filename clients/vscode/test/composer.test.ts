// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import type { CompletionItem } from '../src/chat/messages';
import { Composer } from '../src/webview/composer';

const strings = new Proxy({}, { get: (_target, name) => String(name) }) as Record<string, string>;
const item = (insertText: string, end: number): CompletionItem => ({ label: insertText, insertText, detail: '', start: 0, end });
const sent: string[] = [];
let asked = 0;
let composer: Composer;
let input: HTMLTextAreaElement;

/** Types as a user does, and has the list answered. */
function write(text: string, ...items: CompletionItem[]): void {
  input.value = text;
  input.setSelectionRange(text.length, text.length);
  input.dispatchEvent(new Event('input'));
  composer.showCompletions(asked, items);
}

const press = (key: string) => input.dispatchEvent(new KeyboardEvent('keydown', { key, cancelable: true }));

beforeEach(() => {
  sent.length = 0;
  const ignore = () => undefined;
  composer = new Composer(strings, { send: (prompt) => sent.push(prompt), complete: (id) => (asked = id), stop: ignore, attach: ignore, drop: ignore, pickModel: ignore, tools: ignore, mode: ignore, changed: ignore });
  document.body.replaceChildren(composer.element);
  input = composer.element.querySelector('textarea')!;
});

describe('Enter while a list of completions shows', () => {
  it('takes the first of what could be meant', () => {
    write('/com', item('/compact ', 4));
    press('Enter');
    expect([input.value, sent]).toEqual(['/compact ', []]);
    press('Enter');
    expect(sent).toEqual(['/compact']);
  });

  it('sends what is written out already', () => {
    write('/compact', item('/compact ', 8), item('/compactly ', 8));
    press('Enter');
    expect(sent).toEqual(['/compact']);
  });

  it('takes another one that was moved to', () => {
    write('/compact', item('/compact ', 8), item('/compactly ', 8));
    press('ArrowDown');
    press('Enter');
    expect([input.value, sent]).toEqual(['/compactly ', []]);
  });
});
