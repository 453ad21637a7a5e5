// Several replies chosen at a time: a box at each, and while any is ticked a bar with what can be done with them.

import { h, iconButton } from './dom';

export interface SelectingOut {
  copy(replies: string[]): void;
  export(replies: string[]): void;
  /** By the ids of their turns. */
  record(turns: string[]): void;
}

export class Selecting {
  readonly element = h('div', { class: 'selecting', role: 'toolbar', hidden: true });
  /** The turn of each chosen reply. */
  private readonly chosen = new Map<string, { turnId: string; box: HTMLInputElement }>();

  constructor(
    private readonly strings: Record<string, string>,
    private readonly out: SelectingOut,
  ) {}

  /** The box for a reply. */
  box(replyId: string, turnId: string): HTMLElement {
    const box = h('input', { type: 'checkbox', title: this.strings.selectReply, 'aria-label': this.strings.selectReply });
    const before = this.chosen.get(replyId);
    box.checked = before !== undefined;
    if (before) this.chosen.set(replyId, { turnId, box });
    box.addEventListener('change', () => {
      if (box.checked) this.chosen.set(replyId, { turnId, box });
      else this.chosen.delete(replyId);
      this.show();
    });
    return box;
  }

  clear(): void {
    for (const { box } of this.chosen.values()) box.checked = false;
    this.chosen.clear();
    this.show();
  }

  private show(): void {
    this.element.hidden = this.chosen.size === 0;
    const { strings, out } = this;
    const replies = [...this.chosen.keys()];
    const turns = [...new Set([...this.chosen.values()].map(({ turnId }) => turnId))];
    const button = (label: string, run: () => void): HTMLElement => h('button', { type: 'button', class: 'text-button', onclick: run }, label);
    this.element.setAttribute('aria-label', strings.selected!.replace('{0}', String(replies.length)));
    this.element.replaceChildren(
      h('span', { role: 'status' }, strings.selected!.replace('{0}', String(replies.length))),
      button(strings.selectedCopy!, () => out.copy(replies)),
      button(strings.selectedExport!, () => out.export(replies)),
      button(strings.selectedMacro!, () => out.record(turns)),
      h('span', { class: 'spacer' }),
      iconButton('close', strings.close!, () => this.clear()),
    );
  }
}
