// The model picker: a role's models in a quick pick, grouped and searchable, then the scope of the choice. What was
// chosen for this window only is sent to the daemon again after a restart.

import * as vscode from 'vscode';
import { command } from '../commands';
import { abilities, compact, duration, price } from '../figures';
import type { Halley } from '../halley';
import { showError } from '../problems';
import type { Model, Provider, SelectedRole, SelectParams } from '../protocol';
import { abilityName, effortName, roleName, scopeName } from './names';

type Role = SelectParams['role'];
type Scope = NonNullable<SelectParams['scope']>;
interface ModelItem extends vscode.QuickPickItem {
  model?: Model;
  does?: 'role' | 'provider' | 'verify' | 'simulator';
}

const ROLES: Role[] = ['chat', 'edit', 'complete', 'fast', 'next', 'embed', 'image', 'speech', 'transcribe', 'video'];
const FALLBACK: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('layers'), tooltip: '' };
const EFFORT: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('lightbulb'), tooltip: '' };
const EFFORTS = ['minimal', 'low', 'medium', 'high'] as const;
const STAR: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('star-empty'), tooltip: '' };
const STARRED: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('star-full'), tooltip: '' };
const REFRESH: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('refresh'), tooltip: '' };

export function registerModels(halley: Halley): vscode.Disposable[] {
  const kept = new Map<Role, string[]>();
  const pick = async (role: Role = 'chat'): Promise<void> => {
    try {
      await pickModel(halley, role, kept);
    } catch (error) {
      await showError(error);
    }
  };
  return [
    vscode.commands.registerCommand('halley.pickModel', (role?: unknown) => pick(ROLES.find((one) => one === role))),
    vscode.commands.registerCommand('halley.selectForSession', async (role: Role, route: string[]) => {
      await halley.request('halley/models/select', { role, route, scope: 'session' });
      if (route.length > 0) kept.set(role, route);
      else kept.delete(role);
    }),
    command('useLocal', (provider: string) => useLocal(halley, provider)),
    halley.onState(({ kind }) => {
      if (kind !== 'running') return;
      for (const [role, route] of kept) halley.request('halley/models/select', { role, route, scope: 'session' }).catch((error: unknown) => halley.log.warn(String(error)));
    }),
  ];
}

/** A server of this machine answers from now on, with the first of its models that can. */
export async function useLocal(halley: Halley, provider: string): Promise<void> {
  const { models } = await halley.request('halley/models/list', { provider, refresh: true });
  const model = models.find(({ roles }) => roles.includes('chat'));
  if (!model) throw new Error(vscode.l10n.t('{0} has no model for chat. Load one there and try again.', provider));
  await vscode.commands.executeCommand('halley.endSimulator');
  await halley.request('halley/models/select', { role: 'chat', route: [model.id], scope: vscode.workspace.name ? 'workspace' : 'session' });
}

async function pickModel(halley: Halley, role: Role, kept: Map<Role, string[]>): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri.toString();
  const roles = await loadRoles(halley, uri);
  const selected = roles[role];
  const chosen = await askForModel(halley, role, selected);
  if (!chosen) return;
  if (chosen.does === 'role') {
    const next = await askForRole(role, roles);
    return next && pickModel(halley, next, kept);
  }
  if (chosen.does) return vscode.commands.executeCommand(`halley.${{ provider: 'addProvider', verify: 'verifyProvider', simulator: 'useSimulator' }[chosen.does]}`);
  const scope = await askForScope(role, chosen.route);
  if (!scope) return;
  if (!chosen.route[0]?.startsWith('simulator/')) await vscode.commands.executeCommand('halley.endSimulator');
  const after = await halley.request('halley/models/select', { role, route: chosen.route, scope, uri });
  if (scope === 'session') kept.set(role, chosen.route);
  else kept.delete(role);
  sayIfOverruled(role, chosen.route, after.roles[role]);
  if (role === 'chat' && chosen.route.length > 0) sayWhatStays(after.roles);
}

interface Chosen {
  route: string[];
  does?: ModelItem['does'];
}

