// The plan of a chat: its steps with how far each is, above the text that is being written.

import type { PlanStep } from '../protocol';
import { announce, h } from './dom';
import { visible } from './markdown';

const MARKS: Record<string, string> = { open: '○', doing: '◐', done: '●', dropped: '✕' };

/** Steps as a list; what a step's mark means is its text for screen readers. */
export function planList(steps: PlanStep[], strings: Record<string, string>): HTMLElement {
  const rows = steps.map(({ text, state }) =>
    h(
      'li',
      { class: 'plan-step', 'data-state': state },
      h('span', { class: 'plan-mark', 'aria-hidden': 'true' }, MARKS[state] ?? MARKS.open!),
      h('span', { class: 'for-readers' }, `${strings[`plan-${state}`] ?? state}: `),
      h('span', { class: 'plan-text' }, visible(text)),
    ),
  );
  return h('ol', { class: 'plan-steps' }, ...rows);
}

export class PlanView {
  readonly element = h('details', { class: 'plan', open: true, hidden: true });
  private steps: PlanStep[] = [];

  constructor(private readonly strings: Record<string, string>) {}

  show(steps: PlanStep[]): void {
    const done = steps.filter(({ state }) => state === 'done' || state === 'dropped').length;
    if (this.steps.length > 0) for (const [at, { text, state }] of steps.entries()) if (this.steps[at]?.state !== state) announce(`${this.strings[`plan-${state}`] ?? state}: ${visible(text)}`);
    this.steps = steps;
    this.element.hidden = steps.length === 0;
    this.element.replaceChildren(h('summary', {}, this.strings.plan, h('span', { class: 'plan-count' }, ` ${done}/${steps.length}`)), planList(steps, this.strings));
  }
}
