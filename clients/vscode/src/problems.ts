// Errors as people see them. The daemon says what happened and what to do; here that is found in an error and shown.

import * as vscode from 'vscode';
import { problemLine } from './figures';
import type { Problem } from './protocol';

const CANCELLED = new Set([-32800, -32802]);

/** What the daemon said was wrong, or the error's own text under the code `internal`. */
export function problemOf(error: unknown): Problem {
  const data = (error as { data?: unknown } | null)?.data;
  if (isProblem(data)) return data;
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), help: '' };
}

/** A request that the user, or a newer request, ended. */
export function isCancelled(error: unknown): boolean {
  if (error instanceof vscode.CancellationError) return true;
  const { code, data } = (error ?? {}) as { code?: number; data?: unknown };
  return (code !== undefined && CANCELLED.has(code)) || (isProblem(data) && data.code === 'cancelled');
}

/** Message and help in one line. */
export function problemText(problem: Problem): string {
  return problemLine(problem);
}

/** Shows an error with the one or two commands that help against it; nothing for a cancelled request. */
export async function showError(error: unknown): Promise<void> {
  if (isCancelled(error)) return;
  await showProblem(problemOf(error));
}

export async function showProblem(problem: Problem): Promise<void> {
  const remedies = remediesFor(problem);
  const picked = await vscode.window.showErrorMessage(problemText(problem), ...remedies.map(({ title }) => title));
  const remedy = remedies.find(({ title }) => title === picked);
  if (remedy) await vscode.commands.executeCommand(remedy.command, ...remedy.arguments);
}

export interface Remedy {
  title: string;
  command: string;
  arguments: unknown[];
}

/** The commands that help against a problem, by its code. */
export function remediesFor(problem: Problem): Remedy[] {
  const remedy = (title: string, command: string, ...args: unknown[]): Remedy => ({ title, command: `halley.${command}`, arguments: args });
  const log = remedy(vscode.l10n.t('Show Log'), 'showLog');
  switch (problem.code) {
    case 'not_configured':
      return [remedy(vscode.l10n.t('Add Provider'), 'addProvider'), remedy(vscode.l10n.t('Enter Key'), 'setKey', problem.provider ?? undefined), remedy(vscode.l10n.t('Try with the Simulator'), 'useSimulator'), remedy(vscode.l10n.t('Pick Model'), 'pickModel')];
    case 'auth_failed':
      return [remedy(vscode.l10n.t('Enter Key'), 'setKey', problem.provider ?? undefined), log];
    case 'model_not_found':
    case 'context_too_long':
    case 'quota_exhausted':
      return [remedy(vscode.l10n.t('Pick Model'), 'pickModel')];
    case 'provider_unavailable':
    case 'timeout':
    case 'tls_failed':
    case 'proxy_failed':
    case 'redirect_refused':
      return [remedy(vscode.l10n.t('Verify Provider'), 'verifyProvider', problem.provider ?? undefined), log];
    case 'invalid_input':
      return []; // the message says what to write instead; the log knows no more
    case 'budget_exceeded':
      return [remedy(vscode.l10n.t('Show Usage'), 'openUsage')];
    default:
      return [log];
  }
}

function isProblem(value: unknown): value is Problem {
  const problem = value as Partial<Problem> | null;
  return typeof problem?.code === 'string' && typeof problem.message === 'string';
}
