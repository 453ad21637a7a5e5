// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import type { CancellationToken } from 'vscode';
import { Approvals, type Asker } from '../src/chat/approvals';
import { deferred } from '../src/deferred';
import type { ToolApproveParams, ToolEntry, ToolServer, ToolsList } from '../src/protocol';
import { approvalDetail, changesOf, toolItems } from '../src/workspace/tools';
import { ToolCalls } from '../src/webview/tools';

const asked: ToolApproveParams = { chatId: 'c', turnId: 't', replyId: 'r', callId: 'k', server: 'files', tool: 'write', title: 'Write a file', arguments: { path: 'a' }, argumentsText: '{\n  "path": "a"\n}', readOnly: false };

const tool = (name: string, enabled = true): ToolEntry => ({ name, title: name, description: 'Does it.\nMore.', readOnly: false, enabled, scope: 'default', asks: true, schema: {} });
const server = (name: string, enabled: boolean, tools: ToolEntry[]): ToolServer => ({ name, title: name, state: 'ready', enabled, scope: 'default', trusted: true, transport: 'stdio', tools });
const list = (off: boolean, ...servers: ToolServer[]): ToolsList => ({ off, scope: 'default', servers, approvals: [] });

/** What is ticked when the list is shown, but for the names given, which are the other way round. */
const ticked = (listed: ToolsList, ...flipped: string[]) =>
  toolItems(listed).filter(({ server: of, tool: one, picked }) => of && flipped.includes(one ? `${of.name}/${one.name}` : of.name) !== (picked === true));

describe('which tools are on', () => {
  const both = list(false, server('files', true, [tool('read'), tool('write')]), server('web', false, [tool('fetch', false)]));

  it('nothing is sent when nothing was changed', () => expect(changesOf(both, ticked(both))).toEqual([]));

  it('one tool alone', () => expect(changesOf(both, ticked(both, 'files/write'))).toEqual([{ server: 'files', tool: 'write', enabled: false }]));

  it('a server as a whole', () => {
    expect(changesOf(both, ticked(both, 'files'))).toEqual([{ server: 'files', enabled: false }]);
    expect(changesOf(both, ticked(both, 'web'))).toEqual([{ server: 'web', enabled: true }]);
  });

  it('one tool of a server that was off', () =>
    expect(changesOf(both, ticked(both, 'web/fetch'))).toEqual([
      { server: 'web', enabled: true },
      { server: 'web', tool: 'fetch', enabled: true },
    ]));

  it('something after all tools were off', () => {
    const none = list(true, server('files', true, [tool('read', false), tool('write', false)]));
    expect(changesOf(none, ticked(none))).toEqual([{ server: 'files', enabled: false }]);
    expect(changesOf(none, ticked(none, 'files/read'))).toEqual([{ enabled: true }, { server: 'files', tool: 'read', enabled: true }, { server: 'files', tool: 'write', enabled: false }]);
  });
});

describe('a call that waits for approval', () => {
  const never = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) } as unknown as CancellationToken;
  const page = (visible: () => boolean): Asker & { heard: string[] } => {
    const heard: string[] = [];
    return { heard, shows: visible, ask: ({ callId }) => heard.push(`ask ${callId}`), drop: (callId) => heard.push(`drop ${callId}`), reveal: () => Promise.resolve() };
  };

  it('is asked about in its chat', async () => {
    const approvals = new Approvals(() => Promise.reject(new Error('not here')));
    const shown = page(() => true);
    approvals.serve(shown);
    const answer = approvals.ask(asked, never);
    approvals.answer('k', 'once');
    expect(await answer).toEqual({ decision: 'once' });
    expect(shown.heard).toEqual(['ask k', 'drop k']);
  });

  it('is asked about in a dialog where no chat shows it, once', async () => {
    let dialogs = 0;
    const answered = deferred<'always'>();
    const approvals = new Approvals(() => (dialogs++, answered.promise));
    let isVisible = true;
    approvals.serve(page(() => isVisible));
    const answer = approvals.ask(asked, never);
    isVisible = false;
    approvals.again();
    approvals.again();
    answered.resolve('always');
    expect(await answer).toEqual({ decision: 'always' });
    expect(dialogs).toBe(1);
  });

  it('is asked about in its chat once that is opened, and closing the question outside is no answer then', async () => {
    let isVisible = false;
    const closed = deferred<undefined>();
    const approvals = new Approvals(() => closed.promise);
    const shown = page(() => isVisible);
    approvals.serve(shown);
    const answer = approvals.ask(asked, never);
    isVisible = true;
    approvals.again();
    closed.resolve(undefined);
    await closed.promise;
    await Promise.resolve();
    expect(shown.heard).toEqual(['ask k']);
    approvals.answer('k', 'once');
    expect(await answer).toEqual({ decision: 'once' });
  });

  it('brings the user to its chat', async () => {
    let isVisible = false;
    const approvals = new Approvals(() => Promise.resolve('show'));
    const revealed = deferred<string>();
    const reveal = (chatId: string): Promise<void> => {
      isVisible = true;
      revealed.resolve(chatId);
      return Promise.resolve();
    };
    approvals.serve({ ...page(() => isVisible), reveal });
    const answer = approvals.ask(asked, never);
    expect(await revealed.promise).toBe(asked.chatId);
    approvals.answer('k', 'chat');
    expect(await answer).toEqual({ decision: 'chat' });
  });

  it('is not made when the daemon stops waiting', async () => {
    let stop = (): void => undefined;
    const token = { isCancellationRequested: false, onCancellationRequested: (run: () => void) => ((stop = run), { dispose: () => undefined }) } as unknown as CancellationToken;
    const approvals = new Approvals(() => Promise.reject(new Error('not here')));
    approvals.serve(page(() => true));
    const answer = approvals.ask(asked, token);
    stop();
    expect(await answer).toEqual({ decision: 'deny' });
  });

  it('is shown in full', () => {
    expect(approvalDetail(asked)).toContain(asked.argumentsText);
    expect(approvalDetail({ ...asked, changed: 'It has another description now.' })).toContain('another description');
  });
});

