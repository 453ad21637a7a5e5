// The next edit: what the user would change now, wherever it is. One at a time; Tab jumps to it and then makes it, Esc rejects it.
// How it looks is nextEditLooks.ts. Nothing is asked until a model is chosen for the role `next`.

import * as vscode from 'vscode';
import { command, setContext } from '../commands';
import type { Halley } from '../halley';
import type { NextEdit, NextEditParams } from '../protocol';
import { fromWire, toWire } from '../wire';
import { NextEditLooks } from './nextEditLooks';
import type { LineThreads } from './threads';

/** One question for the keys of a word; the daemon waits for the rest of the pause. */
const SETTLE_MS = 50;

type Trigger = NonNullable<NextEditParams['trigger']>;

export function registerNextEdits(halley: Halley, threads: LineThreads): vscode.Disposable[] {
  const next = new NextEdits(halley, threads);
  return [
    next,
    command('nextEdit', () => next.stepOrAsk()),
    command('stepToNextEdit', () => next.step()),
    command('dismissNextEdit', () => next.dismiss()),
  ];
}

class NextEdits implements vscode.Disposable {
  private edit: NextEdit | undefined;
  private isTold = false;
  /** Where it was asked for: seen and reached from there, and where it belongs. */
  private origin: vscode.TextDocument | undefined;
  private timer: NodeJS.Timeout | undefined;
  private asking: vscode.CancellationTokenSource | undefined;
  private readonly looks: NextEditLooks;
  private readonly listening: vscode.Disposable[];

