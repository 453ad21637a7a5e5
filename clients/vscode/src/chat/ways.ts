// What a user can do about a problem, as buttons in the chat: the commands that help, and the servers found on this machine,
// which need neither provider nor key.

import * as vscode from 'vscode';
import { SETUP_PROBLEMS } from '../figures';
import type { Halley } from '../halley';
import { remediesFor, type Remedy } from '../problems';
import type { Problem, Provider } from '../protocol';

export const NO_MODEL: Problem = { code: 'not_configured', message: '', help: '' };

export async function waysOut(halley: Halley, problem: Problem): Promise<Remedy[]> {
  const ways = remediesFor(problem);
  if (!SETUP_PROBLEMS.has(problem.code) || halley.state.kind !== 'running') return ways;
  const { providers } = await halley.request('halley/providers/list', {});
  const local = providers.filter(isLocal).map(({ id, label }) => ({ title: vscode.l10n.t('Use {0}', label), command: 'halley.useLocal', arguments: [id] }));
  return [...local, ...ways];
}

/** Runs the way with that title; where none is named, the user picks one. */
export async function takeWay(halley: Halley, problem: Problem, title?: string): Promise<void> {
  const ways = await waysOut(halley, problem);
  const picked = title ?? (ways.length > 1 ? (await vscode.window.showQuickPick(ways.map((way) => way.title), { title: vscode.l10n.t('What can I do?') })) : ways[0]?.title);
  const way = ways.find((one) => one.title === picked);
  if (way) await vscode.commands.executeCommand(way.command, ...way.arguments);
}

/** A server of this machine that asks for no key; the simulator has a button of its own. */
export function isLocal({ id, baseUrl, key }: Provider): boolean {
  return id !== 'simulator' && key.status === 'notNeeded' && /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(baseUrl);
}
