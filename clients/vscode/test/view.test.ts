import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Approvals } from '../src/chat/approvals';
import type { FromPage, ToPage } from '../src/chat/messages';
import { ChatView } from '../src/chat/view';
import type { Halley } from '../src/halley';
import type { RichEvent } from '../src/wire';

vi.mock('vscode', async () => {
  const listen = (): object => ({ dispose: () => undefined });
  class CancellationTokenSource {
    private readonly listeners: (() => void)[] = [];
    readonly token = { onCancellationRequested: (run: () => void) => this.listeners.push(run) };
    cancel(): void {
      for (const run of this.listeners) run();
    }
  }
  const real = await vi.importActual<Record<string, object>>('./vscode');
  return {
    ...real,
    CancellationTokenSource,
    window: { visibleTextEditors: [], onDidChangeActiveTextEditor: listen, onDidChangeActiveColorTheme: listen },
    workspace: { ...real.workspace, onDidChangeConfiguration: listen },
    env: { language: 'en' },
  };
});
vi.mock('../src/chat/page', () => ({ buildPage: () => '', webviewOptions: () => ({}) }));
vi.mock('../src/chat/colours', () => ({ themeColours: () => Promise.resolve({}) }));

interface Stream {
  params: { chatId?: string; prompt: string };
  events(events: Partial<RichEvent>[]): void;
  end(result: object): void;
  cancelled: boolean;
}

/** A view with its page open, beside a daemon that streams what the test says. */
class ChatWindow {
  readonly posted: ToPage[] = [];
  readonly streams: Stream[] = [];
  /** Answers of `halley/chat/get` that the test holds back. */
  readonly reads: ((chat: object) => void)[] = [];
  readonly view: ChatView;
  tell!: (message: FromPage) => void;

  constructor() {
    const listen = (): object => ({ dispose: () => undefined });
    const halley = {
      context: { workspaceState: { get: () => 'old', update: () => Promise.resolve() } },
      log: { debug: () => undefined },
      state: { kind: 'running' },
      onState: listen,
      onChanged: listen,
      onOperation: listen,
      request: (method: string) => (method === 'halley/chat/get' ? new Promise((resolve) => this.reads.push(resolve)) : Promise.resolve({ models: [], roles: { chat: { route: [] } }, providers: [] })),
      stream: (_method: string, params: Stream['params'], events: Stream['events'], token: { onCancellationRequested(run: () => void): void }) =>
        new Promise((resolve, reject) => {
          const stream: Stream = { params, events, end: resolve, cancelled: false };
          token.onCancellationRequested(() => {
            stream.cancelled = true;
            reject(Object.assign(new Error('cancelled'), { code: -32800 }));
          });
          this.streams.push(stream);
        }),
    };
    this.view = new ChatView(halley as unknown as Halley, { again: () => undefined } as unknown as Approvals);
    const webview = { postMessage: (message: ToPage) => Promise.resolve(this.posted.push(message)), onDidReceiveMessage: (take: (message: FromPage) => void) => (this.tell = take) };
    this.view.resolveWebviewView({ visible: true, webview, onDidDispose: listen, onDidChangeVisibility: listen } as never);
  }

  async opened(): Promise<this> {
    this.tell({ type: 'ready' });
    await this.settled();
    this.reads.shift()!({ chatId: 'old', turns: [] });
    await this.settled();
    return this;
  }

  async send(prompt: string): Promise<void> {
    this.tell({ type: 'send', prompt, models: [], attachments: [], blind: false } as unknown as FromPage);
    await this.settled();
  }

  settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  /** What the page shows in the end: prompts and text since the chat was last replaced. */
  get shown(): string[] {
    const since = this.posted.findLastIndex(({ type }) => type === 'chat');
    return this.posted.slice(since + 1).flatMap((message) => (message.type === 'turn' ? [message.turn.prompt] : message.type === 'events' ? message.events.map(({ delta }) => delta ?? '') : []));
  }
}

describe('a new chat', () => {
  let window: ChatWindow;
  beforeEach(async () => (window = await new ChatWindow().opened()));

  it('takes what is asked while its view still gets the focus', async () => {
    const begun = window.view.begin();
    await window.send('Hello');
    await begun;
    expect(window.streams.map(({ params, cancelled }) => [params.chatId, cancelled])).toEqual([[undefined, false]]);
    expect(window.shown).toEqual(['Hello']);
  });

  it('shows nothing of a reply that was under way in the chat before', async () => {
    await window.send('Before');
    const [before] = window.streams;
    before!.events([{ type: 'start', replyId: 'a', chatId: 'old' }]);
    await window.view.begin();
    await window.send('Hello');
    before!.events([{ type: 'text', replyId: 'a', delta: 'late' }]);
    await window.settled();
    expect(before!.cancelled).toBe(true);
    expect(window.shown).toEqual(['Hello']);
    expect(window.reads).toEqual([]);
  });

  it('is not replaced by the chat that was being read when it began', async () => {
    const slow = new ChatWindow();
    slow.tell({ type: 'ready' });
    await slow.view.begin();
    slow.reads.shift()!({ chatId: 'old', turns: [] });
    await slow.settled();
    expect(slow.posted.filter(({ type }) => type === 'chat')).toEqual([{ type: 'chat', chat: null }]);
  });
});
