// The chat view's page: messages from the extension in, what the user does out. State that survives hiding the view is
// the id of the chat and the draft; all else the daemon keeps.

import type { FromPage, ToPage } from '../chat/messages';
import { SETUP_PROBLEMS } from '../figures';
import type { Checkpoint, Problem } from '../protocol';
import type { Attachment, Turn } from '../wire';
import { CheckpointView } from './checkpoints';
import { Composer } from './composer';
import { announce, h, iconButton } from './dom';
import { HistoryView } from './history';
import { visible, type Tools } from './markdown';
import { PlanView } from './plan';
import { QueueView } from './queue';
import { Selecting } from './selecting';
import { TurnView } from './turns';

interface Kept {
  chatId?: string;
  draft?: string;
}

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void; getState(): Kept | undefined; setState(kept: Kept): void };

const vscode = acquireVsCodeApi();
const kept: Kept = vscode.getState() ?? {};
const post = (message: FromPage): void => vscode.postMessage(message);
const keep = (change: Kept): void => vscode.setState(Object.assign(kept, change));

/** Pixels that count as the end when one scrolls down to it. */
const NEAR = 40;

let page: Page | undefined;

window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
  if (data.type === 'start') page = new Page(data.strings);
  else page?.receive(data);
});
post({ type: 'ready', chatId: kept.chatId });

class Page {
  private readonly log = h('div', { class: 'log', role: 'log', 'aria-live': 'off', tabindex: -1 });
  private readonly banner = h('div', { class: 'banner', role: 'status', hidden: true });
  private readonly composer: Composer;
  private readonly history: HistoryView;
  private readonly selecting: Selecting;
  private readonly plan: PlanView;
  private readonly queue: QueueView;
  private readonly checkpoints = new Map<string, CheckpointView>();
  private turns: TurnView[] = [];
  private current: TurnView | undefined;
  /** The turn that what is written takes the place of; `files`: a box, where it changed any. */
  private editing: { turnId: string; isCommand: boolean; files?: HTMLInputElement } | undefined;
  private following = true;
  /** Where the log was scrolled to when last heard of. */
  private top = 0;
  /** Everything that can grow: the text, but tool calls and notices too. */
  private readonly sizes = new ResizeObserver(() => this.keepEnd());
  private readonly toEnd: HTMLElement;
  /** The model that a question goes to. */
  private chosen: string | undefined;
  private asked = 0;
  /** Problems that wait to hear what can be done about them, by number. */
  private readonly helpless = new Map<number, (titles: string[]) => void>();
  /** What can be done where there is no model yet. */
  private ways: string[] = [];
  /** The code of the problem in the banner. */
  private problem = '';

  constructor(private readonly strings: Record<string, string>) {
    this.log.setAttribute('aria-label', strings.conversation!);
    this.composer = new Composer(strings, {
      send: (prompt, models, attachments, blind) => {
        const { editing } = this;
        const isCommand = !editing?.files && (editing?.isCommand || prompt.startsWith('/'));
        post({ type: 'send', prompt, models, attachments, blind, editOf: editing?.turnId, files: isCommand ? undefined : editing?.files?.checked === true });
        if (editing) this.showBanner('');
        this.editing = undefined;
        this.following = true;
      },
      stop: () => post({ type: 'stop' }),
      complete: (id, text, position) => post({ type: 'complete', id, text, position }),
      attach: () => post({ type: 'attach' }),
      drop: (uris) => post({ type: 'dropped', uris }),
      pickModel: () => post({ type: 'pickModel' }),
      tools: () => post({ type: 'tools' }),
      mode: (mode) => post({ type: 'mode', mode }),
      changed: (draft) => keep({ draft }),
    });
    this.plan = new PlanView(strings);
    this.queue = new QueueView(strings, (id) => post({ type: 'withdraw', id }));
    this.selecting = new Selecting(strings, {
      copy: (replies) => {
        post({ type: 'copyReplies', replies });
        announce(strings.copied!);
      },
      export: (replies) => post({ type: 'exportReplies', replies }),
      record: (turns) => post({ type: 'record', turns }),
    });
    this.history = new HistoryView(strings, {
      list: (query) => post({ type: 'list', query }),
      open: (chatId) => post({ type: 'open', chatId }),
      rename: (chatId, title) => post({ type: 'rename', chatId, title }),
      remove: (chatId) => post({ type: 'delete', chatId }),
      close: () => this.composer.focus(),
    });
    this.toEnd = iconButton('down', strings.toEnd!, () => this.follow(), { class: 'icon-button to-end', hidden: true });
    document.body.replaceChildren(h('div', { id: 'announcements', class: 'for-readers', 'aria-live': 'polite' }), this.history.element, this.banner, h('main', {}, this.log, h('div', { class: 'end' }, this.toEnd), this.selecting.element, this.plan.element, this.queue.element, this.composer.element));
    this.log.addEventListener('scroll', () => this.scrolled());
    this.sizes.observe(this.log);
    this.log.addEventListener('open-link', (event) => post({ type: 'link', href: String((event as CustomEvent).detail) }));
    document.addEventListener('keydown', (event) => this.key(event));
    if (kept.draft) this.composer.setText(kept.draft);
    this.showEmpty();
  }

