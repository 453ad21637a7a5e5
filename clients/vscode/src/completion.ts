// Inline completion is vscode-languageclient's own; here only what the daemon cannot see: whether an answer was still
// wanted when it came, and the switch.

import * as vscode from 'vscode';
import { command } from './commands';

export function registerCompletion(): vscode.Disposable[] {
  return [
    command('toggleCompletion', async () => {
      const configuration = vscode.workspace.getConfiguration('halley');
      const enabled = !configuration.get('completion.enabled', true);
      await configuration.update('completion.enabled', enabled, vscode.ConfigurationTarget.Global);
      vscode.window.setStatusBarMessage(enabled ? vscode.l10n.t('Inline completion is on') : vscode.l10n.t('Inline completion is off'), 3000);
    }),
  ];
}
