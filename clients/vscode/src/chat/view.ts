// The chat view: between its page and the daemon. The daemon keeps the chats; here is only which one is shown, and what is
// under way in it.

import * as vscode from 'vscode';
import { command } from '../commands';
import type { Halley } from '../halley';
import { deferred } from '../deferred';
import { isCancelled, problemOf, problemText } from '../problems';
import type { Chat, ChatSent, ChatSummary, Problem, ToolApproveParams } from '../protocol';
import type { Attachment, RichEvent } from '../wire';
import type { Approvals, Asker } from './approvals';
import { applyBlock, insertBlock, openLink } from './blocks';
import { attachmentOf, pickAttachments } from './attach';
import type { CompletionItem, FromPage, ToPage } from './messages';
import { buildPage, webviewOptions } from './page';
import { chatStrings } from './strings';
import { NO_MODEL, takeWay, waysOut } from './ways';
import { exportChat } from './exporting';
import { toWire } from '../wire';

const VIEW = 'halley.chat';
const LAST = 'halley.chat.last';

export function registerChat(halley: Halley, approvals: Approvals): vscode.Disposable[] {
  const view = new ChatView(halley, approvals);
  approvals.serve(view);
  return [
    view,
    vscode.window.registerWebviewViewProvider(VIEW, view),
    command('openChat', () => view.focus()),
    command('newChat', async () => {
      await view.focus();
      await view.open(undefined);
    }),
    command('chatHistory', async () => {
      await view.focus();
      view.post({ type: 'history' });
    }),
    command('exportChat', () => view.export()),
    command('addToChat', async () => {
      await view.focus();
      view.post({ type: 'prompt', text: vscode.window.activeTextEditor?.selection.isEmpty === false ? '#selection ' : '#buffer ' });
    }),
  ];
}