  receive(message: ToPage): void {
    switch (message.type) {
      case 'chat':
        this.plan.show(message.chat?.plan ?? []);
        return this.showChat(message.chat?.turns ?? [], message.chat?.chatId);
      case 'turn':
        this.queue.remove(message.queued);
        return this.addTurn(message.turn, message.from);
      case 'again':
        return this.await(this.turns.find(({ turnId }) => turnId === message.turnId));
      case 'queued':
        this.queue.add(message.id, message.prompt);
        return this.setBusy();
      case 'unqueued':
        this.queue.remove(message.id);
        this.composer.giveBack(message.turn.prompt, (message.turn.images ?? []) as Attachment[]);
        return this.setBusy();
      case 'edit':
        return this.edit(message.turnId, message.prompt);
      case 'events':
        for (const event of message.events) {
          if (event.type === 'plan') this.plan.show(event.steps ?? []);
          else (this.turnOf(event.replyId) ?? this.current)?.take(event);
        }
        return;
      case 'settled':
        return this.settle(message);
      case 'failed':
        return this.fail(message);
      case 'ways':
        this.helpless.get(message.id)?.(message.titles);
        this.helpless.delete(message.id);
        return;
      case 'chats':
        return this.history.setRows(message.chats);
      case 'history':
        return this.history.show();
      case 'states':
        return this.history.refresh();
      case 'completions':
        return this.composer.showCompletions(message.id, message.items);
      case 'models':
        return this.setModels(message);
      case 'attachment':
        return this.composer.addAttachment(message.attachment);
      case 'prompt':
        return this.composer.insert(message.text);
      case 'waiting':
        return this.showBanner(message.text);
      case 'asking':
        return (this.turnOf(message.asked.replyId) ?? this.current)?.ask(message.asked);
      case 'answered':
        for (const turn of this.turns) turn.answered(message.callId);
        return;
      case 'mode':
        return this.composer.setMode(message.mode);
      case 'checkpoints':
        return this.showCheckpoints(message.checkpoints);
      case 'checkpointDiff':
        return this.checkpoints.get(message.id)?.showDiff(message.files);
      case 'restored':
        return this.checkpoints.get(message.of)?.restored(message.result);
      case 'colours':
        return this.setColours(message.colours);
      case 'running':
        return this.setRunning(message.running, message.reason);
    }
  }

  private showChat(turns: Turn[], chatId: string | undefined): void {
    if (chatId !== kept.chatId) this.selecting.clear();
    keep({ chatId });
    this.turns = turns.map((turn) => this.view(turn));
    this.current = undefined;
    this.editing = undefined;
    this.queue.clear();
    this.setBusy();
    if (turns.length === 0) return this.showEmpty();
    this.log.replaceChildren(...this.turns.map(({ element }) => element));
    this.follow();
  }

  private setModels({ models, selected, ways }: Extract<ToPage, { type: 'models' }>): void {
    this.composer.setModels(models, selected);
    this.ways = ways;
    this.chosen = selected || undefined;
    if (selected && SETUP_PROBLEMS.has(this.problem)) this.showBanner('');
    if (this.turns.length === 0) this.showEmpty();
  }

  private showEmpty(): void {
    if (this.ways.length > 0) {
      const buttons = wayButtons(this.ways, (title) => post({ type: 'setup', title }));
      this.log.replaceChildren(h('div', { class: 'welcome' }, h('p', {}, this.strings.noModel), h('div', { class: 'ways' }, ...buttons)));
      return;
    }
    this.log.replaceChildren(h('div', { class: 'welcome' }, h('p', {}, this.strings.welcome), ...['/', '#', '@'].map((sign) => h('p', {}, h('kbd', {}, sign), ` ${this.strings[`welcome${sign}`]}`))));
  }

