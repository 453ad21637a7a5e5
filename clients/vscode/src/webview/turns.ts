// A turn: what was asked, its attachments, and one reply for each model, side by side.

import { problemLine, SETUP_PROBLEMS, usageLine } from '../figures';
import type { ChatExcerpt, MediaTask, Problem, Reply, ToolApproveParams } from '../protocol';
import type { RichEvent, Turn } from '../wire';
import { h, iconButton } from './dom';
import { isWebAddress, renderMarkdown, type Tools } from './markdown';
import type { CheckpointView } from './checkpoints';
import { references } from './references';
import { StreamedMarkdown } from './stream';
import { ToolCalls, type Decide } from './tools';

export interface TurnOut {
  /** `ofChosen`: of the model chosen now, since the reply's own had no key. */
  retry(replyId: string, turnId: string, ofChosen: boolean): void;
  continue(replyId: string, turnId: string): void;
  choose(turnId: string, replyId: string): void;
  fork(turnId: string): void;
  edit(turnId: string, prompt: string): void;
  copy(text: string): void;
  help(problem: Problem): void;
  /** Asks what can be done about a problem, as buttons. */
  ways(problem: Problem, show: (buttons: HTMLElement[]) => void): void;
  decide: Decide;
  changePlan: () => void;
  media(task: string): void;
  /** The box that chooses a reply among several. */
  box(replyId: string, turnId: string): HTMLElement;
}

export class TurnView {
  readonly element: HTMLElement;
  private readonly replies = new Map<string, ReplyView>();
  private readonly columns = h('div', { class: 'replies' });
  private readonly bar = h('div', { class: 'turn-tools' });
  private readonly context = h('div', { class: 'context' });
  private readonly foot = h('div', { class: 'turn-foot' });

  constructor(
    public turnId: string,
    turn: Turn,
    private readonly strings: Record<string, string>,
    private readonly tools: Tools,
    private readonly out: TurnOut,
    private readonly onRendered: () => void,
  ) {
    const attached = (turn.images ?? []).map(({ name }) => h('span', { class: 'chip' }, name ?? strings.image));
    this.bar.append(
      iconButton('copy', strings.copyPrompt!, () => out.copy(turn.prompt)),
      iconButton('edit', strings.editPrompt!, () => out.edit(this.turnId, turn.prompt)),
      iconButton('fork', strings.fork!, () => out.fork(this.turnId)),
    );
    this.element = h(
      'article',
      { class: 'turn', 'aria-label': turn.prompt.slice(0, 80) },
      h('div', { class: 'prompt' }, h('div', { class: 'prompt-text' }, turn.prompt), attached.length > 0 ? h('div', { class: 'chips' }, ...attached) : null, this.context, this.bar),
      this.columns,
      this.foot,
    );
    this.show(turn.excerpts ?? []);
    for (const reply of turn.replies) this.settle(reply);
    this.layout();
  }

  /** What the turn brought in. */
  private show(excerpts: ChatExcerpt[]): void {
    this.context.replaceChildren(...(excerpts.length > 0 ? [references(excerpts, this.strings, (href) => this.tools.onLink(href))] : []));
  }

  /** What it changed, and the way back. */
  showCheckpoint(view: CheckpointView): void {
    this.foot.replaceChildren(view.element);
  }

  /** Shows that answers are awaited. */
  wait(): void {
    this.element.classList.add('waiting');
    this.element.setAttribute('aria-busy', 'true');
  }

  take(event: RichEvent): void {
    if (event.type !== 'start') this.element.classList.remove('waiting');
    else {
      this.turnId = event.turnId || this.turnId;
      if (event.excerpts) this.show(event.excerpts);
    }
    this.reply(event.replyId).take(event);
  }

  ask(asked: ToolApproveParams): void {
    this.reply(asked.replyId).calls.ask(asked);
  }

  answered(callId: string): void {
    for (const { calls } of this.replies.values()) calls.answered(callId);
  }

  /** The turn as it was saved. */
  settled(turnId: string, replies: Reply[]): void {
    this.turnId = turnId;
    this.element.classList.remove('waiting');
    this.element.removeAttribute('aria-busy');
    for (const reply of replies) this.settle(reply);
    this.layout();
  }

  /** What the daemon says itself, of a command that asks no model; in place of what it said on the way. */
  say(text: string): void {
    this.replies.clear();
    this.columns.replaceChildren(h('section', { class: 'reply', tabindex: -1 }, h('div', { class: 'markdown' }, renderMarkdown(text, this.tools))));
  }

