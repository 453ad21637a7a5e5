// Messages that wait for the end of the reply's step, above the text that is being written. Each can be taken back.

import { announce, h } from './dom';

export class QueueView {
  readonly element = h('ul', { class: 'queue', hidden: true });
  private readonly rows = new Map<number, HTMLElement>();

  constructor(
    private readonly strings: Record<string, string>,
    private readonly withdraw: (id: number) => void,
  ) {
    this.element.setAttribute('aria-label', strings.queued!);
  }

  add(id: number, prompt: string): void {
    const { queued, withdraw } = this.strings;
    const button = h('button', { type: 'button', class: 'text-button', 'aria-label': `${withdraw}: ${prompt}`, onclick: () => this.withdraw(id) }, withdraw);
    this.rows.set(id, h('li', {}, h('span', { class: 'queue-state' }, queued), h('span', { class: 'queue-text', title: prompt }, prompt), button));
    announce(`${queued}: ${prompt}`);
    this.show();
  }

  remove(id: number): void {
    this.rows.delete(id);
    this.show();
  }

  clear(): void {
    this.rows.clear();
    this.show();
  }

  get size(): number {
    return this.rows.size;
  }

  private show(): void {
    this.element.hidden = this.size === 0;
    this.element.replaceChildren(...this.rows.values());
  }
}
