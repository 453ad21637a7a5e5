// The tool calls of a reply: what is called with which arguments, how it went, and the question before it is run. All of it
// was written by a model or a tool, so it is text and nothing else.

import type { PlanStep, ToolApproved, ToolApproveParams, ToolUse } from '../protocol';
import type { RichEvent } from '../wire';
import { diffLines, HunkPicker } from './diff';
import { announce, h, icon } from './dom';
import { visible } from './markdown';
import { planList } from './plan';

/** Characters of a running command's output that are shown: the last. */
const MOST_LIVE = 20_000;

export type Decide = (callId: string, decision: ToolApproved['decision'], hunks?: number[]) => void;

const PLAN = 'write_plan';

export class ToolCalls {
  readonly element = h('div', { class: 'tools' });
  private readonly cards = new Map<string, Card>();

  constructor(
    private readonly strings: Record<string, string>,
    private readonly decide: Decide,
    /** The user wants to say how a plan should be. */
    private readonly changePlan: () => void = () => undefined,
  ) {}

  /** `toolCall` or `toolResult` of a stream. */
  take({ type, callId, server, tool, title, arguments: told, diff, command, state, text, delta }: RichEvent): void {
    if (!callId) return;
    const card = this.card(callId);
    if (type === 'terminal') return card.write(delta ?? '');
    if (server != null && tool != null) card.name(title || tool, originOf(server, tool, title));
    if (told != null) card.tell({ diff, command, told, tool });
    if (state) card.become(state);
    if (text) card.answer(text);
  }

  ask(asked: ToolApproveParams): void {
    const card = this.card(asked.callId);
    card.name(asked.title || asked.tool, originOf(asked.server, asked.tool, asked.title));
    card.tell({ diff: asked.diff, command: asked.command, told: asked.argumentsText, tool: asked.tool });
    card.become('asking');
    card.ask(asked, (decision, hunks) => this.decide(asked.callId, decision, hunks), this.changePlan);
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
      card.tell({ diff: use.diff, command: use.command, told: use.arguments, tool: use.tool });
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
  private readonly about = h('span', { class: 'tool-about' });
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
    this.details = h('details', {}, h('summary', {}, icon('tool'), this.title, this.about, this.origin, this.state), this.told, this.answered);
    this.element = h('div', { class: 'tool', 'data-call': callId }, this.details, this.question);
  }

  name(title: string, origin: string): void {
    this.title.textContent = visible(title);
    this.origin.textContent = visible(origin);
  }

  /** What the call does: an edit's diff, a plan's steps, a command, or its arguments. */
  tell({ diff, command, told, tool }: Told): void {
    if (diff) this.told.replaceChildren(...diffLines(diff));
    else if (tool === PLAN && command) this.told.replaceChildren(planList(stepsOf(command), this.strings));
    else this.told.textContent = visible(command || told);
    this.about.textContent = visible(aboutOf(diff, tool === PLAN ? '' : command));
    this.told.classList.toggle('diff', Boolean(diff));
  }

  /** What a command writes while it runs; its result takes the place. */
  write(text: string): void {
    this.answered.hidden = false;
    this.answered.textContent = `${this.answered.textContent ?? ''}${visible(text)}`.slice(-MOST_LIVE);
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
  ask(asked: ToolApproveParams, decide: (decision: ToolApproved['decision'], hunks?: number[]) => void, changePlan: () => void): void {
    const { strings } = this;
    const picker = (asked.hunks?.length ?? 0) > 1 ? new HunkPicker(asked.hunks!, (number, line) => strings.hunkLabel!.replace('{0}', String(number)).replace('{1}', String(line)), () => fit()) : undefined;
    const button = (label: string, decision: ToolApproved['decision'], kind: string): HTMLButtonElement =>
      h('button', { type: 'button', class: kind, 'data-decision': decision, onclick: () => {
        this.unask();
        decide(decision, picker && !picker.isAll && decision === 'once' ? picker.chosen : undefined);
      } }, label);
    /** Some of an edit are approved this once; an approval that lasts is of all of it. */
    const fit = (): void => {
      for (const one of this.question.querySelectorAll<HTMLButtonElement>('[data-decision]')) {
        if (one.dataset.decision === 'once') [one.textContent, one.disabled] = [picker!.isAll ? strings.toolOnce! : strings.allowHunks!, picker!.chosen.length === 0];
        else one.hidden = one.dataset.decision !== 'deny' && !picker!.isAll;
      }
    };
    this.details.open = true;
    this.question.hidden = false;
    this.question.setAttribute('role', 'group');
    this.question.setAttribute('aria-label', strings.toolAsks!);
    this.question.tabIndex = -1;
    if (picker) this.told.hidden = true;
    if (asked.tool === PLAN) return this.askPlan(button, changePlan);
    this.question.replaceChildren(
      picker?.element ?? '',
      h('p', {}, asked.readOnly ? strings.toolReads! : strings.toolChanges!, [asked.changed, asked.why].map((note) => (note ? ` ${visible(note)}` : '')).join('')),
      button(strings.toolOnce!, 'once', 'primary-button'),
      asked.chat ? button(strings.toolChat!, 'chat', 'secondary-button') : '',
      asked.always === false ? '' : button(strings.toolAlways!, 'always', 'secondary-button'),
      button(strings.toolDeny!, 'deny', 'secondary-button'),
    );
    this.question.scrollIntoView({ block: 'nearest' });
  }

  private askPlan(button: (label: string, decision: ToolApproved['decision'], kind: string) => HTMLButtonElement, changePlan: () => void): void {
    const change = button(this.strings.planChange!, 'deny', 'secondary-button');
    change.addEventListener('click', changePlan);
    this.question.replaceChildren(h('p', {}, this.strings.planAsks), button(this.strings.planAgree!, 'once', 'primary-button'), change, button(this.strings.planDiscard!, 'deny', 'secondary-button'));
    this.question.scrollIntoView({ block: 'nearest' });
  }

  unask(): void {
    if (this.question.hidden) return;
    this.told.hidden = false;
    this.question.hidden = true;
    this.question.replaceChildren();
    this.details.open = false;
    if (this.element.dataset.state === 'asking') this.become('running');
  }
}

/** What a call says of itself. */
interface Told {
  diff?: string | null;
  command?: string | null;
  told: string;
  tool?: string | null;
}

/** What a call is about, in a word: the file of a diff, the first line of a command. */
function aboutOf(diff: string | null | undefined, command: string | null | undefined): string {
  if (diff) return /^(?:\+\+\+|rename) (.*?)\t?$/m.exec(diff)?.[1] ?? '';
  return (command ?? '').split('\n', 1)[0]!;
}

/** A plan as it waits for approval: numbered lines. */
function stepsOf(command: string): PlanStep[] {
  return command.split('\n').map((line) => ({ text: line.replace(/^\d+\. /, ''), state: 'open' }));
}

/** Whose tool it is, and its name where a title stands for that. */
function originOf(server: string, tool: string, title: string | null | undefined): string {
  return title && title !== tool ? `${server} · ${tool}` : server;
}
