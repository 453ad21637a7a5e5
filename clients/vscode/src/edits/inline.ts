// Proposals in the files they are for: lines that go are tinted, lines that come stand below them in a thread, with what can be
// done. Only in files that are visible, and never in their text.

import * as vscode from 'vscode';
import { setContext } from '../commands';
import type { Proposal } from '../protocol';
import { fromWire } from '../wire';
import { anchorOf, changesOf, inFront, isAt, type Change } from './changes';
import { addedLines, commandLink, plainText, REMOVED_BORDER } from './drawing';
import { threadsShow, type LineThread, type LineThreads } from './threads';

const TAKEN_LINES = vscode.window.createTextEditorDecorationType({
  isWholeLine: true,
  backgroundColor: new vscode.ThemeColor('diffEditor.removedLineBackground'),
  border: REMOVED_BORDER,
  overviewRulerColor: new vscode.ThemeColor('editorOverviewRuler.deletedForeground'),
});
const TAKEN_TEXT = vscode.window.createTextEditorDecorationType({ backgroundColor: new vscode.ThemeColor('diffEditor.removedTextBackground') });

export interface ShownChange {
  proposal: Proposal;
  change: Change;
  /** From 0, among the changes of its file. */
  index: number;
  count: number;
  /** Others that change these lines: one is drawn at a time. */
  behind: Proposal[];
}

export class InlineChanges implements vscode.Disposable {
  private proposals: readonly Proposal[] = [];
  /** The one to draw where several change the same lines; else the newest. */
  private front: string | undefined;
  private readonly drawn = new Map<string, LineThread>();
  /** The changes in a document at a version: asked for with each move of the cursor. */
  private known = new WeakMap<vscode.TextDocument, { version: number; shown: ShownChange[] }>();
  private readonly listening: vscode.Disposable[];

