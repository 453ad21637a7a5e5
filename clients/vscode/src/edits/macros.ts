// Macros: a tree of saved prompts and pipelines to run, edit and share. The daemon keeps and runs them.

import * as vscode from 'vscode';
import { currentEditor, showOutcome, type Place } from './actions';
import { command } from '../commands';
import type { Halley } from '../halley';
import { problemOf } from '../problems';
import type { Macro, MacroRunParams, MacrosImported } from '../protocol';
import { toWire } from '../wire';

export interface MacroInput {
  description?: string;
  type?: 'string' | 'number' | 'boolean' | 'choice';
  choices?: string[];
  default?: string | number | boolean | null;
}

const TOML = { TOML: ['toml'] };

export function registerMacros(halley: Halley): vscode.Disposable[] {
  const tree = new MacroTree(halley);
  const view = vscode.window.createTreeView('halley.macros', { treeDataProvider: tree });
  return [
    tree,
    view,
    command('refreshMacros', () => tree.refresh()),
    command('runMacro', async (given?: unknown) => {
      const macro = await tree.chosen(given);
      if (macro) await runMacro(halley, macro);
    }),
    command('resumeMacro', (name: string, resume: string, place?: Place) => runAt(halley, { name, resume }, place)),
    command('newMacro', () => newMacro(halley)),
    command('editMacro', async (given?: unknown) => {
      const macro = await tree.chosen(given);
      if (macro) await editMacro(halley, macro);
    }),
    command('shareMacro', async (given?: unknown) => {
      const macro = await tree.chosen(given);
      if (macro) await shareMacro(halley, macro);
    }),
    command('importMacros', (content?: unknown) => importMacros(halley, typeof content === 'string' ? content : undefined)),
    command('removeMacro', async (given?: unknown) => {
      const macro = await tree.chosen(given);
      if (macro) await halley.request('halley/macros/remove', { name: macro.name });
    }),
  ];
}

class MacroTree implements vscode.TreeDataProvider<Macro>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly listening: vscode.Disposable[];

  constructor(private readonly halley: Halley) {
    this.listening = [halley.onState(() => this.refresh()), halley.onChanged((what) => what === 'macros' && this.refresh())];
  }

  refresh(): void {
    this.changed.fire();
  }

  async getChildren(): Promise<Macro[]> {
    if (this.halley.state.kind !== 'running') return [];
    try {
      return await this.list();
    } catch (error) {
      this.halley.log.debug(`macros: ${String(error)}`);
      return [];
    }
  }

  getTreeItem(macro: Macro): vscode.TreeItem {
    const item = new vscode.TreeItem(macro.name);
    item.description = macro.description;
    item.tooltip = [macro.description, macro.prompt, macro.source].filter(Boolean).join('\n\n');
    item.iconPath = new vscode.ThemeIcon(macro.steps > 0 ? 'list-ordered' : 'note');
    item.contextValue = macro.source === 'config.toml' ? 'macro.user' : 'macro.elsewhere';
    return item;
  }

  async chosen(given: unknown): Promise<Macro | undefined> {
    if (isMacro(given)) return given;
    const macros = await this.list();
    if (typeof given === 'string') return macros.find(({ name }) => name === given);
    if (macros.length === 0) {
      await vscode.commands.executeCommand('halley.newMacro');
      return undefined;
    }
    const items = macros.map((macro) => ({ label: macro.name, description: macro.description, macro }));
    return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Run which macro?'), matchOnDescription: true }))?.macro;
  }

  private async list(): Promise<Macro[]> {
    const uri = vscode.window.activeTextEditor?.document.uri.toString();
    return (await this.halley.request('halley/macros/list', { uri })).macros;
  }

  dispose(): void {
    vscode.Disposable.from(this.changed, ...this.listening).dispose();
  }
}

async function runMacro(halley: Halley, macro: Macro): Promise<void> {
  const { document, selection } = currentEditor();
  const inputs = await askForInputs(macro.inputs as Record<string, MacroInput>);
  if (!inputs) return;
  await runAt(halley, { name: macro.name, inputs }, { textDocument: { uri: document.uri.toString(), version: document.version }, range: toWire(selection) });
}

/** Runs a macro, or with `resume` what is left of a run that failed. */
async function runAt(halley: Halley, what: Omit<MacroRunParams, keyof Place>, place?: Place): Promise<void> {
  const title = vscode.l10n.t('Macro: {0}', what.name);
  const ran = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, (progress, token) => {
    let length = 0;
    return halley.stream(
      'halley/macros/run',
      { ...what, ...place },
      (events) => {
        for (const event of events) {
          length += event.delta?.length ?? 0;
          progress.report({ message: event.type === 'notice' ? (event.text ?? '') : vscode.l10n.t('{0} characters', length) });
        }
      },
      token,
    );
  });
  await showOutcome(ran, place);
}

/** The values that a macro asks for; undefined when the user gave up. */
export async function askForInputs(inputs: Record<string, MacroInput>): Promise<Record<string, unknown> | undefined> {
  const values: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(inputs)) {
    const value = await askForInput(name, input);
    if (value === undefined) return undefined;
    values[name] = value;
  }
  return values;
}

