// Providers and their keys: add, verify, enter a key, remove. A key goes into VS Code's secret storage; where that is not
// available the user is asked whether the daemon may keep it instead.

import * as vscode from 'vscode';
import { duration } from '../figures';
import type { Halley } from '../halley';
import { problemText, remediesFor } from '../problems';
import type { PresetRow, Provider, Verified } from '../protocol';
import { dropKey, keepKey, originOf } from './secrets';
import { command } from '../commands';

/** What is added: a provider known by name, or one of which only the address is known. */
type Preset = Pick<PresetRow, 'id' | 'label' | 'keyNeeded'> & Partial<PresetRow>;

export function registerProviders(halley: Halley): vscode.Disposable[] {
  return [
    command('addProvider', () => addProvider(halley)),
    command('verifyProvider', async (id?: string) => {
      const provider = await pickProvider(halley, vscode.l10n.t('Verify which provider?'), id);
      if (provider) await verify(halley, provider.id);
    }),
    command('setKey', async (id?: string) => {
      const provider = await pickProvider(halley, vscode.l10n.t('Enter the key of which provider?'), id);
      if (provider && (await enterKey(halley, provider))) await verify(halley, provider.id);
    }),
    command('removeKey', async () => {
      const provider = await pickProvider(halley, vscode.l10n.t('Remove the key of which provider?'));
      if (provider) await removeKey(halley, provider);
    }),
    command('removeProvider', async () => {
      const provider = await pickProvider(halley, vscode.l10n.t('Remove which provider?'));
      if (provider) await removeProvider(halley, provider);
    }),
  ];
}

async function addProvider(halley: Halley): Promise<void> {
  const preset = await pickPreset(halley);
  if (!preset) return;
  const known = preset.baseUrl?.startsWith('https:') ? preset.baseUrl : undefined; // a server of one's own may be elsewhere
  const baseUrl = known ?? (await askForAddress(preset));
  if (!baseUrl) return;
  const id = preset.id || (await askForId(baseUrl));
  if (!id) return;
  const { keyNeeded } = preset;
  await vscode.commands.executeCommand('halley.endSimulator');
  await halley.request('halley/providers/save', { id, baseUrl, ...(keyNeeded ? { key: { client: true } } : {}) });
  const provider: Pick<Provider, 'id' | 'label' | 'baseUrl'> = { id, label: preset.label || id, baseUrl };
  if (keyNeeded && !(await enterKey(halley, provider))) return;
  if (await verify(halley, id)) await vscode.commands.executeCommand('halley.pickModel');
}

async function pickPreset(halley: Halley): Promise<Preset | undefined> {
  const { presets = [] } = await halley.request('halley/providers/list', {});
  const items: (vscode.QuickPickItem & { preset?: Preset; simulator?: boolean })[] = presets.map((preset) => ({
    label: preset.label,
    description: preset.baseUrl ?? undefined,
    detail: preset.about ?? undefined,
    preset,
  }));
  items.push({ label: '', kind: vscode.QuickPickItemKind.Separator });
  items.push({ label: `$(globe) ${vscode.l10n.t('Another address…')}`, detail: vscode.l10n.t('Anything that speaks a protocol the daemon knows.'), preset: { id: '', label: '', keyNeeded: true } });
  items.push({ label: `$(beaker) ${vscode.l10n.t('Try with the Simulator')}`, simulator: true, detail: vscode.l10n.t('No key needed; every reply says that it is simulated.') });
  const picked = await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Add a provider'), matchOnDescription: true, matchOnDetail: true, ignoreFocusOut: true });
  if (picked?.simulator) await vscode.commands.executeCommand('halley.useSimulator');
  return picked?.preset;
}

async function askForAddress(preset: Preset): Promise<string | undefined> {
  const address = await vscode.window.showInputBox({
    title: vscode.l10n.t('Address of the API'),
    value: preset.baseUrl ?? 'https://',
    ignoreFocusOut: true,
    validateInput: (value) => (isAddress(value) ? undefined : vscode.l10n.t('An address begins with https:// or http://')),
  });
  return address?.trim();
}

async function askForId(baseUrl: string): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('A short name for this provider'),
    prompt: vscode.l10n.t('Models are then written name/model.'),
    value: new URL(baseUrl).hostname.split('.').at(-2) ?? '',
    ignoreFocusOut: true,
    validateInput: (value) => (/^[A-Za-z0-9_.-]+$/.test(value) ? undefined : vscode.l10n.t('Letters, digits, dots and dashes.')),
  });
}