  /** Text that was under way when the daemon was lost. */
  interrupted(): void {
    this.element.classList.remove('waiting');
    this.element.removeAttribute('aria-busy');
    for (const [id, reply] of this.replies) {
      if (reply.hasBegun) reply.close();
      else this.forget(id, reply);
    }
    this.layout();
  }

  /** A reply of which nothing arrived is no part of the conversation. */
  private forget(id: string, reply: ReplyView): void {
    if (!reply.isOpen) return;
    reply.element.remove();
    this.replies.delete(id);
  }

  get hasReplies(): boolean {
    return this.replies.size > 0;
  }

  focus(): void {
    this.element.querySelector<HTMLElement>('.reply')?.focus();
  }

  private reply(replyId: string): ReplyView {
    const found = this.replies.get(replyId);
    if (found) return found;
    const made = new ReplyView(replyId, this, this.strings, this.tools, this.out, this.onRendered);
    this.replies.set(replyId, made);
    this.columns.append(made.element);
    this.layout();
    return made;
  }

  private settle(reply: Reply): void {
    this.reply(reply.replyId).settle(reply);
  }

  private layout(): void {
    const several = this.replies.size > 1;
    this.columns.classList.toggle('several', several);
    for (const reply of this.replies.values()) reply.setChoosable(several);
  }
}

class ReplyView {
  readonly element: HTMLElement;
  isOpen = true;
  private readonly title = h('span', { class: 'reply-model' });
  private readonly body: StreamedMarkdown;
  private readonly reasoning = h('div', { class: 'reasoning-text' });
  private readonly thinking: HTMLDetailsElement;
  readonly calls: ToolCalls;
  private readonly media = h('div', { class: 'extras' });
  private readonly extras = h('div', { class: 'extras' });
  private readonly problem = h('div', { class: 'problem', role: 'status', hidden: true });
  private readonly foot = h('div', { class: 'reply-foot' });
  private readonly chooser: HTMLButtonElement;
  private text = '';

  constructor(
    private readonly replyId: string,
    private readonly turn: TurnView,
    private readonly strings: Record<string, string>,
    tools: Tools,
    private readonly out: TurnOut,
    onRendered: () => void,
  ) {
    this.body = new StreamedMarkdown(tools, onRendered);
    this.calls = new ToolCalls(strings, out.decide, out.changePlan);
    this.thinking = h('details', { class: 'reasoning', hidden: true }, h('summary', {}, strings.reasoning), this.reasoning);
    this.chooser = iconButton('star', strings.choose!, () => out.choose(turn.turnId, replyId), { hidden: true });
    this.element = h('section', { class: 'reply', tabindex: -1, 'data-reply': replyId }, h('div', { class: 'reply-head' }, this.title, h('span', { class: 'spacer' }), this.chooser), this.thinking, this.calls.element, this.body.element, this.media, this.extras, this.problem, this.foot);
    this.label();
  }

  take(event: RichEvent): void {
    if (event.type === 'start') {
      this.title.textContent = event.model || this.strings.hidden!;
      this.label();
    } else if (event.type === 'text') {
      this.text += event.delta ?? '';
      this.body.push(event.delta ?? '');
    } else if (event.type === 'reasoning') {
      this.thinking.hidden = false;
      this.reasoning.append(event.delta ?? '');
    } else if (event.type === 'image') {
      const shown = picture(event as unknown as Record<string, unknown>, this.strings.image!);
      if (shown) this.extras.append(shown);
    } else if (event.type === 'toolCall' || event.type === 'toolResult' || event.type === 'terminal') {
      this.calls.take(event);
    } else if (event.type === 'cost') {
      this.foot.textContent = usageLine(event.usage, this.strings.tokens!);
    } else if (event.type === 'media' && event.task) {
      this.showMedia(event.task.task, event.task);
    } else if (event.type === 'notice') {
      const text = event.text ?? event.delta ?? event.name;
      if (text) this.extras.append(h('div', { class: 'notice' }, text));
    }
  }

  settle(reply: Reply): void {
    this.isOpen = false;
    this.text = reply.text;
    this.title.textContent = reply.model || this.strings.hidden!;
    this.element.classList.toggle('chosen', reply.chosen === true);
    this.chooser.setAttribute('aria-pressed', String(reply.chosen === true));
    this.body.finish(reply.rendered || reply.text);
    if (reply.reasoning) {
      this.thinking.hidden = false;
      this.reasoning.textContent = reply.reasoning;
    }
    this.calls.settle(reply.tools ?? []);
    for (const task of reply.media ?? []) this.showMedia(task);
    this.showExtras(reply);
    this.showProblem(reply);
    this.showFoot(reply);
    this.label();
  }

