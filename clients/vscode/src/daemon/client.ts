// The language client: vscode-languageclient, set up for this daemon. A bundle of its own, loaded when a daemon is about to
// be started: it takes longer to load than all the rest of the extension, which need not wait for it.

import { execFile } from 'node:child_process';
import * as vscode from 'vscode';
import { CloseAction, ErrorAction, LanguageClient, ProgressType, State, type ErrorHandler, type LanguageClientOptions, type Middleware } from 'vscode-languageclient/node';
import type { AgentSaveParams, ChangedParams, ChatStateParams, LanguageToolsParams, OperationParams, ProgressParams, StatusParams, ToolApproved, ToolApproveParams, ToolAskParams } from '../protocol';
import { explicitSettings, type TemporaryProviders } from '../settings';
import { askLanguageTools } from '../workspace/languageTools';
import type { RichEvent } from '../wire';
import type { Program } from './find';

/** What streams of chats and answers are made of. */
export const EVENTS = new ProgressType<RichEvent[]>();

/** Everything but the secrets that other files add to the conversation with the daemon. */
export interface Additions {
  middleware: Middleware;
  getSecret(params: { provider: string; origin: string }): Promise<string | null>;
  approveTool(params: ToolApproveParams, token: vscode.CancellationToken): Promise<ToolApproved>;
}

/** What happens to the daemon, and its notifications. */
export interface Listener {
  onStarting(client: LanguageClient): void;
  onRunning(client: LanguageClient): void;
  /** The connection ended unexpectedly; whether the daemon is to be started again. */
  onClosed(): boolean;
  onStatus(status: StatusParams): void;
  onOperation(operation: OperationParams): void;
  onProgress(progress: ProgressParams): void;
  onChatState(state: ChatStateParams): void;
  onChanged(what: ChangedParams['what']): void;
}

/** One for every client there will be: a client ends only what it made itself. */
let watcher: vscode.FileSystemWatcher | undefined;

/** A client that is not started yet. `names` are the settings that the daemon knows. */
export function newClient(program: Program, log: vscode.LogOutputChannel, names: string[], temporary: TemporaryProviders, additions: Additions, listener: Listener): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }, { scheme: 'vscode-vfs' }, { notebook: '*' }],
    outputChannel: log,
    initializationOptions: () => ({ settings: explicitSettings(names, undefined, temporary) }),
    initializationFailedHandler: () => false,
    errorHandler: errorHandler(listener),
    middleware: {
      ...additions.middleware,
      workspace: {
        configuration: (params) => params.items.map(({ scopeUri }) => explicitSettings(names, scopeUri ? vscode.Uri.parse(scopeUri) : undefined, temporary)),
      },
    },
    synchronize: { fileEvents: (watcher ??= vscode.workspace.createFileSystemWatcher('**/{.halley.toml,AGENTS.md}')) },
  };
  const shared = isShared() ? ['--shared'] : [];
  const client = new LanguageClient('halley', 'Halley', { command: program.command, args: [...program.args, 'serve', ...shared], options: { env: daemonEnvironment() } }, options);
  client.registerFeature({
    fillClientCapabilities: (capabilities) => {
      capabilities.experimental = { ...(capabilities.experimental as object), halley: { secrets: true, proposals: true, chat: true, tools: true, media: true, questions: true, batchedProgress: true, inputs: true, saves: true, languageTools: true } };
    },
    initialize: () => undefined,
    getState: () => ({ kind: 'static' }),
    clear: () => undefined,
  });
  client.onRequest('halley/secrets/get', async (params: { provider: string; origin: string }) => ({ key: await additions.getSecret(params) }));
  client.onRequest('halley/tools/approve', (params: ToolApproveParams, token: vscode.CancellationToken) => additions.approveTool(params, token));
  client.onRequest('halley/tools/ask', async (box: ToolAskParams) => ({ text: await vscode.window.showInputBox({ ...box, ignoreFocusOut: true }) }));
  client.onRequest('halley/agent/save', ({ uris }: AgentSaveParams) => saveDocuments(uris));
  client.onRequest('halley/language/ask', (params: LanguageToolsParams) => askLanguageTools(params));
  client.onNotification('halley/status', (status: StatusParams) => listener.onStatus(status));
  client.onNotification('halley/operation', (operation: OperationParams) => listener.onOperation(operation));
  client.onNotification('halley/progress', (progress: ProgressParams) => listener.onProgress(progress));
  client.onNotification('halley/chat/state', (state: ChatStateParams) => listener.onChatState(state));
  client.onNotification('halley/changed', ({ what }: ChangedParams) => listener.onChanged(what));
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Starting) listener.onStarting(client);
    if (newState === State.Running) listener.onRunning(client);
  });
  return client;
}

function isShared(): boolean {
  return !!vscode.workspace.getConfiguration('halley').get('sharedDaemon');
}

/** Gives the next start a new daemon, where it would join one: a user who restarts does not want the one that runs. Others keep it. */
export function retire(program: Program): Promise<void> {
  return new Promise((resolve) => {
    if (!isShared()) return resolve();
    execFile(program.command, [...program.args, 'serve', '--retire'], { env: daemonEnvironment(), timeout: 10_000, windowsHide: true }, () => resolve());
  });
}

/** Before an agent runs a command that would not see its own edits. */
async function saveDocuments(uris: readonly string[]): Promise<object> {
  const wanted = new Set(uris.map((uri) => vscode.Uri.parse(uri).toString()));
  for (const document of vscode.workspace.textDocuments) {
    if (document.isDirty && wanted.has(document.uri.toString())) await document.save();
  }
  return {};
}

function errorHandler(listener: Listener): ErrorHandler {
  return {
    error: (_error, _message, count) => ({ action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown, handled: true }),
    closed: () => ({ action: listener.onClosed() ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true }),
  };
}

// The editor's own Node settings are no business of a Python program and what it starts.
function daemonEnvironment(): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(([name]) => !/^(ELECTRON_|VSCODE_|NODE_OPTIONS$)/.test(name));
  return Object.fromEntries(ours);
}
