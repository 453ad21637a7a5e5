// Actions on code: the light bulb's, the context menu's and the palette's are all `halley.run`. What comes of it is an
// edit that the daemon has applied, a proposal to look at, or an answer to read.

import * as vscode from 'vscode';
import { command } from '../commands';
import type { Halley } from '../halley';
import { openProposal } from './proposals';
import type { Outcome, Range as WireRange, ResumableRun } from '../protocol';
import { toWire } from '../wire';

export interface Place {
  textDocument: { uri: string; version?: number };
  range: WireRange;
}

interface RunArgument extends Place {
  action: string;
  diagnostics?: unknown[];
  instruction?: string;
  model?: string;
  needsInstruction?: boolean;
}

/** Command → action of the daemon's, and what to ask the user first. */
const ACTIONS: Record<string, { action: string; ask?: () => string; diagnostics?: boolean }> = {
  explain: { action: 'explain' },
  fix: { action: 'fix', diagnostics: true },
  generate: { action: 'generate', ask: () => vscode.l10n.t('What should be written here?') },
  improve: { action: 'improve' },
  document: { action: 'document' },
  tests: { action: 'tests' },
  translate: { action: 'translate', ask: () => vscode.l10n.t('Into which language?') },
  formatWithModel: { action: 'format' },
};

export function registerActions(halley: Halley): vscode.Disposable[] {
  return [
    ...Object.entries(ACTIONS).map(([id, { action, ask, diagnostics }]) =>
      command(id, async () => {
        const editor = currentEditor();
        const argument = argumentOf(editor, action, diagnostics ?? false);
        await run(halley, ask ? { ...argument, needsInstruction: true } : argument, ask?.());
      }),
    ),
    command('explainSample', async () => {
      const document = vscode.window.activeTextEditor?.document ?? (await vscode.workspace.openTextDocument({ language: 'python', content: SAMPLE }));
      await vscode.window.showTextDocument(document);
      await vscode.commands.executeCommand('halley.explain');
    }),
  ];
}

const SAMPLE = `def chunks(items, size):
    """The items in lists of at most \`size\`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
`;

/** What the light bulb's entries do: the middleware of workspace/executeCommand. */
export async function runFromMenu(halley: Halley, args: unknown[]): Promise<unknown> {
  return run(halley, args[0] as RunArgument);
}

async function run(halley: Halley, argument: RunArgument, question?: string): Promise<Outcome | undefined> {
  const { needsInstruction, ...sent } = argument;
  if (needsInstruction) {
    const instruction = await askForInstruction(question ?? vscode.l10n.t('What should be done?'));
    if (!instruction) return undefined;
    sent.instruction = instruction;
  }
  const ran = await halley.execute<Outcome>('halley.run', sent);
  await showOutcome(ran, sent);
  return ran;
}

/** Opens what an action made, where the daemon has not put it in place itself; `place` is where a failed run would resume. */
export async function showOutcome(ran: Outcome | null | undefined, place?: Place): Promise<void> {
  if (ran?.resume) void offerToResume(ran.resume, place);
  if (ran?.proposal) await openProposal(ran.proposal);
  else if (ran?.applied && ran.edits) vscode.window.setStatusBarMessage(`$(check) ${vscode.l10n.t('Changes made: {0}', ran.edits)}`, 5000);
}

async function offerToResume({ macro, run: id }: ResumableRun, place?: Place): Promise<void> {
  const resume = vscode.l10n.t('Resume');
  const said = vscode.l10n.t('“{0}” failed at a step. The steps before it are kept.', macro);
  if ((await vscode.window.showWarningMessage(said, resume)) === resume) await vscode.commands.executeCommand('halley.resumeMacro', macro, id, place && { textDocument: { uri: place.textDocument.uri }, range: place.range });
}

export async function askForInstruction(title: string, value = ''): Promise<string | undefined> {
  return (await vscode.window.showInputBox({ title, value, ignoreFocusOut: true, placeHolder: vscode.l10n.t('In your own words') }))?.trim() || undefined;
}

export function currentEditor(): vscode.TextEditor {
  const editor = vscode.window.activeTextEditor;
  if (!editor) throw new Error(vscode.l10n.t('Open a file first.'));
  return editor;
}

function argumentOf(editor: vscode.TextEditor, action: string, withDiagnostics: boolean): RunArgument {
  const { document, selection } = editor;
  const argument: RunArgument = { action, textDocument: { uri: document.uri.toString(), version: document.version }, range: toWire(selection) };
  if (withDiagnostics) argument.diagnostics = diagnosticsAt(document.uri, selection).map(diagnosticToWire);
  return argument;
}

/** Those that touch the selection's lines; errors first. */
function diagnosticsAt(uri: vscode.Uri, selection: vscode.Selection): vscode.Diagnostic[] {
  const lines = new vscode.Range(selection.start.line, 0, selection.end.line + 1, 0);
  return vscode.languages
    .getDiagnostics(uri)
    .filter(({ range }) => range.intersection(lines))
    .sort((one, other) => one.severity - other.severity);
}

function diagnosticToWire(diagnostic: vscode.Diagnostic): object {
  const code = typeof diagnostic.code === 'object' ? diagnostic.code.value : diagnostic.code;
  return { range: toWire(diagnostic.range), message: diagnostic.message, severity: diagnostic.severity + 1, source: diagnostic.source, code };
}
