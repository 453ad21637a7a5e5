// Tools that models may ask for: which are on, by server and one by one, and the question before one is run. What a call
// wants to do is what a model wrote: it is shown as plain text, never as Markdown.

import * as vscode from 'vscode';
import { command } from '../commands';
import type { Halley } from '../halley';
import type { ToolApproved, ToolApproveParams, ToolEntry, ToolServer, ToolsList, ToolsSetParams } from '../protocol';

type Decision = ToolApproved['decision'];
type Scope = NonNullable<ToolsSetParams['scope']>;

interface ToolItem extends vscode.QuickPickItem {
  server?: ToolServer;
  tool?: ToolEntry;
}

const NONE: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('circle-slash'), tooltip: '' };
const AGREED: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('law'), tooltip: '' };
const RESTART: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('debug-restart'), tooltip: '' };

export function registerTools(halley: Halley): vscode.Disposable[] {
  return [
    command('tools', (chatId?: unknown) => pickTools(halley, typeof chatId === 'string' ? chatId : undefined)),
    command('toolApprovals', () => reviewApprovals(halley)),
  ];
}

// -- one call

/** Asks where no chat is shown to ask in. First a notification, which takes no focus: a key that was meant for something
 * else must never count as approval. Closing either is a no. */
export async function approveElsewhere(asked: ToolApproveParams): Promise<Decision | 'show' | undefined> {
  const [look, show, deny] = [vscode.l10n.t('Look…'), vscode.l10n.t('Show Chat'), vscode.l10n.t('Deny')];
  const chosen = await vscode.window.showWarningMessage(approvalTitle(asked), look, show, deny);
  return chosen === look ? approveInDialog(asked) : chosen === show ? 'show' : chosen === deny ? 'deny' : undefined;
}

async function approveInDialog(asked: ToolApproveParams): Promise<Decision> {
  const [once, chat, always] = [vscode.l10n.t('Allow Once'), vscode.l10n.t('For This Chat'), vscode.l10n.t('Always in This Workspace')];
  const offered = [once, ...(asked.chat ? [chat] : []), ...(asked.always === false ? [] : [always])];
  const picked = await vscode.window.showWarningMessage(approvalTitle(asked), { modal: true, detail: approvalDetail(asked) }, ...offered);
  return picked === once ? 'once' : picked === chat ? 'chat' : picked === always ? 'always' : 'deny';
}

export function approvalTitle({ title, tool, server }: ToolApproveParams): string {
  return vscode.l10n.t('May the model use “{0}” of {1}?', title || tool, server);
}

export function approvalDetail(asked: ToolApproveParams): string {
  const nature = asked.readOnly ? vscode.l10n.t('It only reads.') : vscode.l10n.t('It may change things.');
  return [nature, asked.changed ?? '', asked.why ?? '', shownOf(asked)].filter(Boolean).join('\n\n');
}

/** What is approved: an agent's diff or command, else the arguments. */
export function shownOf({ diff, command: line, argumentsText }: ToolApproveParams): string {
  return diff || line || argumentsText;
}

// -- which are on

async function pickTools(halley: Halley, chatId: string | undefined): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri.toString();
  const place = { uri, chatId };
  const listed = await halley.request('halley/tools/list', place);
  const chosen = await askForTools(halley, listed, place);
  if (!chosen) return;
  if (chosen === 'approvals') return reviewApprovals(halley);
  const changes = chosen === 'none' ? [{ enabled: false }] : changesOf(listed, chosen);
  if (changes.length === 0) return;
  const scope = await askForScope(chatId !== undefined);
  if (!scope) return;
  for (const change of changes) await halley.request('halley/tools/set', { ...change, scope, ...place });
  const said = chosen === 'none' ? vscode.l10n.t('No tools are in use.') : vscode.l10n.t('Tools on: {0}', chosen.filter(({ tool }) => tool).length);
  vscode.window.setStatusBarMessage(`$(tools) ${said}`, 5000);
}

type Chosen = readonly ToolItem[] | 'none' | 'approvals';

