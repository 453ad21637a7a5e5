// The chat view: between its page and the daemon. The daemon keeps the chats; here is only which one is shown, and what is
// under way in it.

import * as vscode from 'vscode';
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
import { askAboutChanged, reviewCheckpoint, turnCheckpoints } from './checkpoints';
import { Place } from './place';
import { Run, Runs, withoutRunning, type OpenChat } from './runs';
import { chatStrings } from './strings';
import { NO_MODEL, takeWay, waysOut } from './ways';
import { copyReplies, exportChat } from './exporting';

export const VIEW = 'halley.chat';
const LAST = 'halley.chat.last';

export class ChatView implements vscode.WebviewViewProvider, Asker, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private chat: OpenChat = { ended: 0 };
  /** As the page shows it, which is what is sent. */
  private mode: Mode | undefined;
  private readonly runs: Runs;
  /** Chats that wait for an approval. */
  private readonly asking = new Set<string>();
  private ready = deferred();
  private isReady = false;
  /** Counts the times that colours were looked up: only the newest counts. */
  private coloured = 0;
  private readonly place = new Place();
  private readonly listening: vscode.Disposable[];

  constructor(
    private readonly halley: Halley,
    private readonly approvals: Approvals,
  ) {
    this.runs = new Runs(
      halley,
      (run, events) => this.showRun(run, events),
      (chat) => void this.remember(chat),
    );
    this.listening = [
      this.place,
      // The theme is drawn before the setting names it.
      vscode.window.onDidChangeActiveColorTheme(() => void this.sendColours()),
      vscode.workspace.onDidChangeConfiguration((changed) => ['workbench', 'window'].some((section) => changed.affectsConfiguration(section)) && void this.sendColours()),
      halley.onState(({ kind }) => {
        if (kind === 'starting') return;
        this.asking.clear();
        this.post({ type: 'running', running: kind === 'running', reason: 'reason' in halley.state ? halley.state.reason : undefined });
        if (kind === 'running') void this.reload();
      }),
      halley.onChatState(({ chatId, state }) => {
        if (state === 'asking') this.asking.add(chatId);
        else this.asking.delete(chatId);
        this.tellStates();
      }),
      halley.onChanged((what) => what !== 'chats' && what !== 'proposals' && void this.sendModels()),
      halley.onOperation(({ state, waitMs, reason, to }) => {
        const text = state === 'waiting' ? vscode.l10n.t('Waiting {0} s: {1}', Math.ceil(waitMs / 1000), reason) : state === 'failedOver' ? vscode.l10n.t('Asking {0} instead: {1}', to ?? '', reason) : '';
        if (this.runs.of(this.chat).length > 0) this.post({ type: 'waiting', text });
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
    view.onDidChangeVisibility(() => {
      this.tellStates();
      if (!view.visible) this.approvals.again();
    });
    view.webview.html = buildPage(view.webview, this.halley.context.extensionUri, 'chat', vscode.l10n.t('Chat'));
  }

  async focus(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    await this.ready.promise;
  }

  shows(chatId: string): boolean {
    return this.view?.visible === true && this.chat.id === chatId;
  }

  async reveal(chatId: string): Promise<void> {
    await this.focus();
    await this.open(chatId);
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

  /** Shows a chat, or an empty one. What is under way in the one before continues there. */
  async open(chatId: string | undefined): Promise<void> {
    const chat = this.runs.chatOf(chatId) ?? { id: chatId, ended: 0 };
    const saved = chatId ? await this.load(chat) : null;
    this.chat = chat;
    this.show(saved);
    await this.remember(chat);
    await this.tellAgent();
  }

  /** The page's chat: what is saved, and what is under way. */
  private show(saved: Chat | null): void {
    const runs = this.runs.of(this.chat);
    this.post({ type: 'chat', chat: saved && withoutRunning(saved, runs) });
    for (const run of runs) {
      this.showRun(run);
      this.showRun(run, [...run.events]);
    }
    this.approvals.again();
    this.tellStates();
  }

  /** A run begins to be seen in its chat, or these events of it. */
  private showRun({ chat, turn, turnId, isQueued, id, from }: Run, events?: RichEvent[]): void {
    if (chat !== this.chat) return;
    if (events) this.post({ type: 'events', events });
    else if (!turn) this.post({ type: 'again', turnId });
    else this.post(isQueued ? { type: 'queued', id, prompt: turn.prompt } : { type: 'turn', turn, queued: id, from });
  }

  /** The list of chats and the view's badge: which chats wait for an approval. */
  private tellStates(): void {
    const count = [...this.asking].filter((id) => !this.shows(id)).length;
    if (this.view) this.view.badge = count > 0 ? { value: count, tooltip: vscode.l10n.t('{0} chats wait for your approval', count) } : undefined;
    this.post({ type: 'states' });
  }

  async export(): Promise<void> {
    await exportChat(this.halley, this.shown());
  }

  /** Makes a macro of all that the chat has asked. */
  async record(): Promise<void> {
    await recordMacro(this.halley, this.shown());
  }

  private shown(): string {
    if (!this.chat.id) throw new Error(vscode.l10n.t('There is no chat here yet.'));
    return this.chat.id;
  }

  dispose(): void {
    vscode.Disposable.from(this.runs, ...this.listening).dispose();
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
        return this.runs.stop(this.chat);
      case 'withdraw':
        return this.runs.withdraw(message.id);
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
        return insertBlock(this.place.editor, message.text);
      case 'apply':
        return applyBlock(this.halley, this.place.editor, message);
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
        return vscode.commands.executeCommand('halley.tools', this.chat.id);
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
    this.chat = { id: chatId ?? this.halley.context.workspaceState.get<string>(LAST), ended: 0 };
    if (this.halley.state.kind === 'running') await this.reload();
    else if (this.halley.state.kind !== 'starting') this.post({ type: 'running', running: false, reason: this.halley.state.reason });
    this.approvals.again();
  }

  /** After a start, a crash or a reload of the page: the chat as the daemon has it. */
  private async reload(): Promise<void> {
    const { chat } = this;
    try {
      const saved = await this.load(chat);
      if (chat === this.chat) {
        this.show(saved);
        await this.tellAgent();
      }
      await this.sendModels();
    } catch (error) {
      this.halley.log.debug(`chat: ${String(error)}`);
      if (chat === this.chat && this.runs.of(chat).length === 0) await this.open(undefined);
    }
  }

  private async sendColours(): Promise<void> {
    const asked = ++this.coloured;
    const colours = await themeColours();
    if (asked === this.coloured) this.post({ type: 'colours', colours });
  }

  /** As the daemon has it; again where a reply ended meanwhile, which may not be in it. */
  private async load(chat: OpenChat): Promise<Chat | null> {
    if (!chat.id) return null;
    for (;;) {
      const { ended } = chat;
      const saved = await this.halley.request('halley/chat/get', { chatId: chat.id });
      if (chat.ended === ended) return saved;
    }
  }

  private async send({ prompt, models, attachments, blind, editOf, files }: Extract<FromPage, { type: 'send' }>): Promise<void> {
    if (await this.commanded(prompt)) return;
    const { chat } = this;
    const turn = { turnId: '', prompt, images: attachments, replies: [] };
    const images = attachments.length > 0 || !editOf ? attachments.map(({ mime, data }) => ({ mime, data })) : undefined;
    const message = { prompt, models, blind, mode: this.mode, attachments: images, ...this.place.params };
    if (editOf && files !== undefined) return this.resend(() => new Run(chat, turn, false, editOf), { ...message, models: models.length > 0 ? models : undefined, turnId: editOf, files });
    if (editOf) await this.takeBack(editOf);
    const [first] = this.runs.of(chat);
    const run = new Run(chat, turn, first !== undefined);
    this.runs.add(run);
    // Until its first reply begins a chat has no ID to send more to.
    if (!chat.id) await first?.begun.promise;
    await this.stream('halley/chat/send', { ...message, queue: true }, run);
  }

  /** The turn and all after it are undone. Nothing is done to files that the user changed since without asking. */
  private async resend(newRun: () => Run, message: object): Promise<void> {
    await this.runs.stop(this.chat);
    for (let changed: string | undefined = 'ask'; changed; ) {
      const run = newRun();
      this.runs.add(run);
      const sent = await this.stream('halley/chat/resend', { ...message, changed }, run);
      if (!sent?.restore || sent.turnId) return;
      await this.reload();
      const { changed: files, failed } = sent.restore;
      const canAsk = failed.length === 0 && files.length > 0;
      changed = canAsk ? await askAboutChanged(files) : undefined;
      if (!changed) this.edit(run);
      if (!canAsk) return this.fail({ code: 'stale_document', message: sent.said ?? '', help: '' });
    }
  }

  /** What could not be sent in place of a turn is there to be edited again. */
  private edit({ chat, from, turn }: Run): void {
    if (chat === this.chat) this.post({ type: 'edit', turnId: from!, prompt: turn!.prompt });
  }

  /** Commands that are about the view itself, not for a model; whether it was one. */
  private async commanded(prompt: string): Promise<boolean> {
    if (prompt === '/model') await vscode.commands.executeCommand('halley.pickModel');
    else if (prompt === '/clear' && this.chat.id) {
      await this.halley.request('halley/chat/clear', { chatId: this.chat.id });
      await this.reload();
    } else return false;
    return true;
  }

  private async again({ type, replyId, turnId, model }: Extract<FromPage, { type: 'retry' | 'continue' }>): Promise<void> {
    const models = model ? { models: [model] } : {};
    for (const { source } of this.runs.of(this.chat)) source.cancel();
    await this.stream(`halley/chat/${type}`, { turnId, replyId, ...models }, new Run(this.chat, undefined, false, undefined, turnId));
    await this.reload();
  }

  /** One streamed request of a chat, shown while the chat is. */
  private async stream(method: Parameters<Runs['send']>[0], params: object, run: Run): Promise<ChatSent | undefined> {
    try {
      const sent = await this.runs.send(method, params, run);
      await this.settle(run, sent);
      return sent;
    } catch (error) {
      await this.broken(run, error);
      return undefined;
    }
  }

  private async settle(run: Run, sent: ChatSent): Promise<void> {
    const { chat } = run;
    if (chat !== this.chat || (sent.restore && !sent.turnId)) return;
    this.runs.begin(run);
    this.post({ type: 'settled', turnId: sent.turnId, replies: sent.replies, said: sent.said ?? undefined });
    await this.remember(chat);
    await this.tellAgent();
    if (sent.media) void vscode.commands.executeCommand('halley.media', sent.media.task);
  }

  /** The daemon saves what arrived before a stop, so it is read again. */
  private async broken(run: Run, error: unknown): Promise<void> {
    const hasStarted = run.events.length > 0;
    if (run.chat !== this.chat) return;
    if (run.isQueued) {
      this.post({ type: 'unqueued', id: run.id, turn: run.turn! });
      if (!isCancelled(error)) await this.fail(problemOf(error));
    } else if (isCancelled(error) || (hasStarted && this.isSaved(error))) await this.reload();
    else if (run.from && !hasStarted) {
      await this.reload();
      this.edit(run);
      await this.fail(problemOf(error));
    } else await this.fail(hasStarted ? this.lost() : problemOf(error), run.turn?.prompt);
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

  /** The mode of the shown chat, and what can be taken back in it. */
  private async tellAgent(): Promise<void> {
    const chatId = this.chat.id;
    if (this.halley.state.kind !== 'running') return;
    const [{ mode }, checkpoints] = await Promise.all([this.halley.request('halley/chat/mode', { chatId }), turnCheckpoints(this.halley, chatId)]);
    if (chatId !== this.chat.id) return;
    this.mode = mode;
    this.post({ type: 'mode', mode });
    this.post({ type: 'checkpoints', checkpoints });
  }

  private async chooseMode(mode: Mode): Promise<void> {
    this.mode = mode;
    await this.halley.request('halley/chat/mode', { chatId: this.chat.id, mode });
  }

  private async restore({ of, id, files, force }: Extract<FromPage, { type: 'restore' }>): Promise<void> {
    this.post({ type: 'restored', of, result: await this.halley.request('halley/checkpoints/restore', { id, files, force }) });
  }

  private async fork(turnId: string): Promise<void> {
    const { chatId } = await this.halley.request('halley/chat/fork', { chatId: this.chat.id!, turnId });
    await this.open(chatId);
  }

  /** Where commands are edited, which the daemon does not send in place of a turn: the turn and all after it are taken back. */
  private async takeBack(turnId: string): Promise<void> {
    await this.runs.stop(this.chat);
    const chat = (await this.load(this.chat))!;
    const before = chat.turns[chat.turns.findIndex((turn) => turn.turnId === turnId) - 1];
    await this.halley.request('halley/chat/rollback', { chatId: chat.chatId, turnId: before?.turnId });
    await this.reload();
  }

  private async remove(chatId: string): Promise<void> {
    const remove = vscode.l10n.t('Delete');
    const sure = await vscode.window.showWarningMessage(vscode.l10n.t('Delete this chat for good?'), { modal: true }, remove);
    if (sure !== remove) return;
    const chat = this.runs.chatOf(chatId);
    if (chat) await this.runs.stop(chat);
    await this.halley.request('halley/chat/delete', { chatId });
    if (chatId === this.chat.id) await this.open(undefined);
    await this.list('');
  }

  private async list(query: string): Promise<void> {
    this.post({ type: 'chats', chats: await this.rows(query) });
  }

  private async rows(query: string): Promise<ChatSummary[]> {
    return (await this.halley.request('halley/chat/list', query ? { query } : {})).chats;
  }

  private async complete(id: number, text: string, position: { line: number; character: number }): Promise<void> {
    const { items } = await this.halley.request('halley/chat/input', { text, position, uri: this.place.editor?.document.uri.toString() });
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

  private async remember(chat: OpenChat): Promise<void> {
    if (chat === this.chat) await this.halley.context.workspaceState.update(LAST, chat.id);
  }
}

function toCompletion(item: Record<string, unknown>): CompletionItem {
  const { start, end } = item.replace as { start: number; end: number };
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return { label: text(item.label), insertText: text(item.insertText), detail: text(item.detail), start, end };
}
