// "Edit with instruction…": asks, streams what the model writes into a preview beside, then shows the change as a
// proposal to accept (whole or hunk by hunk), discard, or write again with other words.

import * as vscode from 'vscode';
import { askForInstruction, currentEditor, showOutcome } from './actions';
import { command, setContext } from '../commands';
import type { Halley } from '../halley';
import type { Outcome } from '../protocol';
import { shownProposal } from './proposals';
import { toWire } from '../wire';

const SCHEME = 'halley-writing';
const RECENT = 'halley.instructions';

interface Asked {
  uri: vscode.Uri;
  range: vscode.Range;
  instruction: string;
}

export function registerInstruct(halley: Halley): vscode.Disposable[] {
  const preview = new Preview();
  const made = new Map<string, Asked>();
  const edit = async (asked: Asked): Promise<void> => {
    const ran = await streamEdit(halley, preview, asked);
    if (ran.proposal) made.set(ran.proposal, asked);
    setContext('canRegenerate', made.size > 0);
    await showOutcome(halley, ran);
  };
  return [
    preview,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, preview),
    command('editWithInstruction', async (given?: string) => {
      const editor = currentEditor();
      const { document, selection } = editor;
      const instruction = typeof given === 'string' ? given : await askWithRecent(halley.context.workspaceState);
      if (!instruction) return;
      const range = selection.isEmpty ? document.lineAt(selection.active.line).range : selection;
      await edit({ uri: document.uri, range, instruction });
    }),
    command('regenerate', async () => {
      const id = shownProposal() ?? [...made.keys()].at(-1);
      const asked = id && made.get(id);
      if (!asked) return;
      const instruction = await askForInstruction(vscode.l10n.t('Write it again: how?'), asked.instruction);
      if (!instruction) return;
      await vscode.commands.executeCommand('halley.discardProposal', id);
      made.delete(id);
      await edit({ ...asked, instruction });
    }),
  ];
}

/** A box to write in, with the last instructions below it. */
function askWithRecent(memory: vscode.Memento): Promise<string | undefined> {
  const recent = memory.get<string[]>(RECENT, []);
  const pick = vscode.window.createQuickPick();
  pick.title = vscode.l10n.t('Edit with instruction');
  pick.placeholder = vscode.l10n.t('What should be done with the selection?');
  pick.ignoreFocusOut = true;
  const show = (): void => {
    const typed = pick.value.trim();
    const items: vscode.QuickPickItem[] = typed && !recent.includes(typed) ? [{ label: typed, alwaysShow: true }] : [];
    pick.items = [...items, ...recent.map((label) => ({ label }))];
  };
  show();
  pick.onDidChangeValue(show);
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      const instruction = (pick.activeItems[0]?.label ?? pick.value).trim();
      if (!instruction) return;
      void memory.update(RECENT, [instruction, ...recent.filter((other) => other !== instruction)].slice(0, 20));
      resolve(instruction);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

async function streamEdit(halley: Halley, preview: Preview, { uri, range, instruction }: Asked): Promise<Outcome> {
  const document = await vscode.workspace.openTextDocument(uri);
  const params = { textDocument: { uri: uri.toString(), version: document.version }, range: toWire(range), instruction, preview: true };
  const title = vscode.l10n.t('Editing: {0}', instruction.slice(0, 60));
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
    const shown = preview.open(document.languageId);
    let length = 0;
    try {
      return await halley.stream(
        'halley/edit',
        params,
        (events) => {
          const delta = events.map((event) => (event.type === 'text' ? (event.delta ?? '') : '')).join('');
          length += delta.length;
          progress.report({ message: vscode.l10n.t('{0} characters', length) });
          preview.push(delta);
        },
        token,
      );
    } finally {
      await shown.then(() => preview.close());
    }
  });
}

/** What the model is writing, as a document beside the code. */
class Preview implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private uri = vscode.Uri.parse(`${SCHEME}:/0`);
  private text = '';
  private count = 0;

  provideTextDocumentContent(): string {
    return this.text;
  }

  async open(languageId: string): Promise<void> {
    this.text = '';
    this.uri = vscode.Uri.parse(`${SCHEME}:/${++this.count}/${encodeURIComponent(vscode.l10n.t('Writing…'))}`);
    const document = await vscode.workspace.openTextDocument(this.uri);
    await vscode.languages.setTextDocumentLanguage(document, languageId);
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true });
  }

  push(delta: string): void {
    this.text += delta;
    this.changed.fire(this.uri);
  }

  async close(): Promise<void> {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    await vscode.window.tabGroups.close(tabs.filter(({ input }) => input instanceof vscode.TabInputText && input.uri.scheme === SCHEME));
  }

  dispose(): void {
    this.changed.dispose();
  }
}