function askForTools(halley: Halley, listed: ToolsList, place: { uri?: string; chatId?: string }): Promise<Chosen | undefined> {
  const pick = vscode.window.createQuickPick<ToolItem>();
  pick.title = vscode.l10n.t('Tools that models may call');
  pick.placeholder = listed.off ? vscode.l10n.t('No tools are in use now') : vscode.l10n.t('Tick those that may be used');
  pick.canSelectMany = true;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.ignoreFocusOut = true;
  pick.buttons = [
    { ...NONE, tooltip: vscode.l10n.t('No tools') },
    { ...AGREED, tooltip: vscode.l10n.t('Permanent approvals…') },
  ];
  const show = (list: ToolsList): void => {
    Object.assign(listed, list);
    const items = toolItems(list);
    pick.items = items;
    pick.selectedItems = items.filter(({ picked }) => picked);
  };
  // A server that has started has tools to show; not while the user is ticking boxes.
  const isUntouched = (): boolean => pick.items.every((item) => (item.picked === true) === pick.selectedItems.includes(item));
  const listening = halley.onChanged((what) => {
    if (what === 'tools' && isUntouched()) halley.request('halley/tools/list', place).then((list) => isUntouched() && show(list), () => undefined);
  });
  show(listed);
  return new Promise((resolve, reject) => {
    const done = (chosen: Chosen): void => {
      resolve(chosen);
      pick.hide();
    };
    pick.onDidTriggerButton(({ tooltip }) => done(tooltip === pick.buttons[0]!.tooltip ? 'none' : 'approvals'));
    pick.onDidTriggerItemButton(({ item }) => {
      pick.busy = true;
      halley.request('halley/tools/restart', { server: item.server!.name, ...place }).then(show, reject).finally(() => (pick.busy = false));
    });
    pick.onDidAccept(() => done(pick.selectedItems));
    pick.onDidHide(() => {
      resolve(undefined);
      listening.dispose();
      pick.dispose();
    });
    pick.show();
  });
}

/** A row for each server, its tools below it. */
export function toolItems(listed: ToolsList): ToolItem[] {
  return listed.servers.flatMap((server) => [
    { label: server.title, kind: vscode.QuickPickItemKind.Separator },
    {
      label: `$(server) ${vscode.l10n.t('All of {0}', server.title)}`,
      description: stateText(server),
      detail: server.problem ? `$(warning) ${server.problem}` : undefined,
      picked: server.enabled && !listed.off,
      buttons: server.transport === 'builtin' ? [] : [{ ...RESTART, tooltip: vscode.l10n.t('Restart the server') }],
      server,
    },
    ...(server.tools ?? []).map((tool) => ({
      label: `$(${tool.readOnly ? 'eye' : 'edit'}) ${tool.title || tool.name}`,
      description: tool.asks ? undefined : vscode.l10n.t('runs without asking'),
      detail: tool.description.split('\n')[0],
      picked: tool.enabled,
      server,
      tool,
    })),
  ]);
}

function stateText({ state, trusted }: ToolServer): string {
  const states = { off: vscode.l10n.t('not started yet'), starting: vscode.l10n.t('starting'), ready: vscode.l10n.t('ready'), failed: vscode.l10n.t('failed') };
  return trusted ? states[state] : `${states[state]}, ${vscode.l10n.t('not trusted')}`;
}

type Change = Pick<ToolsSetParams, 'server' | 'tool' | 'enabled'>;

/** What has to be said to the daemon so that what is ticked holds. */
export function changesOf(listed: ToolsList, ticked: readonly ToolItem[]): Change[] {
  const isTicked = (server: string, tool?: string): boolean => ticked.some((item) => item.server?.name === server && item.tool?.name === tool);
  const changes: Change[] = listed.off && ticked.length > 0 ? [{ enabled: true }] : [];
  for (const { name, enabled, tools = [] } of listed.servers) {
    const wasOn = enabled && !listed.off;
    const some = tools.some((tool) => isTicked(name, tool.name));
    const isOn = isTicked(name) || (!wasOn && some);
    if (isOn !== enabled) changes.push({ server: name, enabled: isOn });
    // The switches of a server that was off are not known, so each is sent; unless it was ticked as a whole.
    if (!isOn || (!wasOn && !some)) continue;
    const changed = tools.filter((tool) => !wasOn || isTicked(name, tool.name) !== tool.enabled);
    changes.push(...changed.map((tool) => ({ server: name, tool: tool.name, enabled: isTicked(name, tool.name) })));
  }
  return changes;
}

async function askForScope(hasChat: boolean): Promise<Scope | undefined> {
  const rows: (vscode.QuickPickItem & { scope: Scope })[] = [
    { label: vscode.l10n.t('This chat'), scope: 'chat' },
    { label: vscode.l10n.t('This workspace'), description: vscode.workspace.name, scope: 'workspace' },
    { label: vscode.l10n.t('Every workspace'), detail: vscode.l10n.t('Where a workspace has not chosen its own.'), scope: 'user' },
  ];
  const offered = rows.filter(({ scope }) => (scope === 'chat' ? hasChat : scope !== 'workspace' || vscode.workspace.name !== undefined));
  return (await vscode.window.showQuickPick(offered, { title: vscode.l10n.t('Where should it apply?') }))?.scope;
}

// -- what was agreed to for good

async function reviewApprovals(halley: Halley): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri.toString();
  const { approvals } = await halley.request('halley/tools/list', { uri });
  if (approvals.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There are no permanent approvals: every call needs yours.'));
    return;
  }
  const rows = approvals.map((approval) => ({ label: `${approval.server}: ${approval.tool}`, description: approval.shape, detail: new Date(approval.created).toLocaleString(), approval }));
  const picked = await vscode.window.showQuickPick(rows, { title: vscode.l10n.t('Revoke which?'), canPickMany: true, matchOnDescription: true });
  for (const { approval } of picked ?? []) await halley.request('halley/tools/forget', { id: approval.id });
}