/** Asks for a key and keeps it for the provider's origin; whether one was entered. */
async function enterKey(halley: Halley, provider: Pick<Provider, 'id' | 'label' | 'baseUrl'>): Promise<boolean> {
  const origin = originOf(provider.baseUrl);
  const key = await vscode.window.showInputBox({
    title: vscode.l10n.t('Key for {0}', provider.label),
    prompt: vscode.l10n.t('It stays in this editor and is sent only to {0}.', origin),
    password: true,
    ignoreFocusOut: true,
    validateInput: (value) => (value.trim() ? undefined : vscode.l10n.t('Paste the key, or press Escape.')),
  });
  if (!key?.trim()) return false;
  try {
    await keepKey(halley.context.secrets, provider.id, provider.baseUrl, key.trim());
    await halley.request('halley/providers/save', { id: provider.id, key: { client: true } });
  } catch (error) {
    halley.log.warn(`secret storage: ${error instanceof Error ? error.name : 'failed'}`);
    return letTheDaemonKeepIt(halley, provider.id, key.trim());
  }
  return true;
}

async function letTheDaemonKeepIt(halley: Halley, provider: string, key: string): Promise<boolean> {
  const ways = [
    { title: vscode.l10n.t('System keyring'), store: 'keyring' as const },
    { title: vscode.l10n.t('Private file'), store: 'file' as const },
    { title: vscode.l10n.t('Until the window closes'), store: 'session' as const },
  ];
  const text = vscode.l10n.t('This editor could not store the key. Where should the daemon store it?');
  const way = await vscode.window.showWarningMessage(text, { modal: true }, ...ways);
  if (!way) return false;
  await halley.request('halley/secrets/set', { provider, key, store: way.store });
  return true;
}

async function removeKey(halley: Halley, provider: Provider): Promise<void> {
  await dropKey(halley.context.secrets, provider.id);
  await halley.request('halley/secrets/remove', { provider: provider.id });
  void vscode.window.showInformationMessage(vscode.l10n.t('The key of {0} was removed.', provider.label));
}

async function removeProvider(halley: Halley, provider: Provider): Promise<void> {
  const remove = vscode.l10n.t('Remove');
  const text = vscode.l10n.t('Remove {0} and its key?', provider.label);
  if ((await vscode.window.showWarningMessage(text, { modal: true }, remove)) !== remove) return;
  await dropKey(halley.context.secrets, provider.id);
  await halley.request('halley/providers/remove', { id: provider.id });
}

async function pickProvider(halley: Halley, title: string, id?: string): Promise<Provider | undefined> {
  const { providers } = await halley.request('halley/providers/list', {});
  const named = providers.find((provider) => provider.id === id);
  if (named) return named;
  if (providers.length === 0) {
    await vscode.commands.executeCommand('halley.addProvider');
    return undefined;
  }
  const items = providers.map((provider) => ({
    label: provider.label,
    description: provider.baseUrl,
    detail: [keyText(provider), healthText(provider)].filter(Boolean).join(' · '),
    provider,
  }));
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.provider;
}

/** Runs the connection test and says how it went; whether it went well. */
async function verify(halley: Halley, provider: string): Promise<boolean> {
  const result = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: vscode.l10n.t('Verifying {0}', provider), cancellable: true },
    (_progress, token) => halley.request('halley/providers/verify', { provider }, token),
  );
  for (const step of result.steps) halley.log.info(`verify ${provider}: ${step.name} ${step.ok ? 'ok' : (step.problem?.code ?? 'failed')} ${step.ms ?? ''}`);
  if (result.ok) {
    void vscode.window.showInformationMessage(verifiedText(provider, result));
    return true;
  }
  const problem = result.steps.find(({ ok }) => !ok)?.problem;
  const remedies = problem ? remediesFor({ ...problem, provider }) : [];
  const text = problem ? problemText(problem) : vscode.l10n.t('{0} did not answer.', provider);
  const picked = await vscode.window.showErrorMessage(text, ...remedies.map(({ title }) => title));
  const remedy = remedies.find(({ title }) => title === picked);
  if (remedy) void vscode.commands.executeCommand(remedy.command, ...remedy.arguments);
  return false;
}

export function verifiedText(provider: string, result: Verified): string {
  const time = result.firstTokenMs != null ? duration(result.firstTokenMs) : '';
  return time ? vscode.l10n.t('{0} works: {1} answered in {2}.', provider, result.model ?? '', time) : vscode.l10n.t('{0} works.', provider);
}

function keyText({ key }: Provider): string {
  const texts = {
    present: vscode.l10n.t('key present'),
    missing: vscode.l10n.t('no key'),
    otherOrigin: vscode.l10n.t('key belongs to another address'),
    notNeeded: vscode.l10n.t('no key needed'),
  };
  return texts[key.status];
}

function healthText({ health }: Provider): string {
  if (!health) return '';
  if (!health.ok) return health.problem?.message ?? vscode.l10n.t('failed');
  return health.ms != null ? vscode.l10n.t('answered in {0}', duration(health.ms)) : vscode.l10n.t('works');
}

function isAddress(value: string): boolean {
  try {
    return /^https?:$/.test(new URL(value.trim()).protocol);
  } catch {
    return false;
  }
}
