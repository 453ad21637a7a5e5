// What a turn of an agent changed, and taking it back: all of it, one file, or hunk by hunk.

import type { Checkpoint, CheckpointFile, RestoreResult } from '../protocol';
import { hunkLines } from './diff';
import { announce, h } from './dom';
import { visible } from './markdown';

export interface CheckpointOut {
  /** Asks for what the turn changed; `showDiff` is the answer. */
  diff(id: string): void;
  restore(id: string, files?: string[], force?: boolean): void;
  review(id: string, files?: string[]): void;
}

export class CheckpointView {
  readonly element = h('div', { class: 'checkpoint' });
  private readonly body = h('div', { class: 'checkpoint-body', hidden: true });
  private readonly note = h('div', { class: 'checkpoint-note', role: 'status' });
  private readonly toggle: HTMLButtonElement;

  constructor(
    readonly checkpoint: Checkpoint,
    private readonly strings: Record<string, string>,
    private readonly out: CheckpointOut,
  ) {
    const { id, files } = checkpoint;
    const count = files.length === 1 ? visible(files[0]!) : strings.changedFiles!.replace('{0}', String(files.length));
    this.toggle = this.button(strings.showChanges!, () => this.open());
    this.toggle.setAttribute('aria-expanded', 'false');
    this.element.append(
      h('div', { class: 'checkpoint-head' }, h('span', {}, `${strings.changed} ${count}`), this.toggle, this.button(strings.restoreHere!, () => out.restore(id)), this.button(strings.reviewHunks!, () => out.review(id))),
      this.body,
      this.note,
    );
  }

  /** What the turn changed, file by file. */
  showDiff(files: CheckpointFile[]): void {
    const { id } = this.checkpoint;
    this.body.replaceChildren(
      ...files.map(({ path, kind, hunks }) => {
        const only = [path];
        const head = h('div', { class: 'checkpoint-head' }, h('span', { class: 'checkpoint-path' }, visible(path)), h('span', {}, this.strings[`file-${kind}`] ?? kind), this.button(this.strings.restoreFile!, () => this.out.restore(id, only), path), this.button(this.strings.reviewHunks!, () => this.out.review(id, only), path));
        const lines = h('pre', { class: 'tool-text diff', tabindex: 0, role: 'region' }, ...hunks.flatMap(hunkLines));
        lines.setAttribute('aria-label', `${this.strings.showChanges!} ${visible(path)}`);
        return h('div', { class: 'checkpoint-file' }, head, lines);
      }),
    );
  }

  /** What came of a restore, with the way back. */
  restored({ restored, changed, failed, undo }: RestoreResult): void {
    const { strings } = this;
    const parts = [
      restored.length > 0 ? `${strings.restored!} ${restored.map(visible).join(', ')}.` : '',
      changed.length > 0 ? `${strings.changedSince!} ${changed.map(visible).join(', ')}.` : '',
      failed.length > 0 ? `${strings.notRestored!} ${failed.map(visible).join('; ')}.` : '',
    ];
    const text = parts.filter(Boolean).join(' ') || strings.nothingToRestore!;
    const buttons = [
      undo ? this.button(strings.undoRestore!, () => this.out.restore(undo)) : null,
      changed.length > 0 ? this.button(strings.restoreAnyway!, () => this.out.restore(this.checkpoint.id, changed, true)) : null,
    ];
    this.note.replaceChildren(h('span', {}, text), ...buttons.filter((button) => button !== null));
    announce(text);
  }

  private open(): void {
    this.body.hidden = !this.body.hidden;
    this.toggle.setAttribute('aria-expanded', String(!this.body.hidden));
    if (!this.body.hidden && this.body.childElementCount === 0) this.out.diff(this.checkpoint.id);
  }

  private button(text: string, onclick: () => void, about = ''): HTMLButtonElement {
    const button = h('button', { type: 'button', class: 'text-button', onclick }, text);
    if (about) button.setAttribute('aria-label', `${text}: ${visible(about)}`);
    return button;
  }
}
