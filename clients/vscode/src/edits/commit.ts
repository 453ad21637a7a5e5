// The commit message button: asks the daemon for a message and puts it into the source-control box.

import * as vscode from 'vscode';
import { command } from '../commands';
import type { Halley } from '../halley';

/** What is used of the built-in Git extension's API. */
interface GitApi {
  repositories: GitRepository[];
  getRepository(uri: vscode.Uri): GitRepository | null;
}
interface GitRepository {
  rootUri: vscode.Uri;
  inputBox: { value: string };
  state: { indexChanges: unknown[] };
}

export function registerCommit(halley: Halley): vscode.Disposable[] {
  return [
    command('commitMessage', async (source?: unknown) => {
      const repository = await findRepository(source);
      if (!repository) throw new Error(vscode.l10n.t('There is no Git repository here.'));
      const staged = repository.state.indexChanges.length > 0;
      const message = await vscode.window.withProgress({ location: vscode.ProgressLocation.SourceControl, title: vscode.l10n.t('Writing a commit message') }, async (_progress, token) => {
        const result = await halley.request('halley/commit', { cwd: repository.rootUri.fsPath, staged }, token);
        return result.message;
      });
      repository.inputBox.value = message;
      await vscode.commands.executeCommand('workbench.view.scm');
    }),
  ];
}

/** The repository of a source-control view, else that of the active file, else the first. */
export async function findRepository(source: unknown): Promise<GitRepository | undefined> {
  const extension = vscode.extensions.getExtension<{ getAPI(version: 1): GitApi }>('vscode.git');
  const git = (await extension?.activate())?.getAPI(1);
  if (!git) return undefined;
  const root = (source as { rootUri?: vscode.Uri } | undefined)?.rootUri;
  const active = vscode.window.activeTextEditor?.document.uri;
  return (root && git.getRepository(root)) ?? (active && git.getRepository(active)) ?? git.repositories[0];
}
