// Where the user writes: the text, completions for `/`, `#` and `@`, attachments, the models that will answer.

import type { CompletionItem, Mode, ModelChoice } from '../chat/messages';
import type { Attachment } from '../wire';
import { announce, h, icon, iconButton } from './dom';

export interface ComposerOut {
  send(prompt: string, models: string[], attachments: Attachment[], blind: boolean): void;
  stop(): void;
  complete(id: number, text: string, position: { line: number; character: number }): void;
  attach(): void;
  drop(uris: string[]): void;
  pickModel(): void;
  tools(): void;
  mode(mode: Mode): void;
  /** The draft changed and should be kept. */
  changed(draft: string): void;
}

const MODES: readonly Mode[] = ['ask', 'edit', 'agent', 'plan'];
const TRIGGER = /(^|\s)[/#@][^\s]*$/;
const LARGEST_IMAGE = 8 * 1024 * 1024;
const LARGEST_TEXT = 100 * 1024;

export class Composer {
  readonly element: HTMLElement;
  private readonly input: HTMLTextAreaElement;
  private readonly list = h('ul', { id: 'completions', class: 'completions', role: 'listbox', hidden: true });
  private readonly chips = h('div', { class: 'chips' });
  private readonly button: HTMLButtonElement;
  /** Sends while a reply is written: the button beside it stops that then. */
  private readonly later: HTMLButtonElement;
  private readonly models: HTMLElement;
  private readonly modes: HTMLSelectElement;
  private attachments: Attachment[] = [];
  private compare: string[] = [];
  private blind = false;
  private choices: ModelChoice[] = [];
  private selected = '';
  private items: CompletionItem[] = [];
  private active = -1;
  private asked = 0;
  private busy = false;
  private sent: Attachment[] = [];

  constructor(
    private readonly strings: Record<string, string>,
    private readonly out: ComposerOut,
  ) {
    this.input = h('textarea', {
      rows: 1,
      'aria-label': strings.prompt,
      placeholder: strings.placeholder,
      role: 'combobox',
      'aria-autocomplete': 'list',
      'aria-expanded': 'false',
      'aria-controls': 'completions',
      oninput: () => this.typed(),
      onkeydown: (event: KeyboardEvent) => this.key(event),
      onpaste: (event: ClipboardEvent) => void this.paste(event),
      onblur: () => setTimeout(() => this.hideCompletions(), 150),
    });
    this.list.setAttribute('aria-label', strings.completions!);
    this.button = h('button', { type: 'button', class: 'send', onclick: () => (this.busy ? out.stop() : this.submit()) });
    this.later = iconButton('send', strings.sendLater!, () => this.submit());
    this.models = h('div', { class: 'models' });
    this.modes = h('select', { class: 'mode', 'aria-label': strings.mode, onchange: () => this.chooseMode(this.modes.value as Mode) }, ...MODES.map((mode) => h('option', { value: mode }, strings[`mode-${mode}`])));
    this.setMode('ask');
    const tools = h('div', { class: 'composer-tools' }, this.modes, iconButton('attach', strings.attach!, () => out.attach()), iconButton('tool', strings.tools!, () => out.tools()), this.models, h('span', { class: 'spacer' }), this.later, this.button);
    this.element = h('div', { class: 'composer', ondragover: (event: DragEvent) => event.preventDefault(), ondrop: (event: DragEvent) => void this.drop(event) }, this.list, this.chips, this.input, tools);
    this.setBusy(false);
    this.showModels();
  }

  focus(): void {
    this.input.focus();
  }

  setText(text: string): void {
    this.input.value = text;
    this.fit();
    this.input.focus();
    this.input.setSelectionRange(text.length, text.length);
  }

  /** At the cursor. */
  insert(text: string): void {
    this.input.setRangeText(text, this.input.selectionStart, this.input.selectionEnd, 'end');
    this.fit();
    this.input.focus();
    this.out.changed(this.input.value);
  }

  /** Puts back what could not be sent, unless something new was written meanwhile. */
  restore(text: string): void {
    if (this.input.value !== '') return;
    this.attachments = this.sent;
    this.showChips();
    this.setText(text);
  }

  /** What was withdrawn before it was sent, after what is written. */
  giveBack(text: string, attachments: Attachment[]): void {
    this.attachments.push(...attachments);
    this.showChips();
    this.setText([this.input.value, text].filter(Boolean).join('\n\n'));
    this.out.changed(this.input.value);
  }

  /** The mode of the next turn: what a model may do. */
  setMode(mode: Mode): void {
    this.modes.value = mode;
    this.modes.dataset.mode = mode;
    this.modes.title = `${this.strings.mode!}: ${this.strings[`mode-${mode}-what`]!}`;
  }

  private chooseMode(mode: Mode): void {
    this.setMode(mode);
    announce(this.modes.title);
    this.out.mode(mode);
  }

  setBusy(busy: boolean): void {
    this.busy = busy;
    this.later.hidden = !busy;
    const label = busy ? this.strings.stop! : this.strings.send!;
    this.button.replaceChildren(icon(busy ? 'stop' : 'send'));
    this.button.title = label;
    this.button.setAttribute('aria-label', label);
  }

  setModels(choices: ModelChoice[], selected: string): void {
    this.choices = choices;
    this.selected = selected;
    this.compare = this.compare.filter((id) => choices.some((choice) => choice.id === id));
    this.showModels();
  }

  addAttachment(attachment: Attachment): void {
    this.attachments.push(attachment);
    this.showChips();
    announce(`${this.strings.attached!} ${attachment.name}`);
  }

  showCompletions(id: number, items: CompletionItem[]): void {
    if (id !== this.asked) return;
    this.items = items.slice(0, 50);
    this.active = items.length > 0 ? 0 : -1;
    this.list.replaceChildren(
      ...this.items.map((item, index) =>
        h(
          'li',
          { id: `completion-${index}`, role: 'option', onmousedown: (event: Event) => event.preventDefault(), onclick: () => this.accept(index) },
          h('span', { class: 'completion-label' }, item.label),
          item.detail ? h('span', { class: 'completion-detail' }, item.detail) : null,
        ),
      ),
    );
    this.list.hidden = items.length === 0;
    this.input.setAttribute('aria-expanded', String(items.length > 0));
    this.markActive();
  }

  private typed(): void {
    this.fit();
    this.out.changed(this.input.value);
    const before = this.input.value.slice(0, this.input.selectionStart);
    if (TRIGGER.test(before)) this.out.complete(++this.asked, this.input.value, positionAt(before));
    else this.hideCompletions();
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (!this.list.hidden && this.completionKey(event)) return event.preventDefault();
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === 'Escape' && this.busy) {
      event.preventDefault();
      this.out.stop();
    }
  }

  private completionKey(event: KeyboardEvent): boolean {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      this.active = (this.active + move + this.items.length) % this.items.length;
      this.markActive();
    } else if (event.key === 'Tab' || (event.key === 'Enter' && !event.shiftKey && !this.isWritten(this.active))) {
      this.accept(this.active);
    } else if (event.key === 'Escape') {
      this.hideCompletions();
    } else {
      return false;
    }
    return true;
  }

  private markActive(): void {
    [...this.list.children].forEach((row, index) => row.setAttribute('aria-selected', String(index === this.active)));
    const row = this.list.children[this.active];
    if (row) {
      this.input.setAttribute('aria-activedescendant', row.id);
      row.scrollIntoView({ block: 'nearest' });
    } else {
      this.input.removeAttribute('aria-activedescendant');
    }
  }

  /** Whether the text has it already, so that accepting it would change nothing. */
  private isWritten(index: number): boolean {
    const item = this.items[index];
    const text = this.input.value;
    return item !== undefined && text.slice(unitsOf(text, item.start), unitsOf(text, item.end)) === item.insertText.trimEnd();
  }

  private accept(index: number): void {
    const item = this.items[index];
    this.hideCompletions();
    if (!item) return;
    const text = this.input.value;
    const [start, end] = [unitsOf(text, item.start), unitsOf(text, item.end)];
    const inserted = /[\s:]$/.test(item.insertText) ? item.insertText : `${item.insertText} `;
    this.input.value = text.slice(0, start) + inserted + text.slice(end).replace(/^ /, '');
    const at = start + inserted.length;
    this.input.setSelectionRange(at, at);
    this.input.focus();
    this.out.changed(this.input.value);
    if (inserted.endsWith(':')) this.typed();
  }

  private hideCompletions(): void {
    this.asked++;
    this.list.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }

  private submit(): void {
    const prompt = this.input.value.trim();
    if (!prompt) return;
    this.out.send(prompt, this.compare.length > 0 ? [this.selected, ...this.compare].filter(Boolean) : [], this.attachments, this.blind && this.compare.length > 0);
    this.input.value = '';
    this.sent = this.attachments;
    this.attachments = [];
    this.out.changed('');
    this.showChips();
    this.fit();
    this.hideCompletions();
  }

  private fit(): void {
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight, window.innerHeight * 0.4)}px`;
  }

  private showChips(): void {
    this.chips.replaceChildren(
      ...this.attachments.map((attachment, index) =>
        h(
          'span',
          { class: 'chip' },
          h('img', { src: `data:${attachment.mime};base64,${attachment.data}`, alt: '' }),
          attachment.name,
          iconButton('close', `${this.strings.remove!} ${attachment.name}`, () => {
            this.attachments.splice(index, 1);
            this.showChips();
            this.input.focus();
          }),
        ),
      ),
    );
  }

  private showModels(): void {
    const name = (id: string): string => this.choices.find((choice) => choice.id === id)?.label ?? id.slice(id.indexOf('/') + 1);
    const extra = this.compare.map((id) => h('span', { class: 'chip' }, name(id), iconButton('close', `${this.strings.remove!} ${name(id)}`, () => this.setCompare(this.compare.filter((other) => other !== id)))));
    const rest = this.choices.filter(({ id }) => id !== this.selected && !this.compare.includes(id));
    const select = h(
      'select',
      { class: 'compare', title: this.strings.compare, 'aria-label': this.strings.compare, hidden: rest.length === 0, onchange: () => select.value && this.setCompare([...this.compare, select.value]) },
      h('option', { value: '' }, '+'),
      ...grouped(rest).map(([group, members]) => optionGroup(group, members)),
    );
    this.models.replaceChildren(
      h('button', { type: 'button', class: 'model', title: this.strings.pickModel, onclick: () => this.out.pickModel() }, this.selected ? name(this.selected) : this.strings.pickModel),
      ...extra,
      select,
      ...(extra.length > 0 ? [this.blindSwitch()] : []),
    );
  }

  private blindSwitch(): HTMLElement {
    return iconButton('hide', this.strings.blind!, () => {
      this.blind = !this.blind;
      this.showModels();
    }, { 'aria-pressed': String(this.blind) });
  }

  private setCompare(ids: string[]): void {
    this.compare = ids;
    this.showModels();
  }

  private async paste(event: ClipboardEvent): Promise<void> {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    for (const file of files) await this.addFile(file);
  }

  private async drop(event: DragEvent): Promise<void> {
    event.preventDefault();
    const uris = (event.dataTransfer?.getData('text/uri-list') || event.dataTransfer?.getData('application/vnd.code.uri-list') || '').split(/\r?\n/).filter((uri) => uri && !uri.startsWith('#'));
    const files = [...(event.dataTransfer?.files ?? [])];
    if (uris.length > 0) return this.out.drop(uris);
    for (const file of files) await this.addFile(file);
  }

  private async addFile(file: File): Promise<void> {
    if (file.size > LARGEST_IMAGE) return announce(`${file.name}: ${this.strings.tooLarge!}`);
    if (/^image\/(png|jpeg|gif|webp)$/.test(file.type)) this.addAttachment({ name: file.name || 'image', mime: file.type, data: await base64(file) });
    else if (file.size <= LARGEST_TEXT) this.insert(`\n\`\`\`${file.name}\n${await file.text()}\n\`\`\`\n`);
    else announce(`${file.name}: ${this.strings.tooLarge!}`);
  }
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'));
    reader.readAsDataURL(file);
  });
}

/** Line and UTF-16 character of the end of `before`. */
export function positionAt(before: string): { line: number; character: number } {
  const lines = before.split('\n');
  return { line: lines.length - 1, character: lines.at(-1)!.length };
}

/** The UTF-16 offset of a code point offset. */
export function unitsOf(text: string, codePoints: number): number {
  return [...text].slice(0, codePoints).join('').length;
}

function grouped(choices: ModelChoice[]): [string, ModelChoice[]][] {
  const groups = new Map<string, ModelChoice[]>();
  for (const choice of choices) groups.set(choice.group, [...(groups.get(choice.group) ?? []), choice]);
  return [...groups];
}

function optionGroup(label: string, members: ModelChoice[]): HTMLOptGroupElement {
  return h('optgroup', { label }, ...members.map(({ id, label: text }) => h('option', { value: id }, text)));
}
