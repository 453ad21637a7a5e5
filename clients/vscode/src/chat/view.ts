// The chat view: between its page and the daemon. The daemon keeps the chats; here is only which one is shown, and what is
// under way in it.

import * as vscode from 'vscode';
import { command } from '../commands';
import type { Halley } from '../halley';
import { deferred } from '../deferred';
import { recordMacro } from '../edits/macros';
import { isCancelled, problemOf, problemText } from '../problems';
import type { Chat, ChatSent, ChatSummary, Problem, ToolApproveParams } from '../protocol';
import type { Attachment, RichEvent } from '../wire';
import type { Approvals, Asker } from './approvals';
import { applyBlock, insertBlock, openLink, runInTerminal } from './blocks';
import { themeColours } from './colours';
import { attachmentOf, pickAttachments } from './attach';
import type { CompletionItem, FromPage, Mode, ToPage } from './messages';
import { buildPage, webviewOptions } from './page';
import { reviewCheckpoint, turnCheckpoints } from './checkpoints';
import { chatStrings } from './strings';
import { NO_MODEL, takeWay, waysOut } from './ways';
import { copyReplies, exportChat } from './exporting';
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
    command('newChat', () => view.begin()),
    command('chatHistory', async () => {
      await view.focus();
      view.post({ type: 'history' });
    }),
    command('exportChat', () => view.export()),
    command('recordMacro', () => view.record()),
    command('addToChat', async () => {
      await view.focus();
      view.post({ type: 'prompt', text: vscode.window.activeTextEditor?.selection.isEmpty === false ? '#selection ' : '#buffer ' });
    }),
  ];
}

