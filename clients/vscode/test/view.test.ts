import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Approvals } from '../src/chat/approvals';
import type { FromPage, ToPage } from '../src/chat/messages';
import { ChatView } from '../src/chat/view';
import type { Halley } from '../src/halley';
import type { RichEvent } from '../src/wire';

/** What the user answers in dialogs. */
const answers: string[] = [];

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
    window: { showWarningMessage: () => Promise.resolve(answers.shift()), visibleTextEditors: [], onDidChangeActiveTextEditor: listen, onDidChangeActiveColorTheme: listen },
    workspace: { ...real.workspace, onDidChangeConfiguration: listen },
    env: { language: 'en' },
  };
});
vi.mock('../src/chat/page', () => ({ buildPage: () => '', webviewOptions: () => ({}) }));
vi.mock('../src/chat/colours', () => ({ themeColours: () => Promise.resolve({}) }));

interface Stream {
  method: string;
  params: { chatId?: string; prompt: string; queue?: boolean; turnId?: string; files?: boolean; changed?: string };
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
  private readonly stops: (() => void)[] = [];
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
      onChatState: listen,
      onOperation: listen,
      request: (method: string) => (method === 'halley/agent/stop' ? Promise.resolve(this.stopAll()) : method === 'halley/chat/get' ? new Promise((resolve) => this.reads.push(resolve)) : Promise.resolve({ models: [], roles: { chat: { route: [] } }, providers: [], checkpoints: [], mode: 'ask' })),
      stream: (method: string, params: Stream['params'], events: Stream['events'], token: { onCancellationRequested(run: () => void): void }) =>
        new Promise((resolve, reject) => {
          const stream: Stream = { method, params, events, end: resolve, cancelled: false };
          this.stops.push(() => {
            stream.cancelled = true;
            reject(Object.assign(new Error('cancelled'), { code: -32800 }));
          });
          token.onCancellationRequested(this.stops.at(-1)!);
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

  async send(prompt: string, more: object = {}): Promise<void> {
    this.tell({ type: 'send', prompt, models: [], attachments: [], blind: false, ...more } as unknown as FromPage);
    await this.settled();
  }

  /** Answers a read of the chat with these turns. */
  async read(...turns: object[]): Promise<void> {
    await this.settled();
    this.reads.shift()!({ chatId: 'old', turns });
    await this.settled();
  }

  /** What was sent to the page, of these kinds. */
  told(...types: ToPage['type'][]): ToPage[] {
    return this.posted.filter(({ type }) => types.includes(type));
  }

  private stopAll(): object {
    for (const stop of this.stops) stop();
    return { stopped: this.stops.length };
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

  it('shows nothing of a reply that continues in the chat before, until that is opened again', async () => {
    await window.send('Before');
    const [before] = window.streams;
    before!.events([{ type: 'start', replyId: 'a', chatId: 'old', turnId: 't' }]);
    await window.view.begin();
    await window.send('Hello');
    before!.events([{ type: 'text', replyId: 'a', delta: 'late' }]);
    await window.settled();
    expect(before!.cancelled).toBe(false);
    expect(window.shown).toEqual(['Hello']);
    expect(window.reads).toEqual([]);
    window.tell({ type: 'open', chatId: 'old' });
    await window.read({ turnId: 'first', prompt: 'First', replies: [] }, { turnId: 't', prompt: 'Before', replies: [] });
    expect(window.shown).toEqual(['Before', '', 'late']);
    expect(window.told('chat').at(-1)).toMatchObject({ chat: { turns: [{ turnId: 'first' }] } });
    before!.events([{ type: 'text', replyId: 'a', delta: 'later' }]);
    before!.end({ chatId: 'old', turnId: 't', replies: [] });
    await window.settled();
    expect(window.shown).toEqual(['Before', '', 'late', 'later']);
    expect(window.told('settled')).toMatchObject([{ turnId: 't' }]);
  });

  it('is read again where its reply ended while it was read', async () => {
    await window.send('Before');
    const [before] = window.streams;
    before!.events([{ type: 'start', replyId: 'a', chatId: 'old', turnId: 't' }]);
    await window.view.begin();
    window.tell({ type: 'open', chatId: 'old' });
    await window.settled();
    before!.end({ chatId: 'old', turnId: 't', replies: [] });
    await window.read({ turnId: 't', prompt: 'Before', replies: [] });
    await window.read({ turnId: 't', prompt: 'Before', replies: [{ replyId: 'a' }] });
    expect(window.told('chat').at(-1)).toMatchObject({ chat: { turns: [{ replies: [{ replyId: 'a' }] }] } });
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

describe('a message that is sent while a reply is written', () => {
  let window: ChatWindow;
  beforeEach(async () => {
    window = await new ChatWindow().opened();
    await window.send('First');
    window.streams[0]!.events([{ type: 'start', replyId: 'a', chatId: 'old', turnId: 't' }]);
    await window.send('Second');
  });

  it('waits, and is a turn once it is its turn', async () => {
    const [first, second] = window.streams;
    expect(second!.params).toMatchObject({ chatId: 'old', queue: true });
    expect(window.told('queued')).toMatchObject([{ prompt: 'Second' }]);
    second!.events([{ type: 'queued', replyId: '', number: 0 }]);
    expect(window.shown).toEqual(['First', '']);
    second!.events([{ type: 'start', replyId: 'b', chatId: 'old', turnId: 'u' }]);
    first!.end({ chatId: 'old', turnId: 't', replies: [] });
    await window.settled();
    expect(window.shown).toEqual(['First', '', 'Second', '']);
    const [, turn] = window.told('turn') as Extract<ToPage, { type: 'turn' }>[];
    expect(window.told('queued')).toEqual([{ type: 'queued', id: turn!.queued, prompt: 'Second' }]);
  });

  it('is withdrawn alone', async () => {
    const [queued] = window.told('queued') as Extract<ToPage, { type: 'queued' }>[];
    window.tell({ type: 'withdraw', id: queued!.id });
    await window.settled();
    expect(window.streams.map(({ cancelled }) => cancelled)).toEqual([false, true]);
    expect(window.told('unqueued')).toMatchObject([{ id: queued!.id, turn: { prompt: 'Second' } }]);
  });

  it('is given back where all is stopped', async () => {
    window.tell({ type: 'stop' });
    await window.read({ turnId: 't', prompt: 'First', replies: [] });
    expect(window.streams.map(({ cancelled }) => cancelled)).toEqual([true, true]);
    expect(window.told('unqueued')).toMatchObject([{ turn: { prompt: 'Second' } }]);
    expect(window.told('failed')).toEqual([]);
  });
});

it('more is sent to a new chat once that has an ID', async () => {
  const window = await new ChatWindow().opened();
  await window.view.begin();
  await window.send('First');
  await window.send('Second');
  expect(window.streams).toHaveLength(1);
  window.streams[0]!.events([{ type: 'start', replyId: 'a', chatId: 'new', turnId: 't' }]);
  await window.settled();
  expect(window.streams[1]!.params.chatId).toBe('new');
});

describe('a turn that is sent again', () => {
  const turn = { turnId: 't', prompt: 'First', replies: [] };
  let window: ChatWindow;
  beforeEach(async () => {
    window = await new ChatWindow().opened();
    await window.send('Else', { editOf: 't', files: true });
  });

  it('takes the place of the turn, with files as asked', async () => {
    expect(window.streams[0]).toMatchObject({ method: 'halley/chat/resend', params: { turnId: 't', prompt: 'Else', files: true, changed: 'ask' } });
    expect(window.told('turn')).toMatchObject([{ from: 't', turn: { prompt: 'Else' } }]);
    window.streams[0]!.end({ chatId: 'old', turnId: 'u', replies: [], restore: { restored: ['a.py'], changed: [], failed: [] } });
    await window.settled();
    expect(window.told('settled')).toMatchObject([{ turnId: 'u' }]);
  });

  it.each([
    ['Keep Them', 'keep'],
    ['Restore Them Anyway', 'restore'],
  ])('is asked about what the user changed since: %s', async (answer, changed) => {
    answers.push(answer);
    window.streams[0]!.end({ chatId: 'old', turnId: '', replies: [], restore: { restored: [], changed: ['a.py'], failed: [] } });
    await window.read(turn);
    expect(window.streams[1]).toMatchObject({ method: 'halley/chat/resend', params: { changed } });
    expect(window.told('edit')).toEqual([]);
  });

  it('is left where the question is closed or files cannot be restored', async () => {
    window.streams[0]!.end({ chatId: 'old', turnId: '', replies: [], restore: { restored: [], changed: ['a.py'], failed: [] } });
    await window.read(turn);
    expect(window.streams).toHaveLength(1);
    expect(window.told('chat').at(-1)).toMatchObject({ chat: { turns: [{ prompt: 'First' }] } });
    expect(window.told('edit')).toEqual([{ type: 'edit', turnId: 't', prompt: 'Else' }]);
    await window.send('Else', { editOf: 't', files: true });
    window.streams[1]!.end({ chatId: 'old', turnId: '', replies: [], said: 'a.py', restore: { restored: [], changed: [], failed: ['a.py'] } });
    await window.read(turn);
    expect(window.told('failed')).toMatchObject([{ problem: { message: 'a.py' } }]);
  });

  it('stops what is written first', async () => {
    window.streams[0]!.events([{ type: 'start', replyId: 'a', chatId: 'old', turnId: 'u' }]);
    await window.send('Again', { editOf: 't', files: false });
    await window.read(turn);
    expect(window.streams.map(({ cancelled, params }) => [params.prompt, cancelled])).toEqual([['Else', true], ['Again', false]]);
  });
});
