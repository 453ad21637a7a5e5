// The chat view's page: messages from the extension in, what the user does out. State that survives hiding the view is
// the id of the chat and the draft; all else the daemon keeps.

import type { FromPage, ToPage } from '../chat/messages';
import { SETUP_PROBLEMS } from '../figures';
import type { Turn } from '../wire';
import { Composer } from './composer';
import { announce, h, iconButton } from './dom';
import { HistoryView } from './history';
import type { Tools } from './markdown';
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
  private turns: TurnView[] = [];
  private current: TurnView | undefined;
  private editOf: string | undefined;
  private following = true;
  /** What can be done where there is no model yet. */
  private ways: string[] = [];
  /** The code of the problem in the banner. */
  private problem = '';

  constructor(private readonly strings: Record<string, string>) {
    this.log.setAttribute('aria-label', strings.conversation!);
    this.composer = new Composer(strings, {
      send: (prompt, models, attachments, blind) => {
        post({ type: 'send', prompt, models, attachments, blind, editOf: this.editOf });
        this.editOf = undefined;
        this.following = true;
      },
      stop: () => post({ type: 'stop' }),
      complete: (id, text, position) => post({ type: 'complete', id, text, position }),
      attach: () => post({ type: 'attach' }),
      drop: (uris) => post({ type: 'dropped', uris }),
      pickModel: () => post({ type: 'pickModel' }),
      tools: () => post({ type: 'tools' }),
      changed: (draft) => keep({ draft }),
    });
    this.history = new HistoryView(strings, {
      list: (query) => post({ type: 'list', query }),
      open: (chatId) => post({ type: 'open', chatId }),
      rename: (chatId, title) => post({ type: 'rename', chatId, title }),
      remove: (chatId) => post({ type: 'delete', chatId }),
      close: () => this.composer.focus(),
    });
    document.body.replaceChildren(h('div', { id: 'announcements', class: 'for-readers', 'aria-live': 'polite' }), this.history.element, this.banner, h('main', {}, this.log, this.composer.element));
    this.log.addEventListener('scroll', () => (this.following = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40));
    new ResizeObserver(() => this.following && this.scroll()).observe(this.log);
    this.log.addEventListener('open-link', (event) => post({ type: 'link', href: String((event as CustomEvent).detail) }));
    document.addEventListener('keydown', (event) => this.key(event));
    if (kept.draft) this.composer.setText(kept.draft);
    this.showEmpty();
  }

  receive(message: ToPage): void {
    switch (message.type) {
      case 'chat':
        return this.showChat(message.chat?.turns ?? [], message.chat?.chatId);
      case 'turn':
        return this.addTurn(message.turn);
      case 'events':
        for (const event of message.events) (this.turnOf(event.replyId) ?? this.current)?.take(event);
        return;
      case 'settled':
        return this.settle(message);
      case 'failed':
        return this.fail(message);
      case 'chats':
        return this.history.setRows(message.chats);
      case 'history':
        return this.history.show();
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
      case 'running':
        return this.setRunning(message.running, message.reason);
    }
  }

  private showChat(turns: Turn[], chatId: string | undefined): void {
    keep({ chatId });
    this.turns = turns.map((turn) => this.view(turn));
    this.current = undefined;
    this.editOf = undefined;
    this.composer.setBusy(false);
    if (turns.length === 0) return this.showEmpty();
    this.log.replaceChildren(...this.turns.map(({ element }) => element));
    this.following = true;
    this.scroll();
  }

  private setModels({ models, selected, ways }: Extract<ToPage, { type: 'models' }>): void {
    this.composer.setModels(models, selected);
    this.ways = ways;
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

  private addTurn(turn: Turn): void {
    if (this.turns.length === 0) this.log.replaceChildren();
    this.current = this.view(turn);
    this.current.wait();
    this.showBanner('');
    this.turns.push(this.current);
    this.log.append(this.current.element);
    this.composer.setBusy(true);
    this.following = true;
    this.scroll();
  }

  private view(turn: Turn): TurnView {
    return new TurnView(
      turn.turnId,
      turn,
      this.strings,
      this.tools,
      {
        retry: (replyId, turnId) => this.again('retry', replyId, turnId),
        continue: (replyId, turnId) => this.again('continue', replyId, turnId),
        choose: (turnId, replyId) => post({ type: 'choose', turnId, replyId }),
        fork: (turnId) => post({ type: 'fork', turnId }),
        edit: (turnId, prompt) => {
          this.editOf = turnId;
          this.composer.setText(prompt);
          this.showBanner(this.strings.editing!);
        },
        copy: (text) => post({ type: 'copy', text }),
        help: (problem) => post({ type: 'help', problem }),
        decide: (callId, decision) => post({ type: 'approve', callId, decision }),
        media: (task) => post({ type: 'media', task }),
      },
      () => this.following && this.scroll(),
    );
  }

  private again(type: 'retry' | 'continue', replyId: string, turnId: string): void {
    this.current = this.turns.find((turn) => turn.turnId === turnId);
    this.current?.wait();
    this.composer.setBusy(true);
    post({ type, replyId, turnId });
  }

  private turnOf(replyId: string): TurnView | undefined {
    const element = this.log.querySelector(`[data-reply="${CSS.escape(replyId)}"]`)?.closest('.turn');
    return this.turns.find((turn) => turn.element === element);
  }

  private settle({ turnId, replies, said }: Extract<ToPage, { type: 'settled' }>): void {
    const turn = this.current ?? this.turns.find((found) => found.turnId === turnId);
    turn?.settled(turnId, replies);
    if (said) turn?.say(said);
    this.current = undefined;
    this.composer.setBusy(false);
    this.showBanner('');
    announce(said ?? `${this.strings.replyDone!} ${replies.map(({ model, text }) => `${model}: ${text.slice(0, 200)}`).join('. ')}`);
    if (this.following) this.scroll();
  }

  private fail({ problem, prompt, ways }: Extract<ToPage, { type: 'failed' }>): void {
    const turn = this.current;
    this.current = undefined;
    this.composer.setBusy(false);
    if (turn?.hasReplies) turn.interrupted();
    else if (turn && prompt) this.drop(turn);
    else turn?.interrupted();
    if (prompt && !turn?.hasReplies) this.composer.restore(prompt);
    const buttons = wayButtons(ways, (title) => post({ type: 'help', problem, title }));
    this.showBanner(problem.message, buttons);
    this.problem = problem.code;
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
      this.composer.setBusy(false);
    }
    this.showBanner(running ? '' : reason || this.strings.notRunning!);
  }

  private showBanner(text: string, buttons: HTMLElement[] = []): void {
    this.problem = '';
    this.banner.hidden = text === '';
    const close = iconButton('close', this.strings.close!, () => {
      this.editOf = undefined;
      this.showBanner('');
    });
    this.banner.replaceChildren(h('span', {}, text), ...buttons, h('span', { class: 'spacer' }), close);
  }

  private key(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.current) post({ type: 'stop' });
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    const focused = document.activeElement?.closest('.turn');
    const at = this.turns.findIndex(({ element }) => element === focused);
    const next = event.key === 'ArrowUp' ? (at < 0 ? this.turns.length - 1 : at - 1) : at + 1;
    if (at >= 0 && next >= this.turns.length) this.composer.focus();
    else this.turns[Math.max(0, next)]?.focus();
  }

  private scroll(): void {
    this.log.scrollTop = this.log.scrollHeight;
  }

  private get tools(): Tools {
    const { strings } = this;
    return {
      labels: { copy: strings.copy!, insert: strings.insert!, apply: strings.apply!, copied: strings.copied!, code: strings.code! },
      imageLabel: strings.image!,
      onCopy: (text) => {
        post({ type: 'copy', text });
        announce(strings.copied!);
      },
      onInsert: (text, language) => post({ type: 'insert', text, language }),
      onApply: (text, language, file, from) => post({ type: 'apply', text, language, file, replyId: from.closest<HTMLElement>('[data-reply]')?.dataset.reply }),
      onLink: (href) => post({ type: 'link', href }),
    };
  }
}

function wayButtons(titles: string[], take: (title: string) => void): HTMLElement[] {
  return titles.map((title) => h('button', { type: 'button', class: 'text-button', onclick: () => take(title) }, title));
}
