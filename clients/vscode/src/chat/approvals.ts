// Tool calls that wait for approval: asked in the chat they belong to while that is on screen, else outside of it.

import type * as vscode from 'vscode';
import { deferred, type Deferred } from '../deferred';
import type { ToolApproved, ToolApproveParams } from '../protocol';

type Decision = ToolApproved['decision'];

/** A page that can ask. */
export interface Asker {
  /** Whether the chat is on screen. */
  shows(chatId: string): boolean;
  ask(asked: ToolApproveParams): void;
  /** Brings the chat on screen. */
  reveal(chatId: string): Promise<void>;
  /** The question is settled. */
  drop(callId: string): void;
}

interface Waiting {
  asked: ToolApproveParams;
  decided: Deferred<ToolApproved>;
  isElsewhere: boolean;
}

export class Approvals {
  private readonly waiting = new Map<string, Waiting>();
  private page: Asker | undefined;

  /** `elsewhere` asks outside of a page; undefined where the question was closed, `show` to be asked in the chat. */
  constructor(private readonly elsewhere: (asked: ToolApproveParams) => Promise<Decision | 'show' | undefined>) {}

  serve(page: Asker): void {
    this.page = page;
  }

  /** The answer; `deny` when the daemon no longer waits for one. */
  async ask(asked: ToolApproveParams, token: vscode.CancellationToken): Promise<ToolApproved> {
    const decided = deferred<ToolApproved>();
    const waiting = { asked, decided, isElsewhere: false };
    this.waiting.set(asked.callId, waiting);
    const stop = token.onCancellationRequested(() => this.answer(asked.callId, 'deny'));
    this.put(waiting);
    try {
      return await decided.promise;
    } finally {
      stop.dispose();
    }
  }

  /** `hunks`: only these of an edit. */
  answer(callId: string, decision: Decision, hunks?: number[]): void {
    const waiting = this.waiting.get(callId);
    this.waiting.delete(callId);
    this.page?.drop(callId);
    waiting?.decided.resolve(hunks ? { decision, hunks } : { decision });
  }

  /** The page was loaded again, shows another chat, or is gone: what waits is asked again where it can be seen. */
  again(): void {
    for (const waiting of this.waiting.values()) this.put(waiting);
  }

  private put(waiting: Waiting): void {
    const { asked } = waiting;
    if (this.page?.shows(asked.chatId)) return this.page.ask(asked);
    if (!waiting.isElsewhere) void this.askElsewhere(waiting);
  }

  private async askElsewhere(waiting: Waiting): Promise<void> {
    const { chatId, callId } = waiting.asked;
    waiting.isElsewhere = true;
    const said = await this.elsewhere(waiting.asked);
    waiting.isElsewhere = false;
    if (said === 'show') await this.page?.reveal(chatId).catch(() => undefined);
    else if (said) return this.answer(callId, said);
    // Shown by now, it is asked there, and only the question outside was closed.
    if (this.page?.shows(chatId) || !this.waiting.has(callId)) return;
    if (said) this.put(waiting);
    else this.answer(callId, 'deny');
  }
}
