// The Python environments of a trusted workspace: the one the Python extension has chosen, then the usual folders.

import * as path from 'node:path';
import * as vscode from 'vscode';

interface PythonApi {
  environments?: { getActiveEnvironmentPath?(resource?: vscode.Uri): { path: string } };
}

const USUAL = ['.venv', 'venv'];

/** Folders that hold `bin` or `Scripts`. Call it only for a trusted workspace. */
export function workspaceEnvironments(): Promise<string[]> {
  const roots = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
  const usual = roots.flatMap((root) => USUAL.map((name) => path.join(root, name)));
  return Promise.resolve([...chosenByPython(), ...usual]);
}

// Only when that extension is there and awake: starting it costs seconds, and is not ours to do.
function chosenByPython(): string[] {
  const extension = vscode.extensions.getExtension<PythonApi>('ms-python.python');
  const chosen = extension?.isActive ? extension.exports?.environments?.getActiveEnvironmentPath?.()?.path : undefined;
  return chosen && path.isAbsolute(chosen) ? [environmentOf(chosen)] : [];
}

/** `/x/.venv/bin/python` → `/x/.venv`; a folder stays as it is. */
export function environmentOf(interpreter: string): string {
  return /^python/i.test(path.basename(interpreter)) ? path.dirname(path.dirname(interpreter)) : interpreter;
}
