// One status-bar item (the workspace's model and what today cost) and one language-status item (state, and problems with
// their remedy). Back-off waits show in the status bar with "Retry now".
//
// What today cost is asked for when work has ended; a daemon that says it in its status is believed.

import * as vscode from 'vscode';
import { setContext } from './commands';
import { amount, duration } from './figures';
import type { Halley } from './halley';
import { loadRoles } from './providers/models';
import { scopeName } from './providers/names';
import type { OperationParams, StatusParams } from './protocol';

const EVERYWHERE: vscode.DocumentSelector = [{ scheme: 'file' }, { scheme: 'untitled' }, { notebookType: '*' }];

export function registerStatus(halley: Halley): vscode.Disposable[] {
  const bar = vscode.window.createStatusBarItem('halley.model', vscode.StatusBarAlignment.Right, 100);
  bar.name = 'Halley';
  const language = vscode.languages.createLanguageStatusItem('halley.status', EVERYWHERE);
  language.name = 'Halley';
  let waiting: OperationParams | undefined;
  let today: string | undefined;
  let wasBusy = true;
  let roles: StatusParams['roles'] = {};

  const show = (): void => {
    const shown = waiting && halley.state.kind === 'running' ? waitingView(waiting) : view(halley, today, roles);
    bar.text = shown.text;
    bar.tooltip = shown.tooltip;
    bar.command = shown.command;
    bar.color = undefined;
    bar.backgroundColor = shown.severity && new vscode.ThemeColor(`statusBarItem.${shown.severity}Background`);
    bar.accessibilityInformation = { label: `Halley: ${shown.label}` };
    language.text = shown.label;
    language.detail = shown.detail;
    language.severity = shown.severity === 'error' ? vscode.LanguageStatusSeverity.Error : shown.severity === 'warning' ? vscode.LanguageStatusSeverity.Warning : vscode.LanguageStatusSeverity.Information;
    language.busy = shown.busy ?? false;
    language.command = shown.remedy ?? { title: vscode.l10n.t('Pick Model'), command: 'halley.pickModel' };
  };
  // The status covers roles that are configured; which model is there by default shows when the catalogue is known.
  const refreshRoles = async (): Promise<void> => {
    try {
      roles = await loadRoles(halley);
    } catch (error) {
      halley.log.debug(`roles: ${String(error)}`);
    }
    setContext('hasModel', roles.chat !== undefined);
    show();
  };
  const refresh = async ({ kind, spend }: StatusParams): Promise<void> => {
    const ended = wasBusy && kind !== 'busy';
    wasBusy = kind === 'busy';
    if (spend || !ended) return;
    today = await loadToday(halley);
    show();
  };
  show();
  bar.show();
  return [
    bar,
    language,
    halley.onState(({ kind }) => {
      waiting = undefined;
      roles = {};
      show();
      if (kind === 'running') void refreshRoles();
    }),
    halley.onStatus((status) => {
      show();
      void refresh(status);
    }),
    halley.onChanged((what) => what !== 'chats' && what !== 'proposals' && what !== 'macros' && void refreshRoles()),
    halley.onOperation((operation) => {
      waiting = operation.state === 'waiting' ? operation : undefined;
      setContext('waiting', waiting !== undefined);
      show();
    }),
    vscode.commands.registerCommand('halley.retryNow', () => waiting && halley.request('halley/retry/now', { operation: waiting.operation })),
  ];
}

interface View {
  text: string;
  label: string;
  detail?: string;
  tooltip: vscode.MarkdownString;
  command: string;
  severity?: 'error' | 'warning';
  busy?: boolean;
  remedy?: vscode.Command;
}

async function loadToday(halley: Halley): Promise<string | undefined> {
  try {
    const { totals } = await halley.request('halley/usage', { since: 'today', by: [] });
    const costs = (totals.cost ?? []) as { amount: number; currency: string }[];
    return costs.map((cost) => amount(cost.amount, cost.currency)).join(' + ') || undefined;
  } catch (error) {
    halley.log.debug(`usage: ${String(error)}`);
    return undefined;
  }
}

