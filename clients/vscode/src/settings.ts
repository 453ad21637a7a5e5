// What is sent to the daemon as the client's settings: only what the user has set, never VS Code's defaults, which would
// otherwise outweigh the daemon's own configuration files.

import * as vscode from 'vscode';

/** The client's own settings, of which the daemon hears nothing. */
const OWN = new Set(['path', 'sharedDaemon', 'trace.server']);

/** Providers of this window only, by name: the simulator while it runs. They are in no file. */
export type TemporaryProviders = Record<string, { baseUrl: string }>;

/** Names below `halley.` that the manifest declares for the daemon. */
export function daemonSettings(manifest: unknown): string[] {
  const sections = (manifest as { contributes: { configuration: { properties: object }[] } }).contributes.configuration;
  return sections
    .flatMap(({ properties }) => Object.keys(properties))
    .map((key) => key.replace(/^halley\./, ''))
    .filter((name) => !OWN.has(name));
}

/** A tree of the values that were set, for one resource: `{completion: {debounceMs: 200}}`. */
export function explicitSettings(names: string[], scope?: vscode.Uri, temporary: TemporaryProviders = {}): Record<string, unknown> {
  const configuration = vscode.workspace.getConfiguration('halley', scope ?? null);
  const tree: Record<string, unknown> = {};
  for (const name of names) {
    const value = explicit(configuration.inspect(name));
    if (value !== undefined && value !== null) put(tree, name.split('.'), value);
  }
  if (Object.keys(temporary).length > 0) tree.providers = { ...(tree.providers as object | undefined), ...temporary };
  return tree;
}

interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

function explicit(inspected: Inspected | undefined): unknown {
  return inspected?.workspaceFolderValue ?? inspected?.workspaceValue ?? inspected?.globalValue;
}

function put(tree: Record<string, unknown>, path: string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) tree[head] = value;
  else put((tree[head] ??= {}) as Record<string, unknown>, rest, value);
}
