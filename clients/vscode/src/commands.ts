// Registering commands so that what goes wrong is shown to the user instead of lost.

import * as vscode from 'vscode';
import { showError } from './problems';

/** Registers `halley.<id>`. Errors are shown with their remedy. */
export function command<A extends unknown[]>(id: string, run: (...args: A) => unknown): vscode.Disposable {
  return vscode.commands.registerCommand(`halley.${id}`, async (...args: unknown[]) => {
    try {
      return await run(...(args as A));
    } catch (error) {
      await showError(error);
      return undefined;
    }
  });
}

export function setContext(name: string, value: unknown): void {
  void vscode.commands.executeCommand('setContext', `halley.${name}`, value);
}
