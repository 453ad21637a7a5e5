/** What the other language servers of VS Code know, for an agent: a server cannot ask another. */
import * as vscode from 'vscode';
import type { LanguageToolsAnswer, LanguageToolsParams } from '../protocol';

const SETTLE_MS = 1000;
const QUIET_MS = 200;
/** How many of them VS Code asks for their edits. */
const MOST_ACTIONS = 50;

export async function askLanguageTools(params: LanguageToolsParams): Promise<LanguageToolsAnswer> {
  if (params.kind === 'symbols') {
    const found = await vscode.commands.executeCommand<vscode.SymbolInformation[] | undefined>('vscode.executeWorkspaceSymbolProvider', params.query ?? '');
    return { locations: (found ?? []).map(({ name, location }) => ({ name, ...locationOf(location.uri, location.range) })) };
  }
  const uri = vscode.Uri.parse(params.textDocument?.uri ?? '');
  if (params.kind === 'diagnostics') {
    if (params.settle) await settle(uri);
    return { diagnostics: diagnosticsOf(uri) };
  }
  const at = new vscode.Position(params.position?.line ?? 0, params.position?.character ?? 0);
  if (params.kind === 'hover') {
    const hovers = await vscode.commands.executeCommand<vscode.Hover[] | undefined>('vscode.executeHoverProvider', uri, at);
    return { text: (hovers ?? []).flatMap(({ contents }) => contents.map((one) => (typeof one === 'string' ? one : one.value))).join('\n\n') };
  }
  if (params.kind === 'actions') return codeActions(uri, at, params.title);
  if (params.kind === 'rename') return rename(uri, at, params.newName ?? '');
  const command = params.kind === 'references' ? 'vscode.executeReferenceProvider' : 'vscode.executeDefinitionProvider';
  const found = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[] | undefined>(command, uri, at);
  return {
    locations: (found ?? []).map((one) => ('targetUri' in one ? locationOf(one.targetUri, one.targetSelectionRange ?? one.targetRange) : locationOf(one.uri, one.range))),
  };
}

/** Edits for Halley to show and make; nothing is changed here. */
async function rename(uri: vscode.Uri, at: vscode.Position, newName: string): Promise<LanguageToolsAnswer> {
  let edit: vscode.WorkspaceEdit | undefined;
  try {
    edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit | undefined>('vscode.executeDocumentRenameProvider', uri, at, newName);
  } catch (error) {
    return { text: error instanceof Error ? error.message : String(error) };
  }
  return editsOf(edit);
}

/** What is offered there, without our own; with a title the edits of that one. Nothing is run. */
async function codeActions(uri: vscode.Uri, at: vscode.Position, title?: string | null): Promise<LanguageToolsAnswer> {
  const all = await vscode.commands.executeCommand<vscode.CodeAction[] | undefined>('vscode.executeCodeActionProvider', uri, new vscode.Range(at, at), undefined, MOST_ACTIONS);
  const found = (all ?? []).filter(({ kind }) => !kind?.value.includes('halley'));
  if (!title) return { actions: found.map(({ title: name, kind, edit }) => ({ title: name, kind: kind?.value, runs: !edit })) };
  const chosen = found.find((one) => one.title === title);
  return chosen && !chosen.edit ? { text: 'it runs a command instead of editing' } : editsOf(chosen?.edit);
}

function editsOf(edit: vscode.WorkspaceEdit | undefined): LanguageToolsAnswer {
  const found = edit?.entries() ?? [];
  if (movesFiles(edit)) return { text: 'it also creates, moves or deletes files' };
  return {
    edits: found.map(([file, edits]) => ({ uri: file.toString(), edits: edits.map(({ range, newText }) => ({ range: { start: range.start, end: range.end }, newText })) })),
  };
}

/** The API lists text edits only; this one, which it also has, lists changes of files too (`_type` 1). */
function movesFiles(edit: vscode.WorkspaceEdit | undefined): boolean {
  const all = (edit as { _allEntries?: () => { _type: number }[] } | undefined)?._allEntries?.();
  return all?.some(({ _type }) => _type === 1) ?? false;
}

function locationOf(uri: vscode.Uri, range: vscode.Range): { uri: string; range: { start: vscode.Position; end: vscode.Position } } {
  return { uri: uri.toString(), range: { start: range.start, end: range.end } };
}

/** Those of others: VS Code counts severities from 0, the protocol from 1. */
function diagnosticsOf(uri: vscode.Uri): LanguageToolsAnswer['diagnostics'] {
  return vscode.languages
    .getDiagnostics(uri)
    .filter(({ source }) => source !== 'halley')
    .map(({ range, message, severity, source }) => ({ range: { start: range.start, end: range.end }, message, severity: severity + 1, source }));
}

/** Until diagnostics of a file have changed and are quiet, or for a second. */
function settle(uri: vscode.Uri): Promise<void> {
  return new Promise((resolve) => {
    const wanted = uri.toString();
    let timer = setTimeout(finish, SETTLE_MS);
    const listening = vscode.languages.onDidChangeDiagnostics(({ uris }) => {
      if (!uris.some((one) => one.toString() === wanted)) return;
      clearTimeout(timer);
      timer = setTimeout(finish, QUIET_MS);
    });
    function finish(): void {
      listening.dispose();
      resolve();
    }
  });
}
