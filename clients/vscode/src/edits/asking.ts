// The input at the line: where an instruction is written, beside the code that it is for. The last ones are kept for the workspace.

import * as vscode from 'vscode';
import { command } from '../commands';
import { threadsShow, type LineThreads } from './threads';

const RECENT = 'halley.instructions';

interface Open {
  thread: vscode.CommentThread;
  settle(instruction: string | undefined): void;
}

export class Asking implements vscode.Disposable {
  private open: Open | undefined;
  private readonly commands: vscode.Disposable[];

  constructor(
    private readonly threads: LineThreads,
    private readonly memory: vscode.Memento,
  ) {
    this.commands = [
      command('submitInstruction', (from: unknown) => this.settle(textOf(from))),
      command('cancelInstruction', () => this.settle(undefined)),
      command('recentInstructions', async () => {
        const picked = await vscode.window.showQuickPick(this.recent, { title: vscode.l10n.t('Instructions used last') });
        if (picked) this.settle(picked);
      }),
    ];
  }

  /** What the user writes below the range; undefined where they close it. One input at a time. */
  async ask(editor: vscode.TextEditor, range: vscode.Range, label: string, value = ''): Promise<string | undefined> {
    this.settle(undefined);
    const instruction = threadsShow() ? await this.atLine(editor, range, label, value) : await vscode.window.showInputBox({ title: label, value, ignoreFocusOut: true, placeHolder: vscode.l10n.t('In your own words') });
    const said = instruction?.trim();
    if (said) await this.memory.update(RECENT, [said, ...this.recent.filter((other) => other !== said)].slice(0, 20));
    return said || undefined;
  }

  private get recent(): string[] {
    return this.memory.get<string[]>(RECENT, []);
  }

  private async atLine(editor: vscode.TextEditor, range: vscode.Range, label: string, value: string): Promise<string | undefined> {
    const thread = this.threads.ask(editor.document.uri, range, label, value);
    try {
      return await new Promise<string | undefined>((settle) => (this.open = { thread, settle }));
    } finally {
      thread.dispose();
      await vscode.window.showTextDocument(editor.document, { viewColumn: editor.viewColumn });
    }
  }

  private settle(instruction: string | undefined): void {
    const open = this.open;
    this.open = undefined;
    open?.settle(instruction);
  }

  dispose(): void {
    vscode.Disposable.from(...this.commands).dispose();
  }
}

/** What the note says that was changed. */
function textOf(note: unknown): string {
  const { body } = (note ?? {}) as Partial<vscode.Comment>;
  return typeof body === 'string' ? body : (body?.value ?? '');
}