export class ChatView implements vscode.WebviewViewProvider, Asker, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private chatId: string | undefined;
  /** As the page shows it, which is what is sent. */
  private mode: Mode | undefined;
  private running: vscode.CancellationTokenSource | undefined;
  private ready = deferred();
  private isReady = false;
  /** Counts the times that colours were looked up: only the newest counts. */
  private coloured = 0;
  private lastEditor = vscode.window.activeTextEditor;
  private readonly listening: vscode.Disposable[];

  constructor(
    private readonly halley: Halley,
    private readonly approvals: Approvals,
  ) {
    this.listening = [
      vscode.window.onDidChangeActiveTextEditor((editor) => (this.lastEditor = editor ?? this.lastEditor)),
      // The theme is drawn before the setting names it.
      vscode.window.onDidChangeActiveColorTheme(() => void this.sendColours()),
      vscode.workspace.onDidChangeConfiguration((changed) => ['workbench', 'window'].some((section) => changed.affectsConfiguration(section)) && void this.sendColours()),
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
      this.isReady = false;
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

  /** Begins a new chat. An open page is emptied first: what is sent while it gets the focus belongs to the new chat. */
  async begin(): Promise<void> {
    const isEmptied = this.isReady;
    if (isEmptied) await this.open(undefined);
    await this.focus();
    if (!isEmptied) await this.open(undefined);
  }

  /** Shows a chat, or an empty one. A reply still under way is stopped, and nothing more of it reaches the page. */
  async open(chatId: string | undefined): Promise<void> {
    const chat = chatId ? await this.load(chatId) : null;
    this.running?.cancel();
    this.running = undefined;
    this.post({ type: 'chat', chat });
    this.approvals.again();
    await this.remember(chat?.chatId);
    await this.tellAgent();
  }

  async export(): Promise<void> {
    await exportChat(this.halley, this.shown());
  }

  /** Makes a macro of all that the chat has asked. */
  async record(): Promise<void> {
    await recordMacro(this.halley, this.shown());
  }

  private shown(): string {
    if (!this.chatId) throw new Error(vscode.l10n.t('There is no chat here yet.'));
    return this.chatId;
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
        return this.start(message.chatId);
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
      case 'run':
        return runInTerminal(message.text);
      case 'insert':
        return insertBlock(this.editor(), message.text);
      case 'apply':
        return applyBlock(this.halley, this.editor(), message);
      case 'link':
        return openLink(message.href);
      case 'help':
        return takeWay(this.halley, message.problem, message.title);
      case 'ways':
        return this.tellWays(message.id, message.problem);
      case 'setup':
        return takeWay(this.halley, NO_MODEL, message.title);
      case 'approve':
        return this.approvals.answer(message.callId, message.decision, message.hunks);
      case 'mode':
        return this.chooseMode(message.mode);
      case 'checkpointDiff':
        return this.halley.request('halley/checkpoints/diff', { id: message.id }).then(({ files }) => this.post({ type: 'checkpointDiff', id: message.id, files }));
      case 'restore':
        return this.restore(message);
      case 'review':
        return reviewCheckpoint(this.halley, message.id, message.files);
      case 'tools':
        return vscode.commands.executeCommand('halley.tools', this.chatId);
      case 'media':
        return vscode.commands.executeCommand('halley.media', message.task);
      case 'pickModel':
        return vscode.commands.executeCommand('halley.pickModel');
      case 'export':
        return this.export();
      case 'copyReplies':
        return copyReplies(this.halley, this.shown(), message.replies);
      case 'exportReplies':
        return exportChat(this.halley, this.shown(), message.replies);
      case 'record':
        return recordMacro(this.halley, this.shown(), message.turns);
      case 'attach':
        return pickAttachments().then((found) => this.attach(found));
      case 'dropped':
        return Promise.all(message.uris.map((uri) => attachmentOf(vscode.Uri.parse(uri)))).then((found) => this.attach(found));
    }
  }

  private async start(chatId: string | undefined): Promise<void> {
    this.post({ type: 'start', strings: chatStrings() });
    void this.sendColours();
    this.isReady = true;
    this.ready.resolve();
    this.chatId = chatId ?? this.halley.context.workspaceState.get<string>(LAST);
    if (this.halley.state.kind === 'running') await this.reload();
    else if (this.halley.state.kind !== 'starting') this.post({ type: 'running', running: false, reason: this.halley.state.reason });
    this.approvals.again();
  }

  /** After a start, a crash or a reload of the page: the chat as the daemon has it. */
  private async reload(): Promise<void> {
    const { chatId } = this;
    /** Another chat may have been opened, or asked something, while this one was read. */
    const isShown = (): boolean => !this.running && this.chatId === chatId;
    try {
      const chat = chatId ? await this.load(chatId) : null;
      if (isShown()) this.post({ type: 'chat', chat });
      if (isShown()) await this.tellAgent();
      await this.sendModels();
    } catch (error) {
      this.halley.log.debug(`chat: ${String(error)}`);
      if (isShown()) await this.open(undefined);
    }
  }

  private async sendColours(): Promise<void> {
    const asked = ++this.coloured;
    const colours = await themeColours();
    if (asked === this.coloured) this.post({ type: 'colours', colours });
  }

  private load(chatId: string): Promise<Chat> {
    return this.halley.request('halley/chat/get', { chatId });
  }

  private async send({ prompt, models, attachments, blind, editOf }: Extract<FromPage, { type: 'send' }>): Promise<void> {
    if (await this.commanded(prompt)) return;
    if (editOf) await this.takeBack(editOf);
    this.post({ type: 'turn', turn: { turnId: '', prompt, images: attachments, replies: [] } });
    const images = attachments.map(({ mime, data }) => ({ mime, data }));
    await this.stream('halley/chat/send', { chatId: this.chatId, prompt, models, blind, mode: this.mode, attachments: images, ...this.place() }, prompt);
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
    const isShown = (): boolean => this.running === source;
    const take = (events: RichEvent[]): void => {
      if (!isShown()) return;
      started = true;
      const chatId = events.find(({ type }) => type === 'start')?.chatId;
      if (chatId && chatId !== this.chatId) void this.remember(chatId);
      this.post({ type: 'events', events });
    };
    try {
      const sent: ChatSent = await this.halley.stream(method, params as never, take, source.token);
      if (!isShown()) return;
      this.post({ type: 'settled', turnId: sent.turnId, replies: sent.replies, said: sent.said ?? undefined });
      await this.remember(sent.chatId);
      await this.tellAgent();
      if (sent.media) void vscode.commands.executeCommand('halley.media', sent.media.task);
    } catch (error) {
      if (!isShown()) return;
      if (isCancelled(error) || (started && this.isSaved(error))) await this.readAgain();
      else await this.fail(started ? this.lost() : problemOf(error), prompt);
    } finally {
      if (this.running === source) this.running = undefined;
    }
  }

  private async fail(problem: Problem, prompt?: string): Promise<void> {
    const ways = await waysOut(this.halley, problem).catch(() => []);
    this.post({ type: 'failed', problem: { ...problem, message: problemText(problem), help: '' }, prompt, ways: ways.map(({ title }) => title) });
  }

  private async tellWays(id: number, problem: Problem): Promise<void> {
    this.post({ type: 'ways', id, titles: (await waysOut(this.halley, problem)).map(({ title }) => title) });
  }

  /** Whether the daemon has kept the failed replies, each with its problem. */
  private isSaved(error: unknown): boolean {
    return this.halley.state.kind === 'running' && (error as { data?: unknown }).data !== undefined;
  }

  /** The daemon ended in mid-reply: it comes back by itself, and has kept what it had sent. */
  private lost(): Problem {
    return { code: 'interrupted', message: vscode.l10n.t('The daemon stopped while answering.'), help: vscode.l10n.t('The partial reply is saved; ask again or continue.') };
  }

  private async readAgain(): Promise<void> {
    this.running = undefined;
    await this.reload();
  }

  /** The mode of the shown chat, and what can be taken back in it. */
  private async tellAgent(): Promise<void> {
    const { chatId } = this;
    if (this.halley.state.kind !== 'running') return;
    const [{ mode }, checkpoints] = await Promise.all([this.halley.request('halley/chat/mode', { chatId }), turnCheckpoints(this.halley, chatId)]);
    if (chatId !== this.chatId) return;
    this.mode = mode;
    this.post({ type: 'mode', mode });
    this.post({ type: 'checkpoints', checkpoints });
  }

  private async chooseMode(mode: Mode): Promise<void> {
    this.mode = mode;
    await this.halley.request('halley/chat/mode', { chatId: this.chatId, mode });
  }

  private async restore({ of, id, files, force }: Extract<FromPage, { type: 'restore' }>): Promise<void> {
    this.post({ type: 'restored', of, result: await this.halley.request('halley/checkpoints/restore', { id, files, force }) });
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