  private addTurn(turn: Turn, from?: string): void {
    const at = from ? this.turns.findIndex(({ turnId }) => turnId === from) : -1;
    if (at >= 0) for (const gone of this.turns.splice(at)) gone.element.remove();
    if (this.turns.length === 0) this.log.replaceChildren();
    const view = this.view(turn);
    this.showBanner('');
    this.turns.push(view);
    this.log.append(view.element);
    this.await(view);
    this.follow();
  }

  /** Replies of a turn are to come. */
  private await(turn: TurnView | undefined): void {
    this.current = turn;
    turn?.wait();
    this.setBusy();
  }

  private setBusy(): void {
    this.composer.setBusy(this.current !== undefined || this.queue.size > 0);
  }

  /** What is sent next takes the place of a turn and all after it. */
  private edit(turnId: string, prompt: string): void {
    const gone = this.turns.slice(this.turns.findIndex((turn) => turn.turnId === turnId)).map((turn) => turn.turnId);
    const paths = [...this.checkpoints.values()].flatMap(({ checkpoint }) => (gone.includes(checkpoint.turnId) ? checkpoint.files : []));
    const names = [...new Set(paths)].map(visible).join(', ');
    const files = h('input', { type: 'checkbox', checked: true });
    this.editing = { turnId, isCommand: prompt.startsWith('/'), files: names ? files : undefined };
    this.composer.setText(prompt);
    this.showBanner(this.strings.editing!, names ? [h('label', {}, files, this.strings.restoreToo!.replace('{0}', names))] : []);
  }

  private view(turn: Turn): TurnView {
    const view = new TurnView(
      turn.turnId,
      turn,
      this.strings,
      this.tools,
      {
        retry: (replyId, turnId, ofChosen) => this.again('retry', replyId, turnId, ofChosen ? this.chosen : undefined),
        continue: (replyId, turnId) => this.again('continue', replyId, turnId),
        choose: (turnId, replyId) => post({ type: 'choose', turnId, replyId }),
        fork: (turnId) => post({ type: 'fork', turnId }),
        edit: (turnId, prompt) => this.edit(turnId, prompt),
        copy: (text) => post({ type: 'copy', text }),
        help: (problem) => post({ type: 'help', problem }),
        ways: (problem, show) => this.askWays(problem, show),
        decide: (callId, decision, hunks) => post({ type: 'approve', callId, decision, hunks }),
        changePlan: () => this.composer.setText(this.strings.planChangeText!),
        media: (task) => post({ type: 'media', task }),
        box: (replyId, turnId) => this.selecting.box(replyId, turnId),
      },
      () => this.keepEnd(),
    );
    this.sizes.observe(view.element);
    return view;
  }

  /** A turn's own; one that is shown already stays as it is, opened or not. */
  private showCheckpoints(all: Checkpoint[]): void {
    for (const checkpoint of all) {
      const turn = this.turns.find(({ turnId }) => turnId === checkpoint.turnId);
      if (!turn) continue;
      const { id } = checkpoint;
      const view = new CheckpointView(checkpoint, this.strings, {
        diff: (of) => post({ type: 'checkpointDiff', id: of }),
        restore: (to, files, force) => post({ type: 'restore', of: id, id: to, files, force }),
        review: (of, files) => post({ type: 'review', id: of, files }),
      });
      const before = this.checkpoints.get(id);
      if (before?.element.isConnected && before.checkpoint.files.length === checkpoint.files.length) continue;
      this.checkpoints.set(id, view);
      turn.showCheckpoint(view);
    }
    this.keepEnd();
  }

  private askWays(problem: Problem, show: (buttons: HTMLElement[]) => void): void {
    const id = this.asked++;
    this.helpless.set(id, (titles) => show(wayButtons(titles, (title) => post({ type: 'help', problem, title }))));
    post({ type: 'ways', id, problem });
  }

  private again(type: 'retry' | 'continue', replyId: string, turnId: string, model?: string): void {
    this.await(this.turns.find((turn) => turn.turnId === turnId));
    post({ type, replyId, turnId, model });
  }

  private turnOf(replyId: string): TurnView | undefined {
    const element = this.log.querySelector(`[data-reply="${CSS.escape(replyId)}"]`)?.closest('.turn');
    return this.turns.find((turn) => turn.element === element);
  }

  private settle({ turnId, replies, said }: Extract<ToPage, { type: 'settled' }>): void {
    const turn = (turnId && this.turns.find((found) => found.turnId === turnId)) || this.current;
    turn?.settled(turnId, replies);
    if (said) turn?.say(said);
    // A message that waited may have begun by now.
    if (turn === this.current) this.current = undefined;
    this.setBusy();
    if (!this.editing) this.showBanner('');
    announce(said ?? `${this.strings.replyDone!} ${replies.map(({ model, text }) => `${model}: ${text.slice(0, 200)}`).join('. ')}`);
    this.keepEnd();
  }

