// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import type { ToolApproveParams } from '../src/protocol';
import { CheckpointView } from '../src/webview/checkpoints';
import { hunkLines } from '../src/webview/diff';
import { HistoryView } from '../src/webview/history';
import { PlanView } from '../src/webview/plan';
import { QueueView } from '../src/webview/queue';
import { ToolCalls } from '../src/webview/tools';

const strings = new Proxy({}, { get: (_target, name) => String(name) }) as Record<string, string>;
const asked: ToolApproveParams = { chatId: 'c', turnId: 't', replyId: 'r', callId: 'k', server: 'halley', tool: 'edit_file', title: 'Edit a file', arguments: {}, argumentsText: '{}', readOnly: false, chat: true, always: true };
const hunks = [1, 9].map((line) => ({ line, oldText: `${line}\n`, newText: `${line}0\n` }));
const buttons = (element: HTMLElement): HTMLButtonElement[] => [...element.querySelectorAll<HTMLButtonElement>('.tool-question button')];
const shown = (element: HTMLElement): (string | null)[] => buttons(element).filter(({ hidden }) => !hidden).map(({ textContent }) => textContent);

describe('an edit in several places', () => {
  it('is approved hunk by hunk, and whole where all stay ticked', () => {
    const said: unknown[] = [];
    const calls = new ToolCalls(strings, (...answer) => said.push(answer));
    calls.ask({ ...asked, diff: '--- a.py\n+++ a.py\n@@ -1 +1 @@\n-1\n+10', hunks });
    expect(calls.element.querySelector('.tool-about')!.textContent).toBe('a.py');
    expect(shown(calls.element)).toEqual(['toolOnce', 'toolChat', 'toolAlways', 'toolDeny']);
    const [first, second] = calls.element.querySelectorAll<HTMLInputElement>('.hunk input');
    const tick = (box: HTMLInputElement, checked: boolean): void => {
      box.checked = checked;
      box.dispatchEvent(new Event('change'));
    };
    tick(first!, false);
    expect(shown(calls.element)).toEqual(['allowHunks', 'toolDeny']);
    tick(second!, false);
    expect(buttons(calls.element)[0]!.disabled).toBe(true);
    tick(second!, true);
    buttons(calls.element)[0]!.click();
    calls.ask({ ...asked, callId: 'l', diff: '-1\n+10', hunks });
    buttons(calls.element)[0]!.click();
    expect(said).toEqual([['k', 'once', [1]], ['l', 'once', undefined]]);
  });

  it('shows a hunk as what goes and what comes, and its context once', () => {
    const lines = hunkLines({ line: 0, oldText: 'a\nb\u202e\nc\n', newText: 'a\nB\nc\n' });
    expect(lines.map(({ textContent }) => textContent).join('')).toBe(' a\n-b[U+202E]\n+B\n c');
    expect(hunkLines({ line: 0, oldText: 'a\na\n', newText: 'a\n' }).map(({ textContent }) => textContent)).toEqual([' a\n', '-a']);
  });
});

describe('a plan', () => {
  it('is agreed to, changed in words, or discarded', () => {
    const said: string[] = [];
    const calls = new ToolCalls(strings, (_, decision) => said.push(decision), () => said.push('change'));
    const plan = { ...asked, tool: 'write_plan', command: '1. Read <b>it</b>\n2. Change it', chat: false, always: false };
    for (const callId of ['a', 'b', 'c']) calls.ask({ ...plan, callId });
    expect([...calls.element.querySelectorAll('[data-call=a] .plan-text')].map(({ textContent }) => textContent)).toEqual(['Read <b>it</b>', 'Change it']);
    for (const [callId, index] of [['a', 0], ['b', 1], ['c', 2]] as const) buttons(calls.element.querySelector<HTMLElement>(`[data-call=${callId}]`)!)[index]!.click();
    expect(said).toEqual(['once', 'deny', 'change', 'deny']);
  });

  it('ticks its steps and counts them', () => {
    const view = new PlanView(strings);
    expect(view.element.hidden).toBe(true);
    view.show([{ text: 'One', state: 'done' }, { text: 'Two', state: 'doing' }]);
    expect(view.element.querySelector('summary')!.textContent).toBe('plan 1/2');
    expect([...view.element.querySelectorAll('li')].map((row) => row.dataset.state)).toEqual(['done', 'doing']);
  });
});

describe('what a turn changed', () => {
  const checkpoint = { id: 'one', chatId: 'c', turnId: 't', label: '', created: 0, files: ['a.py', 'b.py'] };
  const click = (view: CheckpointView, text: string): void => [...view.element.querySelectorAll('button')].find(({ textContent }) => textContent === text)!.click();

  it('is shown when asked for, restored by file, and what the user changed since only after a second question', () => {
    const said: unknown[] = [];
    const view = new CheckpointView(checkpoint, strings, { diff: (id) => said.push(['diff', id]), restore: (...what) => said.push(what), review: (...what) => said.push(['review', ...what]) });
    click(view, 'showChanges');
    view.showDiff([{ path: 'a.py', kind: 'edit', hunks: [{ line: 0, oldText: '1\n', newText: '2\n' }] }]);
    expect(view.element.querySelector('.diff')!.textContent).toBe('-1\n+2');
    click(view, 'restoreFile');
    view.restored({ restored: ['a.py'], changed: ['b.py'], failed: [], undo: 'back' });
    expect(view.element.querySelector('.checkpoint-note span')!.textContent).toBe('restored a.py. changedSince b.py.');
    click(view, 'undoRestore');
    click(view, 'restoreAnyway');
    click(view, 'reviewHunks');
    expect(said).toEqual([['diff', 'one'], ['one', ['a.py']], ['back'], ['one', ['b.py'], true], ['review', 'one']]);
  });
});

it('messages that wait are listed and each can be taken back', () => {
  const said: number[] = [];
  const view = new QueueView(strings, (id) => said.push(id));
  expect(view.element.hidden).toBe(true);
  view.add(4, 'One');
  view.add(5, '<b>Two</b>');
  expect([...view.element.querySelectorAll('.queue-text')].map(({ textContent }) => textContent)).toEqual(['One', '<b>Two</b>']);
  const buttons = [...view.element.querySelectorAll('button')];
  expect(buttons.map((button) => button.getAttribute('aria-label'))).toEqual(['withdraw: One', 'withdraw: <b>Two</b>']);
  buttons[1]!.click();
  expect(said).toEqual([5]);
  view.remove(5);
  expect([view.size, view.element.hidden]).toEqual([1, false]);
  view.clear();
  expect(view.element.hidden).toBe(true);
});

it('the list of chats has those first that wait for an approval', () => {
  const opened: string[] = [];
  const view = new HistoryView(strings, { open: (id: string) => opened.push(id) } as never);
  const row = (chatId: string, state?: 'running' | 'asking'): never => ({ chatId, title: chatId, created: '', updated: '', turns: 1, state }) as never;
  view.setRows([row('a'), row('b', 'running'), row('c', 'asking')]);
  expect([...view.element.querySelectorAll('.chat-row')].map((one) => [one.querySelector('.chat-title')!.textContent, one.querySelector('.chat-state')?.textContent])).toEqual([
    ['c', 'tool-asking'],
    ['a', undefined],
    ['b', 'tool-running'],
  ]);
  view.element.querySelector<HTMLElement>('.chat-row')!.click();
  expect(opened).toEqual(['c']);
});