/** The quick pick. A model's button adds it as a fallback to the route instead of replacing it. */
function askForModel(halley: Halley, role: Role, selected: SelectedRole | undefined): Promise<Chosen | undefined> {
  const pick = vscode.window.createQuickPick<ModelItem>();
  pick.title = vscode.l10n.t('Model for: {0}', roleName(role));
  pick.placeholder = selected ? vscode.l10n.t('Now: {0} ({1})', selected.route.join(' → '), scopeName(selected.scope)) : vscode.l10n.t('No model is chosen yet');
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.buttons = [{ ...REFRESH, tooltip: vscode.l10n.t('Refresh the list') }];
  const load = async (refresh: boolean): Promise<void> => {
    pick.busy = true;
    try {
      const [{ models, problems }, { providers }] = await Promise.all([
        halley.request('halley/models/list', { role, refresh }),
        halley.request('halley/providers/list', {}),
      ]);
      pick.items = modelItems(role, models, providers, selected);
      const current = pick.items.find(({ model }) => model && placeOf(model, selected?.route ?? []) === 0);
      if (current) pick.activeItems = [current];
      if (problems.length > 0 && models.length === 0) pick.placeholder = problems[0]?.message;
    } finally {
      pick.busy = false;
    }
  };
  return new Promise((resolve, reject) => {
    const listening = halley.onChanged((what) => what === 'models' && void load(false));
    const done = (chosen: Chosen | undefined): void => {
      resolve(chosen);
      pick.hide();
    };
    pick.onDidTriggerButton(() => void load(true).catch(reject));
    pick.onDidTriggerItemButton(({ item: { model }, button }) => {
      if (!model) return;
      if (button.iconPath === EFFORT.iconPath) {
        resolve(askForEffort(model));
        return pick.hide();
      }
      if (!isStar(button)) return done({ route: withFallback(selected?.route ?? [], model.id) });
      halley.request('halley/models/favourite', { model: model.id, favourite: !model.favourite }).then(() => load(false)).catch(reject);
    });
    pick.onDidAccept(() => {
      const [item] = pick.activeItems;
      if (item?.does) done({ route: [], does: item.does });
      else if (item?.model) done({ route: [item.model.id] });
    });
    pick.onDidHide(() => {
      resolve(undefined);
      listening.dispose();
      pick.dispose();
    });
    pick.show();
    load(false).catch((error: Error) => {
      reject(error);
      pick.hide();
    });
  });
}

/** Where a model is in a route, with or without an effort (`openai/gpt-5:high`); -1 where it is not. */
function placeOf(model: Model, route: string[]): number {
  return route.findIndex((id) => id === model.id || EFFORTS.some((effort) => id === `${model.id}:${effort}`));
}

/** The model with an effort of thinking, as a pick of its own. */
async function askForEffort(model: Model): Promise<Chosen | undefined> {
  const items = EFFORTS.map((effort) => ({ label: effortName(effort), route: [`${model.id}:${effort}`] }));
  const own = { label: vscode.l10n.t("The model's own"), route: [model.id] };
  const title = vscode.l10n.t('Reasoning effort of {0}', model.label);
  return vscode.window.showQuickPick([own, ...items], { title });
}

/** Models under headings: the selected route, favourites, those chosen lately, then all others; below them the ways onward. */
export function modelItems(role: Role, models: Model[], providers: Provider[], selected: SelectedRole | undefined): ModelItem[] {
  const health = new Map(providers.map((provider) => [provider.id, provider]));
  const route = selected?.route ?? [];
  const inRoute = route.flatMap((id) => models.find((model) => placeOf(model, [id]) === 0) ?? []);
  const rest = models.filter((model) => placeOf(model, route) < 0);
  const items: ModelItem[] = models.length === 0 ? [...firstSteps()] : [];
  const section = (label: string, members: Model[]): void => {
    if (members.length === 0) return;
    items.push({ label, kind: vscode.QuickPickItemKind.Separator });
    items.push(...members.map((model) => modelItem(model, health.get(model.provider), placeOf(model, route))));
  };
  section(vscode.l10n.t('chosen now'), inRoute);
  const [favourites, others] = split(rest, ({ favourite }) => favourite === true);
  const [recent, unknown] = split(others, (model) => model.recent === true);
  section(vscode.l10n.t('favourites'), favourites);
  section(vscode.l10n.t('chosen recently'), recent);
  for (const [group, members] of groups(unknown)) section(group, members);
  items.push({ label: '', kind: vscode.QuickPickItemKind.Separator });
  items.push({ label: `$(list-selection) ${vscode.l10n.t('Another role (now: {0})', roleName(role))}`, does: 'role', alwaysShow: true });
  if (models.length > 0) items.push({ label: `$(add) ${vscode.l10n.t('Add Provider…')}`, does: 'provider', alwaysShow: true });
  items.push({ label: `$(plug) ${vscode.l10n.t('Verify a provider…')}`, does: 'verify', alwaysShow: true });
  return items;
}

/** As in the walkthrough, where there is no model yet. */
function firstSteps(): ModelItem[] {
  return [
    { label: `$(add) ${vscode.l10n.t('Add Provider…')}`, does: 'provider', alwaysShow: true },
    { label: `$(beaker) ${vscode.l10n.t('Try with the Simulator')}`, does: 'simulator', alwaysShow: true },
  ];
}

function split(models: Model[], is: (model: Model) => boolean): [Model[], Model[]] {
  return [models.filter(is), models.filter((model) => !is(model))];
}

