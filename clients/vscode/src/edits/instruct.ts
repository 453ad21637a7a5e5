// "Edit with instruction…": asks at the line, streams what the model writes below the code, then leaves a proposal there to
// accept (whole or change by change), discard, write again, or write again with other words.

import * as vscode from 'vscode';
import { currentEditor, showOutcome } from './actions';
import { Asking } from './asking';
import { command, setContext } from '../commands';
import { addedLines, commandLink, writtenSoFar } from './drawing';
import type { Halley } from '../halley';
import type { InlineChanges } from './inline';
import type { Outcome } from '../protocol';
import { shownProposal } from './proposals';
import type { LineThreads } from './threads';
import { toWire } from '../wire';

/** How often what streams is drawn, in milliseconds: each time the thread is built again. */
const EVERY_MS = 80;

const WORKED_ON = vscode.window.createTextEditorDecorationType({ isWholeLine: true, backgroundColor: new vscode.ThemeColor('editor.rangeHighlightBackground') });

export interface Asked {
  uri: vscode.Uri;
  range: vscode.Range;
  instruction: string;
}

/** `made`: what each proposal was asked by. */
export function registerInstruct(halley: Halley, threads: LineThreads, inline: InlineChanges, made: Map<string, Asked>): vscode.Disposable[] {
  const asking = new Asking(threads, halley.context.workspaceState);
  const writing = new Writing(halley, threads);
  const edit = async (asked: Asked): Promise<void> => {
    const ran = await writing.run(asked);
    if (ran.proposal) made.set(ran.proposal, asked);
    setContext('canRegenerate', made.size > 0);
    await showOutcome(ran);
  };
  const again = async (id: unknown, changed: boolean): Promise<void> => {
    const chosen = typeof id === 'string' ? id : (shownProposal() ?? inline.atCursor()?.proposal.id ?? [...made.keys()].at(-1));
    const asked = chosen ? made.get(chosen) : undefined;
    if (!chosen || !asked) return;
    const editor = await vscode.window.showTextDocument(asked.uri);
    const instruction = changed ? await asking.ask(editor, asked.range, vscode.l10n.t('Write it again: how?'), asked.instruction) : asked.instruction;
    if (!instruction) return;
    await halley.request('halley/proposals/discard', { id: chosen });
    made.delete(chosen);
    await edit({ ...asked, instruction });
  };
  return [
    asking,
    command('editWithInstruction', async (given?: string) => {
      const editor = currentEditor();
      const { document, selection } = editor;
      const range = selection.isEmpty ? document.lineAt(selection.active.line).range : new vscode.Range(selection.start, selection.end);
      const instruction = typeof given === 'string' ? given : await asking.ask(editor, range, vscode.l10n.t('Edit with instruction'));
      if (instruction) await edit({ uri: document.uri, range, instruction });
    }),
    command('stopWriting', () => writing.stop()),
    command('regenerate', (id?: unknown) => again(id, false)),
    command('changeInstruction', (id?: unknown) => again(id, true)),
  ];
}

/** What a model is writing now, below the code that it is for. */
class Writing {
  private cancel: vscode.CancellationTokenSource | undefined;

  constructor(
    private readonly halley: Halley,
    private readonly threads: LineThreads,
  ) {}

  stop(): void {
    this.cancel?.cancel();
  }

  async run({ uri, range, instruction }: Asked): Promise<Outcome> {
    this.stop();
    const cancel = (this.cancel = new vscode.CancellationTokenSource());
    const document = await vscode.workspace.openTextDocument(uri);
    const shown = this.show(document, range, instruction);
    setContext('writing', true);
    try {
      const params = { textDocument: { uri: uri.toString(), version: document.version }, range: toWire(range), instruction, preview: true };
      return await this.halley.stream(
        'halley/edit',
        params,
        (events) => shown.add(events.map((event) => (event.type === 'text' ? (event.delta ?? '') : '')).join('')),
        cancel.token,
      );
    } finally {
      shown.close();
      if (this.cancel === cancel) setContext('writing', false);
      cancel.dispose();
    }
  }

  private show(document: vscode.TextDocument, range: vscode.Range, instruction: string): { add(delta: string): void; close(): void } {
    const place = this.threads.open(document.uri, range, instruction, 'writing');
    const mark = (ranges: vscode.Range[]): void => vscode.window.visibleTextEditors.filter((editor) => editor.document === document).forEach((editor) => editor.setDecorations(WORKED_ON, ranges));
    let text = '';
    let timer: NodeJS.Timeout | undefined;
    const draw = (): void => {
      timer = undefined;
      const lines = writtenSoFar(text);
      const stop = `$(loading~spin) ${commandLink(`$(debug-stop) ${vscode.l10n.t('Stop')}`, 'stopWriting', [])} (Esc)`;
      place.say(vscode.l10n.t('Writing…'), lines.length > 0 ? `${addedLines(lines, document.languageId)}\n\n${stop}` : stop);
    };
    draw();
    mark([range]);
    return {
      add: (delta) => {
        text += delta;
        timer ??= setTimeout(draw, EVERY_MS);
      },
      close: () => {
        clearTimeout(timer);
        mark([]);
        place.dispose();
      },
    };
  }
}
