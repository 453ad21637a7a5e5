// The tool calls of a reply: what is called with which arguments, how it went, and the question before it is run. All of it
// was written by a model or a tool, so it is text and nothing else.

import type { ToolApproved, ToolApproveParams, ToolUse } from '../protocol';
import type { RichEvent } from '../wire';
import { announce, h, icon } from './dom';
import { visible } from './markdown';

export type Decide = (callId: string, decision: ToolApproved['decision']) => void;

export class ToolCalls {
  readonly element = h('div', { class: 'tools' });
  private readonly cards = new Map<string, Card>();

  constructor(
    private readonly strings: Record<string, string>,
    private readonly decide: Decide,
  ) {}

  /** `toolCall` or `toolResult` of a stream. */
  take({ callId, server, tool, title, arguments: told, state, text }: RichEvent): void {
    if (!callId) return;
    const card = this.card(callId);
    if (server != null && tool != null) card.name(title || tool, originOf(server, tool, title));
    if (told != null) card.tell(told);
    if (state) card.become(state);
    if (text) card.answer(text);
  }

  ask(asked: ToolApproveParams): void {
    const card = this.card(asked.callId);
    card.name(asked.title || asked.tool, originOf(asked.server, asked.tool, asked.title));
    card.tell(asked.argumentsText);
    card.become('asking');
    card.ask(asked, (decision) => this.decide(asked.callId, decision));
    announce(`${this.strings.toolAsks!} ${asked.title || asked.tool}`);
  }

  /** The question was answered, here or elsewhere, or is not asked any more. */
  answered(callId: string): void {
    this.cards.get(callId)?.unask();
  }

  /** As the saved reply has them. */
  settle(uses: ToolUse[]): void {
    for (const use of uses) {
      const card = this.card(use.callId);
      card.unask();
      card.name(use.title || use.tool, originOf(use.server, use.tool, use.title));
      card.tell(use.arguments);
      card.become(use.state);
      if (use.result) card.answer(use.shortened ? `${use.result}\n…` : use.result);
    }
  }

  private card(callId: string): Card {
    const found = this.cards.get(callId);
    if (found) return found;
    const made = new Card(callId, this.strings);
    this.cards.set(callId, made);
    this.element.append(made.element);
    return made;
  }
}

class Card {
  readonly element: HTMLElement;
  private readonly title = h('span', { class: 'tool-title' });
  private readonly origin = h('span', { class: 'tool-origin' });
  private readonly state = h('span', { class: 'tool-state' });
  private readonly told = h('pre', { class: 'tool-text', tabindex: 0, role: 'region' });
  private readonly answered = h('pre', { class: 'tool-text', tabindex: 0, role: 'region', hidden: true });
  private readonly details: HTMLDetailsElement;
  private readonly question = h('div', { class: 'tool-question', hidden: true });

  constructor(
    callId: string,
    private readonly strings: Record<string, string>,
  ) {
    this.told.setAttribute('aria-label', strings.toolArguments!);
    this.answered.setAttribute('aria-label', strings.toolResult!);
    this.details = h('details', {}, h('summary', {}, icon('tool'), this.title, this.origin, this.state), this.told, this.answered);
    this.element = h('div', { class: 'tool', 'data-call': callId }, this.details, this.question);
  }

  name(title: string, origin: string): void {
    this.title.textContent = visible(title);
    this.origin.textContent = visible(origin);
  }

  tell(text: string): void {
    this.told.textContent = visible(text);
  }

  answer(text: string): void {
    this.answered.hidden = false;
    this.answered.textContent = visible(text);
  }

  become(state: string): void {
    this.element.dataset.state = state;
    this.state.textContent = this.strings[`tool-${state}`] ?? state;
  }

  // The focus stays where it is: a key that was meant for the text being written must never count as approval.
  ask(asked: ToolApproveParams, decide: (decision: ToolApproved['decision']) => void): void {
    const { strings } = this;
    const button = (label: string, decision: ToolApproved['decision'], kind: string): HTMLElement =>
      h('button', { type: 'button', class: kind, onclick: () => {
        this.unask();
        decide(decision);
      } }, label);
    this.details.open = true;
    this.question.hidden = false;
    this.question.setAttribute('role', 'group');
    this.question.setAttribute('aria-label', strings.toolAsks!);
    this.question.replaceChildren(
      h('p', {}, asked.readOnly ? strings.toolReads! : strings.toolChanges!, asked.changed ? ` ${visible(asked.changed)}` : ''),
      button(strings.toolOnce!, 'once', 'primary-button'),
      asked.always === false ? '' : button(strings.toolAlways!, 'always', 'secondary-button'),
      button(strings.toolDeny!, 'deny', 'secondary-button'),
    );
    this.question.scrollIntoView({ block: 'nearest' });
  }

  unask(): void {
    if (this.question.hidden) return;
    this.question.hidden = true;
    this.question.replaceChildren();
    this.details.open = false;
    if (this.element.dataset.state === 'asking') this.become('running');
  }
}

/** Whose tool it is, and its name where a title stands for that. */
function originOf(server: string, tool: string, title: string | null | undefined): string {
  return title && title !== tool ? `${server} · ${tool}` : server;
}
