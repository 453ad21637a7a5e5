// A review of the repository's changes. The findings are diagnostics with fixes, which the daemon sends; here one starts it.

import * as vscode from 'vscode';
import { command } from '../commands';
import type { Halley } from '../halley';
import type { Review, ReviewParams } from '../protocol';
import { findRepository } from './commit';

type Asked = Pick<ReviewParams, 'range' | 'staged'>;

export function registerReview(halley: Halley): vscode.Disposable[] {
  return [
    command('reviewChanges', async (source?: unknown) => {
      const asked = await ask();
      if (!asked) return;
      // Without one that VS Code knows, the daemon looks in the workspace.
      const folder = (await findRepository(source))?.rootUri.fsPath;
      const review = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Reviewing the changes'), cancellable: true }, (_progress, token) =>
        halley.request('halley/review', { ...asked, cwd: folder }, token),
      );
      await show(review);
    }),
  ];
}

async function ask(): Promise<Asked | undefined> {
  const range = { label: vscode.l10n.t('Commits…'), asked: undefined };
  const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & { asked?: Asked }>(
    [
      { label: vscode.l10n.t('All Changes'), description: vscode.l10n.t('the working tree against HEAD'), asked: {} },
      { label: vscode.l10n.t('Staged Changes'), asked: { staged: true } },
      range,
    ],
    { title: vscode.l10n.t('What is to be reviewed?') },
  );
  if (picked !== range) return picked?.asked;
  const typed = await vscode.window.showInputBox({ title: vscode.l10n.t('Commits to review'), prompt: vscode.l10n.t('A commit, or a range such as main...HEAD') });
  return typed?.trim() ? { range: typed.trim() } : undefined;
}

async function show(review: Review): Promise<void> {
  const report = vscode.l10n.t('Show Report');
  const problems = vscode.l10n.t('Show Problems');
  const picked = await vscode.window.showInformationMessage(review.summary, report, ...(review.findings.length > 0 ? [problems] : []));
  if (picked === problems) await vscode.commands.executeCommand('workbench.actions.view.problems');
  if (picked !== report) return;
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: review.text });
  await vscode.window.showTextDocument(document, { preview: true });
}