  constructor(
    private readonly halley: Halley,
    threads: LineThreads,
  ) {
    this.looks = new NextEditLooks(threads);
    this.listening = [
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => contentChanges.length > 0 && this.changed(document)),
      vscode.workspace.onDidSaveTextDocument((document) => this.askSoon(document, 'save')),
      vscode.window.onDidChangeTextEditorSelection(() => this.draw()),
      vscode.window.onDidChangeTextEditorVisibleRanges(() => this.draw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.draw()),
      halley.onState(({ kind }) => kind !== 'running' && this.forget()),
    ];
  }

  /** Jumps to it; makes it where the cursor is there already. Whether there is one. */
  async step(): Promise<boolean> {
    const { edit } = this;
    if (!edit) return false;
    const document = this.documentOf(edit) ?? (await opened(edit));
    if (!document || !this.isCurrent(edit, document)) {
      this.forget();
      this.tell(edit, 'ignored');
      vscode.window.setStatusBarMessage(vscode.l10n.t('The file has changed; the next edit no longer fits'), 3000);
      return true;
    }
    const before = vscode.window.activeTextEditor;
    const isSeen = before?.document === document && isAt(edit, before); // a file that is opened now begins where the cursor may be
    const editor = await vscode.window.showTextDocument(document, { preview: false, viewColumn: columnOf(document) });
    if (isSeen) await this.accept(edit, editor);
    else reveal(edit, editor);
    return true;
  }

  /** As the user wants it: what goes wrong is shown, and that there is none. */
  async stepOrAsk(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if ((await this.step()) || !editor) return;
    const { edit } = await this.halley.request('halley/nextEdit', this.question(editor, 'invoked'));
    if (edit) this.show(edit, editor.document);
    else vscode.window.setStatusBarMessage(vscode.l10n.t('There is no next edit here'), 3000);
  }

  dismiss(): void {
    const { edit } = this;
    this.forget();
    if (edit) this.tell(edit, 'rejected');
  }

  private changed(document: vscode.TextDocument): void {
    if (this.edit && this.documentOf(this.edit) === document) this.forget();
    this.askSoon(document, 'idle');
  }

  private askSoon(document: vscode.TextDocument, trigger: Trigger): void {
    if (!this.halley.status?.roles.next || vscode.window.activeTextEditor?.document !== document) return;
    clearTimeout(this.timer);
    this.asking?.cancel();
    this.timer = setTimeout(() => void this.ask(document, trigger), SETTLE_MS);
  }

  // Errors are for questions of the user's.
  private async ask(document: vscode.TextDocument, trigger: Trigger): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor?.document !== document || editor.selections.length > 1) return;
    const asking = (this.asking = new vscode.CancellationTokenSource());
    try {
      const { edit } = await this.halley.request('halley/nextEdit', this.question(editor, trigger), asking.token);
      if (edit && !asking.token.isCancellationRequested) this.show(edit, document);
    } catch (error) {
      this.halley.log.debug(`next edit: ${String(error)}`);
    } finally {
      asking.dispose();
    }
  }

  private question({ document, selection }: vscode.TextEditor, trigger: Trigger): NextEditParams {
    const { line, character } = selection.active;
    const diagnostics = vscode.languages.getDiagnostics(document.uri).map(({ range, message, severity }) => ({ range: toWire(range), message, severity: severity + 1 }));
    return { textDocument: { uri: document.uri.toString(), version: document.version }, position: { line, character }, trigger, diagnostics };
  }

  /** Whether the document is still the text it was made for. A file that was not open is looked at when it is. */
  private isCurrent(edit: NextEdit, document: vscode.TextDocument): boolean {
    const replaced = (): string => document.getText(fromWire(edit.range)).replaceAll('\r\n', '\n');
    if (edit.version == null && replaced() === edit.replaces) edit.version = document.version;
    return document.version === edit.version;
  }

  private show(edit: NextEdit, origin: vscode.TextDocument): void {
    const document = this.documentOf(edit);
    if (document ? !this.isCurrent(edit, document) : edit.version != null) return;
    this.isTold = this.isTold && this.edit?.id === edit.id;
    this.edit = edit;
    this.origin = origin;
    this.draw();
    if (!this.isTold) this.tell(edit, 'shown');
    this.isTold = true;
  }

  private draw(): void {
    const { edit } = this;
    if (!edit) return;
    const document = this.documentOf(edit);
    const active = vscode.window.activeTextEditor;
    const editor = active && [document, this.origin].includes(active.document) ? active : undefined;
    // Before it is drawn: a key is pressed for what is seen.
    setContext('nextEdit', editor !== undefined);
    setContext('nextEditAtCursor', editor !== undefined && isAt(edit, editor));
    setContext('inIndentation', editor !== undefined && isInIndentation(editor));
    this.looks.draw(edit, document, editor);
  }

  private forget(): void {
    if (!this.edit) return;
    this.edit = this.origin = undefined;
    this.looks.clear();
    setContext('nextEdit', false);
    setContext('nextEditAtCursor', false);
  }

  private async accept(edit: NextEdit, editor: vscode.TextEditor): Promise<void> {
    const range = fromWire(edit.range);
    const start = editor.document.offsetAt(range.start);
    this.forget();
    const isMade = await editor.edit((builder) => builder.replace(range, edit.text), { undoStopBefore: true, undoStopAfter: true });
    if (!isMade) return;
    const newlines = editor.document.eol === vscode.EndOfLine.CRLF ? edit.text.split('\n').length - 1 : 0;
    const end = editor.document.positionAt(start + edit.text.length + newlines);
    editor.selection = new vscode.Selection(end, end);
    this.tell(edit, 'accepted');
    this.askSoon(editor.document, 'idle');
  }

  private documentOf({ uri }: NextEdit): vscode.TextDocument | undefined {
    const wanted = vscode.Uri.parse(uri).toString();
    return vscode.workspace.textDocuments.find((document) => document.uri.toString() === wanted);
  }

  private tell({ id }: NextEdit, outcome: 'shown' | 'accepted' | 'rejected' | 'ignored'): void {
    this.halley.request('halley/nextEdit/outcome', { id, outcome }).catch((error: unknown) => this.halley.log.debug(`next edit: ${String(error)}`));
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(this.looks, ...this.listening).dispose();
  }
}

async function opened({ uri }: NextEdit): Promise<vscode.TextDocument | undefined> {
  try {
    return await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  } catch {
    return undefined; // gone meanwhile
  }
}

function columnOf(document: vscode.TextDocument): vscode.ViewColumn | undefined {
  const active = vscode.window.activeTextEditor;
  if (active?.document === document) return active.viewColumn;
  return vscode.window.visibleTextEditors.find((editor) => editor.document === document)?.viewColumn;
}

function isAt(edit: NextEdit, { document, selection }: vscode.TextEditor): boolean {
  const { start, end } = edit.range;
  return vscode.Uri.parse(edit.uri).toString() === document.uri.toString() && start.line <= selection.active.line && selection.active.line <= end.line;
}

function reveal(edit: NextEdit, editor: vscode.TextEditor): void {
  const { start, end } = fromWire(edit.range);
  editor.selection = new vscode.Selection(start, start);
  editor.revealRange(new vscode.Range(start, end), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

/** Where Tab indents: it is not taken there for an edit elsewhere. */
function isInIndentation({ document, selection: { active } }: vscode.TextEditor): boolean {
  return document.lineAt(active.line).text.slice(0, active.character).trim() === '';
}