  /** `canRegenerate`: whether a proposal was made by an instruction. */
  constructor(
    private readonly threads: LineThreads,
    private readonly canRegenerate: (id: string) => boolean,
  ) {
    this.listening = [
      vscode.window.onDidChangeVisibleTextEditors(() => this.draw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.tellCursor()),
      vscode.window.onDidChangeTextEditorSelection(() => this.tellCursor()),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => contentChanges.length > 0 && this.proposals.length > 0 && this.isConcerned(document) && this.draw()),
      vscode.workspace.onDidChangeConfiguration((changed) => changed.affectsConfiguration('comments.visible') && this.draw()),
    ];
  }

  show(proposals: readonly Proposal[]): void {
    this.proposals = proposals;
    this.known = new WeakMap();
    this.draw();
  }

  /** The changes in a document, from the top. */
  in(document: vscode.TextDocument): ShownChange[] {
    const known = this.known.get(document);
    if (known?.version === document.version) return known.shown;
    const shown = this.find(document);
    this.known.set(document, { version: document.version, shown });
    return shown;
  }

  private find(document: vscode.TextDocument): ShownChange[] {
    const newest = [...this.proposals].reverse().sort((one, other) => Number(other.id === this.front) - Number(one.id === this.front));
    const all = newest.flatMap((proposal) => {
      const hunks = proposal.hunks.filter(({ uri }) => isSame(uri, document.uri));
      if (hunks.length === 0) return [];
      const changes = changesOf(document.getText(), hunks);
      return changes.map((change, index) => ({ proposal, change, index, count: changes.length }));
    });
    return inFront(all);
  }

  atCursor(): ShownChange | undefined {
    const editor = vscode.window.activeTextEditor;
    return editor && this.in(editor.document).find(({ change }) => isAt(change, editor.selection.active.line));
  }

  /** Takes the cursor to the first change at or below it, else to the first; whether there is one. `of`: that proposal's. */
  reveal(editor: vscode.TextEditor, of?: string): boolean {
    if (of && of !== this.front) {
      this.front = of;
      this.show(this.proposals);
    }
    const all = this.in(editor.document).filter(({ proposal }) => !of || proposal.id === of);
    const line = editor.selection.active.line;
    const next = all.find(({ change }) => anchorOf(change) >= line) ?? all[0];
    if (!next) return false;
    const at = new vscode.Position(Math.min(anchorOf(next.change), editor.document.lineCount - 1), 0);
    editor.selection = new vscode.Selection(at, at);
    editor.revealRange(new vscode.Range(at, at.translate(Math.min(next.change.added.length, 10))), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    return true;
  }

  private isConcerned(document: vscode.TextDocument): boolean {
    return this.proposals.some(({ hunks }) => hunks.some(({ uri }) => isSame(uri, document.uri)));
  }

  private draw(): void {
    const seen = new Set<string>();
    for (const editor of vscode.window.visibleTextEditors) {
      const shown = this.in(editor.document);
      this.tint(editor, shown);
      if (threadsShow()) for (const one of shown) seen.add(this.drawThread(editor.document, one));
    }
    for (const [key, thread] of this.drawn) {
      if (seen.has(key)) continue;
      thread.dispose();
      this.drawn.delete(key);
    }
    this.tellCursor();
  }

  private tint(editor: vscode.TextEditor, shown: readonly ShownChange[]): void {
    const lines = shown.flatMap(({ change }) => (change.removed.length > 0 ? [new vscode.Range(change.first, 0, anchorOf(change), 0)] : []));
    editor.setDecorations(TAKEN_LINES, lines);
    editor.setDecorations(TAKEN_TEXT, shown.flatMap(({ change }) => change.exact.map(fromWire)));
  }

  private drawThread(document: vscode.TextDocument, one: ShownChange): string {
    const { proposal, change } = one;
    const key = `${document.uri.toString()} ${proposal.id} ${change.hunks.join()} ${change.added.join('\n')} ${anchorOf(change)} ${one.count} ${this.canRegenerate(proposal.id)} ${one.behind.map(({ id }) => id).join()}`;
    if (this.drawn.has(key)) return key;
    const line = anchorOf(change);
    const thread = this.threads.open(document.uri, new vscode.Range(line, 0, line, 0), labelOf(one), 'change');
    thread.say(`−${change.removed.length} +${change.added.length}`, `${bodyOf(document, change)}\n\n${this.linksOf(one)}${proposal.reason ? `\n\n$(warning) ${plainText(proposal.reason)}` : ''}`);
    this.drawn.set(key, thread);
    return key;
  }

  private linksOf({ proposal, change, count, behind }: ShownChange): string {
    const { id } = proposal;
    const one = [
      commandLink(`$(check) ${vscode.l10n.t('Accept')}`, 'acceptProposal', [id, change.hunks]) + ' (Tab)',
      commandLink(`$(close) ${vscode.l10n.t('Discard')}`, 'discardProposal', [id, change.hunks]) + ' (Esc)',
    ];
    const all = [
      commandLink(`$(check-all) ${vscode.l10n.t('Accept All')}`, 'acceptProposal', [id]) + ` (${keyLabel('Alt+Enter')})`,
      commandLink(`$(close-all) ${vscode.l10n.t('Discard All')}`, 'discardProposal', [id]) + ` (${keyLabel('Alt+Backspace')})`,
    ];
    const again = [commandLink(`$(refresh) ${vscode.l10n.t('Regenerate')}`, 'regenerate', [id]), commandLink(`$(edit) ${vscode.l10n.t('Change the Instruction')}`, 'changeInstruction', [id])];
    const more = [...(this.canRegenerate(id) ? again : []), commandLink(`$(diff) ${vscode.l10n.t('Side by Side')}`, 'openDiff', [id])];
    const others = behind.map((other) => `$(layers) ${vscode.l10n.t('Also proposed here:')} ${commandLink(plainText(other.title), 'showProposal', [other.id])}`);
    return [[...one, ...(count > 1 || proposal.hunks.length > change.hunks.length ? all : [])], more, others].filter((links) => links.length > 0).map((links) => links.join(' &nbsp; ')).join('  \n');
  }

  private tellCursor(): void {
    const editor = vscode.window.activeTextEditor;
    const shown = editor && this.proposals.length > 0 ? this.in(editor.document) : [];
    setContext('changesHere', shown.length > 0);
    setContext('changeAtCursor', shown.some(({ change }) => editor!.selection.isEmpty && isAt(change, editor!.selection.active.line)));
  }

  dispose(): void {
    vscode.Disposable.from(...this.listening, ...this.drawn.values()).dispose();
  }
}

function labelOf({ proposal, index, count }: ShownChange): string {
  return count > 1 ? `${proposal.title} · ${vscode.l10n.t('change {0} of {1}', index + 1, count)}` : proposal.title;
}

function bodyOf(document: vscode.TextDocument, change: Change): string {
  if (change.added.length > 0) return addedLines(change.added, document.languageId);
  return `*${change.removed.length === 1 ? vscode.l10n.t('Removes this line.') : vscode.l10n.t('Removes these {0} lines.', change.removed.length)}*`;
}

function keyLabel(keys: string): string {
  return process.platform === 'darwin' ? keys.replace('Alt+', '⌥').replace('Enter', '⏎').replace('Backspace', '⌫') : keys;
}

function isSame(uri: string, other: vscode.Uri): boolean {
  return vscode.Uri.parse(uri).toString() === other.toString();
}