async function askForInput(name: string, input: MacroInput): Promise<unknown> {
  const title = input.description || name;
  if (input.type === 'choice') return vscode.window.showQuickPick(input.choices ?? [], { title });
  if (input.type === 'boolean') {
    const yes = vscode.l10n.t('Yes');
    const answer = await vscode.window.showQuickPick([yes, vscode.l10n.t('No')], { title });
    return answer === undefined ? undefined : answer === yes;
  }
  const isNumber = input.type === 'number';
  const text = await vscode.window.showInputBox({
    title,
    value: input.default == null ? '' : String(input.default),
    validateInput: (value) => (isNumber && Number.isNaN(Number(value)) ? vscode.l10n.t('A number, please.') : undefined),
  });
  return text === undefined ? undefined : isNumber ? Number(text) : text;
}

function askForName(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('A name for the macro'),
    validateInput: (value) => (/^[A-Za-z0-9_.-]+$/.test(value) ? undefined : vscode.l10n.t('Letters, digits, dots and dashes.')),
  });
}

/** What a chat's turns asked, as a macro; without turns, the whole chat. */
export async function recordMacro(halley: Halley, chatId: string, turns?: string[]): Promise<void> {
  const name = await askForName();
  if (!name) return;
  const { macro } = await halley.request('halley/macros/record', { name, chatId, turns });
  const steps = Array.isArray(macro.steps) ? macro.steps.length : 1;
  const edit = vscode.l10n.t('Edit');
  const made = steps === 1 ? vscode.l10n.t('The macro “{0}” asks this again, here as /{0} and in every file’s menu.', name) : vscode.l10n.t('The macro “{0}” asks these {1} questions again, here as /{0} and in every file’s menu.', name, steps);
  if ((await vscode.window.showInformationMessage(made, edit)) === edit) await vscode.commands.executeCommand('halley.editMacro', name);
}

async function newMacro(halley: Halley): Promise<void> {
  const name = await askForName();
  if (!name) return;
  const value = '{{selection}}';
  const prompt = await vscode.window.showInputBox({ title: vscode.l10n.t('The prompt'), value, valueSelection: [value.length, value.length], prompt: vscode.l10n.t('{{selection}}, {{buffer}}, {{path}} and others are filled in.'), ignoreFocusOut: true });
  if (!prompt) return;
  await halley.request('halley/macros/save', { name, macro: { prompt } });
  void vscode.window.showInformationMessage(vscode.l10n.t('The macro “{0}” is saved, as /{0} and in every file’s menu.', name));
}

async function editMacro(halley: Halley, macro: Macro): Promise<void> {
  if (macro.steps > 0 || macro.source !== 'config.toml') return vscode.commands.executeCommand('halley.openConfiguration');
  const prompt = await vscode.window.showInputBox({ title: macro.name, value: macro.prompt ?? '', ignoreFocusOut: true });
  if (prompt === undefined || prompt === macro.prompt) return;
  await halley.request('halley/macros/save', { name: macro.name, macro: { ...macro.definition, prompt } });
}

/** As the daemon writes it: for the clipboard, or a file. */
async function shareMacro(halley: Halley, macro: Macro): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri.toString();
  const { content } = await halley.request('halley/macros/export', { names: [macro.name], uri });
  await vscode.env.clipboard.writeText(content);
  const save = vscode.l10n.t('Save as File…');
  const picked = await vscode.window.showInformationMessage(vscode.l10n.t('Copied. Paste it into config.toml, or into .halley.toml for your team.'), save);
  if (picked !== save) return;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({ defaultUri: folder && vscode.Uri.joinPath(folder, `${macro.name}.toml`), filters: TOML });
  if (target) await vscode.workspace.fs.writeFile(target, Buffer.from(content, 'utf8'));
}

/** Adds shared macros to the user's own configuration. Existing ones are replaced only after confirmation. */
async function importMacros(halley: Halley, given?: string): Promise<void> {
  const content = given ?? (await askForShared());
  if (!content?.trim()) return;
  const { names } = await halley.request('halley/macros/import', { content }).catch((error: unknown) => replaceAfterAll(halley, content, error));
  if (names.length > 0) void vscode.window.showInformationMessage(vscode.l10n.t('Imported: {0}', names.join(', ')));
}

/** A refusal that names no setting is about names that are taken. */
async function replaceAfterAll(halley: Halley, content: string, error: unknown): Promise<MacrosImported> {
  const problem = problemOf(error);
  if (problem.code !== 'invalid_input' || problem.setting) throw error;
  const replace = vscode.l10n.t('Replace');
  const picked = await vscode.window.showWarningMessage(problem.message, { modal: true }, replace);
  return picked === replace ? halley.request('halley/macros/import', { content, replace: true }) : { names: [] };
}

async function askForShared(): Promise<string | undefined> {
  const ways = [
    { label: `$(clippy) ${vscode.l10n.t('From the clipboard')}`, read: () => vscode.env.clipboard.readText() },
    { label: `$(file) ${vscode.l10n.t('From a file…')}`, read: readPicked },
  ];
  return (await vscode.window.showQuickPick(ways, { title: vscode.l10n.t('Import macros') }))?.read();
}

async function readPicked(): Promise<string | undefined> {
  const [file] = (await vscode.window.showOpenDialog({ filters: TOML })) ?? [];
  return file && Buffer.from(await vscode.workspace.fs.readFile(file)).toString('utf8');
}

function isMacro(value: unknown): value is Macro {
  return typeof (value as Macro | undefined)?.name === 'string';
}