  private fail({ problem, prompt, ways }: Extract<ToPage, { type: 'failed' }>): void {
    const turn = this.current;
    this.current = undefined;
    this.setBusy();
    turn?.interrupted();
    if (prompt && !turn?.hasReplies) {
      if (turn) this.drop(turn);
      this.composer.restore(prompt);
    }
    const buttons = wayButtons(ways, (title) => post({ type: 'help', problem, title }));
    this.showBanner(problem.message, buttons, problem.code);
  }

  private drop(turn: TurnView): void {
    turn.element.remove();
    this.turns = this.turns.filter((other) => other !== turn);
    if (this.turns.length === 0) this.showEmpty();
  }

  private setRunning(running: boolean, reason = ''): void {
    document.body.classList.toggle('stopped', !running);
    if (!running && this.current) {
      this.current.interrupted();
      this.current = undefined;
      this.setBusy();
    }
    this.showBanner(running ? '' : reason || this.strings.notRunning!);
  }

  private setColours(colours: Record<string, string>): void {
    for (const kind of ['comment', 'string', 'number', 'keyword', 'call', 'type']) {
      if (colours[kind]) document.documentElement.style.setProperty(`--code-${kind}`, colours[kind]);
      else document.documentElement.style.removeProperty(`--code-${kind}`);
    }
  }

  private showBanner(text: string, buttons: HTMLElement[] = [], problem = ''): void {
    this.problem = problem;
    // The welcome would say the same, with the same buttons.
    this.log.classList.toggle('told', SETUP_PROBLEMS.has(problem));
    this.banner.hidden = text === '';
    const close = iconButton('close', this.strings.close!, () => {
      this.editing = undefined;
      this.showBanner('');
    });
    this.banner.replaceChildren(h('span', {}, text), ...buttons, h('span', { class: 'spacer' }), close);
  }

  private key(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.current) post({ type: 'stop' });
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    // Not its button: a key that was meant for the text must never count as approval.
    const waiting = event.key === 'ArrowUp' && document.activeElement?.closest('.composer') ? this.log.querySelector<HTMLElement>('.tool-question:not([hidden])') : null;
    if (waiting) return waiting.focus();
    const focused = document.activeElement?.closest('.turn');
    const at = this.turns.findIndex(({ element }) => element === focused);
    const next = event.key === 'ArrowUp' ? (at < 0 ? this.turns.length - 1 : at - 1) : at + 1;
    if (at >= 0 && next >= this.turns.length) this.composer.focus();
    else this.turns[Math.max(0, next)]?.focus();
  }

  private follow(): void {
    this.following = true;
    this.keepEnd();
  }

  private keepEnd(): void {
    if (this.following) this.log.scrollTop = this.log.scrollHeight;
    this.toEnd.hidden = this.following || this.left < NEAR;
  }

  /** Only going up stops following: text that grows between a frame and its event moves the end away too. */
  private scrolled(): void {
    const { scrollTop } = this.log;
    if (this.left < 2 || (this.left < NEAR && scrollTop > this.top)) this.following = true;
    else if (scrollTop < this.top) this.following = false;
    this.top = scrollTop;
    this.toEnd.hidden = this.following || this.left < NEAR;
  }

  /** Pixels below what is shown. */
  private get left(): number {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight;
  }

  private get tools(): Tools {
    const { strings } = this;
    return {
      labels: { copy: strings.copy!, insert: strings.insert!, apply: strings.apply!, run: strings.run!, copied: strings.copied!, code: strings.code! },
      imageLabel: strings.image!,
      onCopy: (text) => {
        post({ type: 'copy', text });
        announce(strings.copied!);
      },
      onInsert: (text, language) => post({ type: 'insert', text, language }),
      onRun: (text) => post({ type: 'run', text }),
      onApply: (text, language, file, from) => post({ type: 'apply', text, language, file, replyId: from.closest<HTMLElement>('[data-reply]')?.dataset.reply }),
      onLink: (href) => post({ type: 'link', href }),
    };
  }
}

function wayButtons(titles: string[], take: (title: string) => void): HTMLElement[] {
  return titles.map((title, index) => h('button', { type: 'button', class: index > 0 ? 'text-button' : 'text-button first', onclick: () => take(title) }, title));
}