function view(halley: Halley, today: string | undefined, roles: StatusParams['roles']): View {
  const { state, status } = halley;
  switch (state.kind) {
    case 'starting':
      return plain('$(loading~spin) Halley', vscode.l10n.t('Starting'), 'halley.showLog', { busy: true });
    case 'missing':
      return plain('$(cloud-download) Halley', state.reason, 'halley.install', {
        severity: 'warning',
        remedy: { title: vscode.l10n.t('Install'), command: 'halley.install' },
      });
    case 'stopped':
      return plain('$(error) Halley', state.reason, 'halley.restart', {
        severity: 'error',
        remedy: { title: vscode.l10n.t('Restart'), command: 'halley.restart' },
      });
    case 'running':
      return status ? statusView(withRoles(status, roles), state.version, spentToday(status) ?? today) : plain('$(sparkle) Halley', vscode.l10n.t('Ready'), 'halley.pickModel');
  }
}

function statusView(status: StatusParams, version: string, spent: string | undefined): View {
  const model = status.roles.chat?.route[0];
  if (!model && status.kind !== 'busy') return noModel(status);
  const icon = { normal: 'sparkle', busy: 'loading~spin', warning: 'warning', error: 'error', inactive: 'circle-slash' }[status.kind];
  const name = model ? shortName(model) : 'Halley';
  return {
    text: [`$(${icon}) ${name}`, spent].filter(Boolean).join(' · '),
    label: status.message || name,
    detail: spent && vscode.l10n.t('{0} today', spent),
    tooltip: tooltip(status, version, spent),
    command: 'halley.pickModel',
    severity: status.kind === 'warning' || status.kind === 'error' ? status.kind : undefined,
    busy: status.kind === 'busy',
    remedy: remedy(status),
  };
}

/** With the routes that are there by default; a status that misses only them is no warning any more. */
function withRoles(status: StatusParams, roles: StatusParams['roles']): StatusParams {
  const all = { ...status, roles: { ...roles, ...status.roles } };
  const route = roles.chat?.route[0];
  return status.kind === 'warning' && !status.roles.chat && route ? { ...all, kind: 'normal', message: route } : all;
}

function noModel(status: StatusParams): View {
  const label = status.kind === 'normal' ? vscode.l10n.t('No model yet: add a provider') : status.message;
  const remedy = { title: vscode.l10n.t('Add Provider'), command: 'halley.addProvider' };
  return plain('$(add) Halley', label, 'halley.addProvider', { severity: 'warning', remedy });
}

// The daemon's remedies are its own commands, whose results only a plain client would want raw.
function remedy(status: StatusParams): vscode.Command | undefined {
  const action = status.action as Partial<vscode.Command> | null | undefined;
  if (!action?.command || !action.title) return undefined;
  if (action.command === 'halley.doctor') return { title: vscode.l10n.t('Show Report'), command: 'halley.report' };
  return { title: action.title, command: action.command, arguments: action.arguments };
}

function tooltip(status: StatusParams, version: string, spent: string | undefined): vscode.MarkdownString {
  const text = new vscode.MarkdownString(undefined, true);
  text.appendText(status.message);
  text.appendMarkdown('\n\n');
  for (const [role, selected] of Object.entries(status.roles)) {
    text.appendMarkdown(`- **${role}**: `);
    text.appendText(`${selected.route.join(' → ')} (${scopeName(selected.scope)})\n`);
    text.appendMarkdown('\n');
  }
  if (spent) text.appendMarkdown(`\n${vscode.l10n.t('{0} today', spent)}\n`);
  text.appendMarkdown(`\nHalley ${version}`);
  return text;
}

function waitingView(operation: OperationParams): View {
  const label = vscode.l10n.t('Waiting {0}, attempt {1} of {2}: {3}', duration(operation.waitMs), operation.attempt, operation.of, operation.reason);
  return plain(`$(watch) ${duration(operation.waitMs)}`, label, 'halley.retryNow', {
    severity: 'warning',
    busy: true,
    remedy: { title: vscode.l10n.t('Retry Now'), command: 'halley.retryNow' },
  });
}

function plain(text: string, label: string, command: string, more: Partial<View> = {}): View {
  const shown = new vscode.MarkdownString();
  shown.appendText(label);
  return { text, label, command, tooltip: shown, ...more };
}

/** What today cost, where the daemon says it. */
export function spentToday(status: StatusParams): string | undefined {
  const spend = status.spend as { today?: number; amount?: number; currency?: string } | null | undefined;
  const value = spend?.today ?? spend?.amount;
  return typeof value === 'number' ? amount(value, spend?.currency ?? 'USD') : undefined;
}

/** The model without its provider, for the status bar. */
export function shortName(model: string): string {
  return model.slice(model.indexOf('/') + 1);
}
