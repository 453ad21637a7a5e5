// What is under way in a window's chats. A chat that is no longer shown continues, and is shown with what came meanwhile.

import * as vscode from 'vscode';
import { deferred } from '../deferred';
import type { Halley } from '../halley';
import type { Chat, ChatSent } from '../protocol';
import type { RichEvent, Turn } from '../wire';

/** A chat, shown or in the background; the daemon gives it its ID with the first reply. */
export interface OpenChat {
  id?: string;
  /** How many runs of it have ended. */
  ended: number;
}

let count = 0;

/** A message with its replies, or (without a `turn`) another try at a reply. */
export class Run {
  readonly id = ++count;
  readonly source = new vscode.CancellationTokenSource();
  readonly events: RichEvent[] = [];
  readonly begun = deferred();
  readonly over = deferred();

  /** `turnId` is known from the first event on; `from` is the turn that it takes the place of. */
  constructor(
    readonly chat: OpenChat,
    readonly turn?: Turn,
    public isQueued = false,
    readonly from?: string,
    public turnId = '',
  ) {}
}

type Method = 'halley/chat/send' | 'halley/chat/resend' | 'halley/chat/retry' | 'halley/chat/continue';

export class Runs implements vscode.Disposable {
  /** In the order they were asked for. */
  private readonly all = new Set<Run>();

  /** `show` is called when a run, or more of it, is to be seen; `named` when a chat has got its ID. */
  constructor(
    private readonly halley: Halley,
    private readonly show: (run: Run, events?: RichEvent[]) => void,
    private readonly named: (chat: OpenChat) => void,
  ) {}

  /** What is under way in a chat, or waits there. */
  of(chat: OpenChat): Run[] {
    return [...this.all].filter((run) => run.chat === chat);
  }

  /** The chat with that ID, where something is under way in it. */
  chatOf(chatId: string | undefined): OpenChat | undefined {
    return [...this.all].find(({ chat }) => chatId && chat.id === chatId)?.chat;
  }

  add(run: Run): void {
    this.all.add(run);
    this.show(run);
  }

  /** One streamed request. */
  async send(method: Method, params: object, run: Run): Promise<ChatSent> {
    this.all.add(run);
    try {
      const sent = await this.halley.stream(method, { chatId: run.chat.id, ...params } as never, (events) => this.take(run, events), run.source.token);
      if (sent.chatId) run.chat.id = sent.chatId;
      return sent;
    } finally {
      this.all.delete(run);
      run.chat.ended++;
      run.begun.resolve();
      run.over.resolve();
    }
  }

  /** It is its turn: a message that waited becomes one. */
  begin(run: Run): void {
    if (!run.isQueued) return;
    run.isQueued = false;
    this.show(run);
  }

  withdraw(id: number): void {
    for (const run of this.all) if (run.id === id) run.source.cancel();
  }

  /** Stops what runs in a chat, and what waits there. What was done until then is saved. */
  async stop(chat: OpenChat): Promise<void> {
    const runs = this.of(chat).reverse();
    const isRunning = chat.id && runs.some(({ events }) => events.length > 0);
    const { stopped } = isRunning ? await this.halley.request('halley/agent/stop', { chatId: chat.id! }) : { stopped: 0 };
    if (stopped === 0) for (const { source } of runs) source.cancel();
    await Promise.all(runs.map(({ over }) => over.promise));
  }

  dispose(): void {
    for (const { source } of this.all) source.cancel();
  }

  private take(run: Run, events: RichEvent[]): void {
    const some = events.filter(({ type }) => type !== 'queued');
    const start = some.find(({ type }) => type === 'start');
    if (some.length === 0) return;
    this.begin(run);
    if (start?.turnId) run.turnId = start.turnId;
    if (start?.chatId && start.chatId !== run.chat.id) {
      run.chat.id = start.chatId;
      this.named(run.chat);
    }
    run.begun.resolve();
    run.events.push(...some);
    this.show(run, some);
  }
}

/** A chat as it is saved, without what is shown again by the events of `runs`. */
export function withoutRunning(chat: Chat, runs: Run[]): Chat {
  const isShown = (turn: Chat['turns'][number]): boolean =>
    runs.some((run) => run.turn && (run.turnId ? run.turnId === turn.turnId : turn.replies.length === 0 && turn.prompt === run.turn.prompt));
  return { ...chat, turns: chat.turns.filter((turn) => !isShown(turn)) };
}