  /** Whether anything of it arrived. */
  get hasBegun(): boolean {
    return this.text !== '' || this.element.querySelector('.reasoning-text:not(:empty), .tool, .extras:not(:empty)') !== null;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.body.finish(this.text);
    this.problem.hidden = false;
    this.problem.textContent = this.strings.interrupted!;
  }

  setChoosable(several: boolean): void {
    this.chooser.hidden = !several;
  }

  private label(): void {
    this.element.setAttribute('aria-label', `${this.strings.replyFrom!} ${this.title.textContent || '…'}`);
  }

  /** A row for what was begun, with the way to it. */
  private showMedia(id: string, task?: MediaTask): void {
    const open = h('button', { type: 'button', class: 'text-button', onclick: () => this.out.media(id) }, this.strings.showMedia);
    const percent = task?.progress && task.state === 'running' ? ` ${Math.round(task.progress * 100)} %` : '';
    const row = h('div', { class: 'notice', 'data-task': id }, task ? `${task.title}${percent} ` : '', open);
    const before = this.media.querySelector<HTMLElement>(`[data-task="${CSS.escape(id)}"]`);
    if (!before) this.media.append(row);
    else if (task) before.replaceWith(row);
  }

  private showExtras(reply: Reply): void {
    const images = (reply.images ?? []).map((image) => picture(image, this.strings.image!)).filter((node) => node !== null);
    // Where the daemon has numbered the sources in the text, their list is in it too.
    const cited = reply.rendered ? [] : (reply.citations ?? []);
    const sources = cited.map(({ url, title }) => h('li', {}, isWebAddress(url) ? link(url, title || url, this.body) : title || url));
    const notices = (reply.notices ?? []).map((text) => h('div', { class: 'notice' }, text));
    this.extras.replaceChildren(...notices, ...images, ...(sources.length > 0 ? [h('div', { class: 'sources' }, h('h3', {}, this.strings.sources), h('ol', {}, ...sources))] : []));
  }

  private showProblem(reply: Reply): void {
    const { problem, status } = reply;
    this.problem.hidden = status === 'complete';
    if (status === 'complete') return;
    const isStopped = status === 'cancelled' || problem?.code === 'cancelled';
    this.problem.classList.toggle('stopped', isStopped);
    const text = isStopped ? this.strings.cancelled! : problem ? problemLine(problem) : this.strings.interrupted!;
    const canContinue = status === 'interrupted' || status === 'cancelled';
    const parts = [
      h('span', {}, text),
      canContinue && reply.text ? h('button', { type: 'button', class: 'text-button', onclick: () => this.out.continue(this.replyId, this.turn.turnId) }, this.strings.continue) : null,
      problem && status === 'failed' ? this.help(problem) : null,
    ];
    this.problem.replaceChildren(...parts.filter((part) => part !== null));
  }

  /** Where a key or a model is missing, each way has a button of its own. */
  private help(problem: Problem): HTMLElement {
    const help = h('span', { class: 'ways' }, h('button', { type: 'button', class: 'text-button', onclick: () => this.out.help(problem) }, this.strings.help));
    if (SETUP_PROBLEMS.has(problem.code)) this.out.ways(problem, (buttons) => buttons.length > 0 && help.replaceChildren(...buttons));
    return help;
  }

  private showFoot(reply: Reply): void {
    this.foot.replaceChildren(
      iconButton('copy', this.strings.copyReply!, () => this.out.copy(reply.text)),
      iconButton('retry', this.strings.retry!, () => this.out.retry(this.replyId, this.turn.turnId, SETUP_PROBLEMS.has(reply.problem?.code ?? ''))),
      h('span', { class: 'usage' }, usageLine(reply.usage, this.strings.tokens!)),
      h('span', { class: 'spacer' }),
      this.out.box(this.replyId, this.turn.turnId),
    );
  }
}

/** Only pictures that came with the reply are shown; an address of one elsewhere is never loaded. */
function picture(image: Record<string, unknown>, label: string): HTMLElement | null {
  const { mime, data } = image;
  const isPicture = typeof mime === 'string' && /^image\/(png|jpeg|gif|webp)$/.test(mime) && typeof data === 'string' && /^[A-Za-z0-9+/=]+$/.test(data);
  return isPicture ? h('img', { src: `data:${mime};base64,${data}`, alt: label, class: 'picture' }) : null;
}

function link(href: string, text: string, body: StreamedMarkdown): HTMLElement {
  return h('a', { href: '#', title: href, 'data-href': href, onclick: (event: Event) => {
    event.preventDefault();
    body.element.dispatchEvent(new CustomEvent('open-link', { bubbles: true, detail: href }));
  } }, text);
}