function isStar({ iconPath }: vscode.QuickInputButton): boolean {
  return iconPath === STAR.iconPath || iconPath === STARRED.iconPath;
}

function groups(models: Model[]): Map<string, Model[]> {
  const found = new Map<string, Model[]>();
  for (const model of models) {
    const name = model.group || model.provider;
    found.set(name, [...(found.get(name) ?? []), model]);
  }
  return found;
}

function modelItem(model: Model, provider: Provider | undefined, place: number): ModelItem {
  const cost = price(model.price);
  const health = provider?.health;
  const details = [
    model.context ? vscode.l10n.t('{0} context', compact(model.context)) : '',
    ...abilities(model).map(abilityName),
    health?.ok && health.ms != null ? vscode.l10n.t('the host answered in {0}', duration(health.ms)) : '',
    health && !health.ok ? `$(warning) ${health.problem?.message ?? ''}` : '',
    provider?.key.status === 'missing' ? `$(key) ${vscode.l10n.t('no key')}` : '',
    model.deprecated ? `$(warning) ${vscode.l10n.t('deprecated')}` : '',
  ].filter(Boolean);
  return {
    label: place === 0 ? `$(check) ${model.label}` : place > 0 ? `$(layers) ${model.label}` : model.label,
    description: [model.id, cost && vscode.l10n.t('{0} per 1M tokens', cost)].filter(Boolean).join('   '),
    detail: details.join(' · ') || undefined,
    buttons: [model.favourite ? { ...STARRED, tooltip: vscode.l10n.t('Remove from favourites') } : { ...STAR, tooltip: vscode.l10n.t('Make it a favourite') }, ...(model.capabilities.effort ? [{ ...EFFORT, tooltip: vscode.l10n.t('Choose it with a reasoning effort…') }] : []), ...(place < 0 ? [{ ...FALLBACK, tooltip: vscode.l10n.t('Add as a fallback') }] : [])],
    model,
  };
}

/** The route with one more fallback at its end. */
export function withFallback(route: string[], model: string): string[] {
  return [...route.filter((id) => id !== model), model];
}

async function askForRole(current: Role, roles: Record<string, SelectedRole>): Promise<Role | undefined> {
  const items = ROLES.map((role) => ({
    label: roleName(role),
    description: roles[role]?.route.join(' → '),
    detail: roles[role] && (roles[role].scope === 'default' ? `${scopeName('default')}: ${roles[role].source}` : scopeName(roles[role].scope)),
    picked: role === current,
    role,
  }));
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Which role?') }))?.role;
}

async function askForScope(role: Role, route: string[]): Promise<Scope | undefined> {
  const folder = vscode.workspace.name;
  const items: (vscode.QuickPickItem & { scope: Scope })[] = [
    { label: vscode.l10n.t('This workspace'), description: folder, detail: vscode.l10n.t('Other workspaces and windows keep theirs.'), scope: 'workspace' },
    { label: vscode.l10n.t('This window'), detail: vscode.l10n.t('Until it closes.'), scope: 'session' },
    { label: vscode.l10n.t('Every workspace'), detail: vscode.l10n.t('Where a workspace has not chosen its own.'), scope: 'user' },
  ];
  const offered = folder ? items : items.slice(1);
  const title = vscode.l10n.t('Use {0} for {1} in…', route.join(' → '), roleName(role));
  return (await vscode.window.showQuickPick(offered, { title }))?.scope;
}

/** The routes in force. A catalogue that was not requested yet may be what a default comes from. */
export async function loadRoles(halley: Halley, uri?: string): Promise<Record<string, SelectedRole>> {
  const { roles } = await halley.request('halley/models/selection', { uri });
  if (roles.chat) return roles;
  await halley.request('halley/models/list', { role: 'chat' });
  return (await halley.request('halley/models/selection', { uri })).roles;
}

function sayIfOverruled(role: Role, route: string[], selected: SelectedRole | undefined): void {
  if (!selected || selected.route.join() === route.join()) return;
  const text = vscode.l10n.t('{0} still answers for {1} here, because it is set for {2}.', selected.route.join(' → '), roleName(role), scopeName(selected.scope));
  void vscode.window.showInformationMessage(text);
}

/** A choice for chat leaves ghost text and small tasks with their provider's own models. */
function sayWhatStays(roles: Record<string, SelectedRole>): void {
  const kept = (['complete', 'fast'] as const).flatMap((role) => {
    const selected = roles[role];
    return selected?.scope === 'default' ? [`${roleName(role)}: ${selected.route.join(' → ')}`] : [];
  });
  if (kept.length > 0) vscode.window.setStatusBarMessage(vscode.l10n.t('Unchanged: {0}', kept.join(', ')), 8000);
}