describe('calls in a reply', () => {
  const strings = new Proxy({}, { get: (_target, name) => String(name) }) as Record<string, string>;
  const text = (root: HTMLElement, selector: string): string => root.querySelector(selector)?.textContent ?? '';

  it('are shown with their arguments and result, as text', () => {
    const calls = new ToolCalls(strings, () => undefined);
    calls.take({ type: 'toolCall', replyId: 'r', callId: 'k', server: 'files', tool: 'read', title: 'Read', arguments: '{"path": "<img src=x>"}', state: 'running' });
    calls.take({ type: 'toolResult', replyId: 'r', callId: 'k', state: 'done', text: '<b>bold</b>\u202e' });
    expect(calls.element.querySelectorAll('img, b')).toHaveLength(0);
    expect(text(calls.element, '.tool-state')).toBe('tool-done');
    expect(text(calls.element, '.tool-text:last-child')).toBe('<b>bold</b>[U+202E]');
  });

  it('ask, and take the answer once', () => {
    const said: string[] = [];
    const calls = new ToolCalls(strings, (callId, decision) => said.push(`${callId} ${decision}`));
    calls.ask({ ...asked, always: false });
    const buttons = [...calls.element.querySelectorAll<HTMLElement>('.tool-question button')];
    expect(buttons.map(({ textContent }) => textContent)).toEqual(['toolOnce', 'toolDeny']);
    expect(text(calls.element, '.tool-text')).toBe(asked.argumentsText);
    buttons[0]!.click();
    expect(said).toEqual(['k once']);
    expect(calls.element.querySelectorAll('.tool-question button')).toHaveLength(0);
  });

  it("show an agent's diff or command instead of the arguments, and what a command writes", () => {
    const said: string[] = [];
    const calls = new ToolCalls(strings, (_, decision) => said.push(decision));
    calls.ask({ ...asked, chat: true, why: 'AGENTS.md is guidance for models.', diff: '-n = 1\n+n = 2' });
    expect(text(calls.element, '.tool-text')).toBe('-n = 1\n+n = 2');
    expect(text(calls.element, '.tool-question p')).toContain('guidance for models');
    const buttons = [...calls.element.querySelectorAll<HTMLElement>('.tool-question button')];
    expect(buttons.map(({ textContent }) => textContent)).toEqual(['toolOnce', 'toolChat', 'toolAlways', 'toolDeny']);
    buttons[1]!.click();
    expect(said).toEqual(['chat']);
    calls.take({ type: 'toolCall', replyId: 'r', callId: 'c', server: 'halley', tool: 'run_command', arguments: '{}', command: 'make test', state: 'running' });
    calls.take({ type: 'terminal', replyId: 'r', callId: 'c', delta: 'one ' });
    calls.take({ type: 'terminal', replyId: 'r', callId: 'c', delta: '<b>two</b>\u202e' });
    expect(text(calls.element, '[data-call=c] .tool-text')).toBe('make test');
    expect(text(calls.element, '[data-call=c] .tool-text:last-child')).toBe('one <b>two</b>[U+202E]');
  });

  it('are as they were kept, once a reply is whole', () => {
    const calls = new ToolCalls(strings, () => undefined);
    calls.ask(asked);
    calls.settle([{ callId: 'k', server: 'files', tool: 'write', title: '', arguments: '{}', state: 'denied' }]);
    expect(text(calls.element, '.tool-state')).toBe('tool-denied');
    expect(text(calls.element, '.tool-title')).toBe('write');
    expect(calls.element.querySelectorAll('.tool')).toHaveLength(1);
    expect(calls.element.querySelector<HTMLElement>('.tool-question')?.hidden).toBe(true);
  });
});