export class ChatView implements vscode.WebviewViewProvider, Asker, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private chatId: string | undefined;
  private running: vscode.CancellationTokenSource | undefined;
  private ready = deferred();
  private lastEditor = vscode.window.activeTextEditor;
  private readonly listening: vscode.Disposable[];

  constructor(
    private readonly halley: Halley,
    private readonly approvals: Approvals,
  ) {
    this.listening = [
      vscode.window.onDidChangeActiveTextEditor((editor) => (this.lastEditor = editor ?? this.lastEditor)),
      halley.onState(({ kind }) => {
        if (kind === 'starting') return;
        this.post({ type: 'running', running: kind === 'running', reason: 'reason' in halley.state ? halley.state.reason : undefined });
        if (kind === 'running') void this.reload();
      }),
      halley.onChanged((what) => what !== 'chats' && what !== 'proposals' && void this.sendModels()),
      halley.onOperation(({ state, waitMs, reason, to }) => {
        const text = state === 'waiting' ? vscode.l10n.t('Waiting {0} s: {1}', Math.ceil(waitMs / 1000), reason) : state === 'failedOver' ? vscode.l10n.t('Asking {0} instead: {1}', to ?? '', reason) : '';
        if (this.running) this.post({ type: 'waiting', text });
      }),
    ];
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    view.webview.options = webviewOptions(this.halley.context.extensionUri);
    view.webview.onDidReceiveMessage((message: FromPage) => void this.receive(message));
    view.onDidDispose(() => {
      this.view = undefined;
      this.ready = deferred();
      this.approvals.again();
    });
    view.onDidChangeVisibility(() => view.visible || this.approvals.again());
    view.webview.html = buildPage(view.webview, this.halley.context.extensionUri, 'chat', vscode.l10n.t('Chat'));
  }

  async focus(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    await this.ready.promise;
  }

  shows(chatId: string): boolean {
    return this.view?.visible === true && this.chatId === chatId;
  }

  ask(asked: ToolApproveParams): void {
    this.post({ type: 'asking', asked });
  }

  drop(callId: string): void {
    this.post({ type: 'answered', callId });
  }

  post(message: ToPage): void {
    void this.view?.webview.postMessage(message);
  }

  /** Shows a chat, or an empty one. */
  async open(chatId: string | undefined): Promise<void> {
    this.running?.cancel();
    const chat = chatId ? await this.load(chatId) : null;
    await this.remember(chat?.chatId);
    this.post({ type: 'chat', chat });
    this.approvals.again();
  }

  async export(): Promise<void> {
    if (!this.chatId) throw new Error(vscode.l10n.t('There is no chat to export yet.'));
    await exportChat(this.halley, this.chatId);
  }

  dispose(): void {
    this.running?.cancel();
    vscode.Disposable.from(...this.listening).dispose();
  }

  private async receive(message: FromPage): Promise<void> {
    try {
      await this.handle(message);
    } catch (error) {
      if (!isCancelled(error)) await this.fail(problemOf(error));
    }
  }

  private handle(message: FromPage): unknown {
    switch (message.type) {
      case 'ready':
        return this.begin(message.chatId);
      case 'send':
        return this.send(message);
      case 'stop':
        return this.running?.cancel();
      case 'retry':
      case 'continue':
        return this.again(message);
      case 'choose':
        return this.halley.request('halley/chat/choose', { replyId: message.replyId }).then(() => this.reload());
      case 'fork':
        return this.fork(message.turnId);
      case 'open':
        return this.open(message.chatId);
      case 'new':
        return this.open(undefined);
      case 'delete':
        return this.remove(message.chatId);
      case 'rename':
        return this.halley.request('halley/chat/rename', { chatId: message.chatId, title: message.title }).then(() => this.list(''));
      case 'list':
        return this.list(message.query);
      case 'complete':
        return this.complete(message.id, message.text, message.position);
      case 'copy':
        return vscode.env.clipboard.writeText(message.text);
      case 'insert':
        return insertBlock(this.editor(), message.text);
      case 'apply':
        return applyBlock(this.halley, this.editor(), message);
      case 'link':
        return openLink(message.href);
      case 'help':
        return takeWay(this.halley, message.problem, message.title);
      case 'setup':
        return takeWay(this.halley, NO_MODEL, message.title);
      case 'approve':
        return this.approvals.answer(message.callId, message.decision);
      case 'tools':
        return vscode.commands.executeCommand('halley.tools', this.chatId);
      case 'media':
        return vscode.commands.executeCommand('halley.media', message.task);
      case 'pickModel':
        return vscode.commands.executeCommand('halley.pickModel');
      case 'export':
        return this.export();
      case 'attach':
        return pickAttachments().then((found) => this.attach(found));
      case 'dropped':
        return Promise.all(message.uris.map((uri) => attachmentOf(vscode.Uri.parse(uri)))).then((found) => this.attach(found));
    }
  }

  private async begin(chatId: string | undefined): Promise<void> {
    this.post({ type: 'start', strings: chatStrings() });
    this.ready.resolve();
    this.chatId = chatId ?? this.halley.context.workspaceState.get<string>(LAST);
    if (this.halley.state.kind === 'running') await this.reload();
    else if (this.halley.state.kind !== 'starting') this.post({ type: 'running', running: false, reason: this.halley.state.reason });
    this.approvals.again();
  }

  /** After a start, a crash or a reload of the page: the chat as the daemon has it. */
  private async reload(): Promise<void> {
    try {
      const chat = this.chatId ? await this.load(this.chatId) : null;
      if (!this.running) this.post({ type: 'chat', chat });
      await this.sendModels();
    } catch (error) {
      this.halley.log.debug(`chat: ${String(error)}`);
      await this.remember(undefined);
      this.post({ type: 'chat', chat: null });
    }
  }

  private load(chatId: string): Promise<Chat> {
    return this.halley.request('halley/chat/get', { chatId });
  }

  private async send({ prompt, models, attachments, blind, editOf }: Extract<FromPage, { type: 'send' }>): Promise<void> {
    if (await this.commanded(prompt)) return;
    if (editOf) await this.takeBack(editOf);
    this.post({ type: 'turn', turn: { turnId: '', prompt, images: attachments, replies: [] } });
    const images = attachments.map(({ mime, data }) => ({ mime, data }));
    await this.stream('halley/chat/send', { chatId: this.chatId, prompt, models, blind, attachments: images, ...this.place() }, prompt);
  }

  /** Commands that are about the view itself, not for a model; whether it was one. */
  private async commanded(prompt: string): Promise<boolean> {
    if (prompt === '/model') await vscode.commands.executeCommand('halley.pickModel');
    else if (prompt === '/clear' && this.chatId) {
      await this.halley.request('halley/chat/clear', { chatId: this.chatId });
      await this.reload();
    } else return false;
    return true;
  }

  private async again({ type, replyId, turnId, model }: Extract<FromPage, { type: 'retry' | 'continue' }>): Promise<void> {
    const models = model ? { models: [model] } : {};
    await this.stream(`halley/chat/${type}`, { chatId: this.chatId!, turnId, replyId, ...models });
    await this.reload();
  }

  /** One streamed request of the shown chat. The daemon saves what arrived before a stop, so it is read again. */
  private async stream(method: 'halley/chat/send' | 'halley/chat/retry' | 'halley/chat/continue', params: object, prompt?: string): Promise<void> {
    this.running?.cancel();
    const source = new vscode.CancellationTokenSource();
    this.running = source;
    let started = false;
    const take = (events: RichEvent[]): void => {
      started = true;
      const chatId = events.find(({ type }) => type === 'start')?.chatId;
      if (chatId && chatId !== this.chatId) void this.remember(chatId);
      this.post({ type: 'events', events });
    };
    try {
      const sent: ChatSent = await this.halley.stream(method, params as never, take, source.token);
      await this.remember(sent.chatId);
      this.post({ type: 'settled', turnId: sent.turnId, replies: sent.replies, said: sent.said ?? undefined });
      if (sent.media) void vscode.commands.executeCommand('halley.media', sent.media.task);
    } catch (error) {
      if (isCancelled(error)) await this.afterStop();
      else await this.fail(started ? this.lost(error) : problemOf(error), prompt);
    } finally {
      if (this.running === source) this.running = undefined;
    }
  }

  private async fail(problem: Problem, prompt?: string): Promise<void> {
    const ways = await waysOut(this.halley, problem).catch(() => []);
    this.post({ type: 'failed', problem: { ...problem, message: problemText(problem), help: '' }, prompt, ways: ways.map(({ title }) => title) });
  }

  /** The daemon ended in mid-reply: it comes back by itself, and has kept what it had sent. */
  private lost(error: unknown): Problem {
    if (this.halley.state.kind === 'running' && (error as { data?: unknown }).data) return problemOf(error);
    return { code: 'interrupted', message: vscode.l10n.t('The daemon stopped while answering.'), help: vscode.l10n.t('The partial reply is saved; ask again or continue.') };
  }

  private async afterStop(): Promise<void> {
    this.running = undefined;
    await this.reload();
  }

  private async fork(turnId: string): Promise<void> {
    const { chatId } = await this.halley.request('halley/chat/fork', { chatId: this.chatId!, turnId });
    await this.open(chatId);
  }

  /** Edit and resend: the turn and all after it are taken back. */
  private async takeBack(turnId: string): Promise<void> {
    const chat = await this.load(this.chatId!);
    const before = chat.turns[chat.turns.findIndex((turn) => turn.turnId === turnId) - 1];
    await this.halley.request('halley/chat/rollback', { chatId: chat.chatId, turnId: before?.turnId });
    await this.reload();
  }

  private async remove(chatId: string): Promise<void> {
    const remove = vscode.l10n.t('Delete');
    const sure = await vscode.window.showWarningMessage(vscode.l10n.t('Delete this chat for good?'), { modal: true }, remove);
    if (sure !== remove) return;
    await this.halley.request('halley/chat/delete', { chatId });
    if (chatId === this.chatId) await this.open(undefined);
    await this.list('');
  }

  private async list(query: string): Promise<void> {
    this.post({ type: 'chats', chats: await this.rows(query) });
  }

  private async rows(query: string): Promise<ChatSummary[]> {
    return (await this.halley.request('halley/chat/list', query ? { query } : {})).chats;
  }

  private async complete(id: number, text: string, position: { line: number; character: number }): Promise<void> {
    const { items } = await this.halley.request('halley/chat/input', { text, position, uri: this.editor()?.document.uri.toString() });
    this.post({ type: 'completions', id, items: items.map(toCompletion) });
  }

  private async sendModels(): Promise<void> {
    if (!this.view || this.halley.state.kind !== 'running') return;
    const [{ models }, { roles }] = await Promise.all([this.halley.request('halley/models/list', { role: 'chat' }), this.halley.request('halley/models/selection', {})]);
    const choices = models.map(({ id, label, group, capabilities }) => ({ id, label, group, vision: capabilities.vision === true }));
    const ways = roles.chat ? [] : await waysOut(this.halley, NO_MODEL);
    this.post({ type: 'models', models: choices, selected: roles.chat?.route[0] ?? '', ways: ways.map(({ title }) => title) });
  }

  private attach(attachments: (Attachment | string)[]): void {
    for (const one of attachments) this.post(typeof one === 'string' ? { type: 'prompt', text: one } : { type: 'attachment', attachment: one });
  }

  private place(): { textDocument?: { uri: string; version: number }; range?: ReturnType<typeof toWire> } {
    const editor = this.editor();
    if (!editor) return {};
    return { textDocument: { uri: editor.document.uri.toString(), version: editor.document.version }, range: toWire(editor.selection) };
  }

  private editor(): vscode.TextEditor | undefined {
    return vscode.window.activeTextEditor ?? (this.lastEditor && vscode.window.visibleTextEditors.find(({ document }) => document === this.lastEditor?.document));
  }

  private async remember(chatId: string | undefined): Promise<void> {
    this.chatId = chatId;
    await this.halley.context.workspaceState.update(LAST, chatId);
  }
}

function toCompletion(item: Record<string, unknown>): CompletionItem {
  const { start, end } = item.replace as { start: number; end: number };
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return { label: text(item.label), insertText: text(item.insertText), detail: text(item.detail), start, end };
}
