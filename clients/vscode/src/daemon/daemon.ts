// The daemon's life: found, started, watched, started again, and talked to. What is sent to it is other files' business.

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { DaemonState, Halley } from '../halley';
import { problemOf, problemText } from '../problems';
import type { ChangedParams, ChatStateParams, OperationParams, Requests, StatusParams } from '../protocol';
import type { RichEvent } from '../wire';
import { daemonSettings } from '../settings';
import type * as Client from './client';
import { Crashes } from './crashes';
import { findDaemon, type Machine, type Program } from './find';
import { workspaceEnvironments } from './environments';

const PROTOCOL = 1;
/** How long the end of a connection may take to be noticed. */
const NOTICED_MS = 3000;

export class Daemon implements Halley, vscode.Disposable {
  state: DaemonState = { kind: 'starting' };
  status: StatusParams | undefined;
  program: Program | undefined;
  readonly temporaryProviders: Halley['temporaryProviders'] = {};

  private readonly states = new vscode.EventEmitter<DaemonState>();
  private readonly statuses = new vscode.EventEmitter<StatusParams>();
  private readonly operations = new vscode.EventEmitter<OperationParams>();
  private readonly chatStates = new vscode.EventEmitter<ChatStateParams>();
  private readonly changes = new vscode.EventEmitter<ChangedParams['what']>();
  readonly onState = this.states.event;
  readonly onStatus = this.statuses.event;
  readonly onOperation = this.operations.event;
  readonly onChatState = this.chatStates.event;
  readonly onChanged = this.changes.event;

  /** There as soon as a client is. */
  private library: typeof Client | undefined;
  private client: LanguageClient | undefined;
  private readonly crashes = new Crashes();
  private readonly names: string[];
  private tokens = 0;
  /** Who listens to the partial results that come for several requests together, by their tokens. */
  private readonly streams = new Map<unknown, (events: RichEvent[]) => void>();
  /** Starts and stops happen one after another: several reasons to restart may come at the same time. */
  private queue: Promise<void> = Promise.resolve();

  constructor(
    readonly context: vscode.ExtensionContext,
    readonly log: vscode.LogOutputChannel,
    private readonly additions: Client.Additions,
  ) {
    this.names = daemonSettings(context.extension.packageJSON);
  }

  /** Finds and starts it. Never throws: what went wrong is the state. */
  start(): Promise<void> {
    return this.next(() => this.startNow());
  }

  private async startNow(): Promise<void> {
    this.become({ kind: 'starting' });
    const found = findDaemon(await this.places(), machine());
    if ('missing' in found) {
      const reason =
        found.missing === 'setting'
          ? vscode.l10n.t('The setting halley.path names {0}, which does not exist.', found.path)
          : vscode.l10n.t('The Halley daemon is not installed.');
      return this.become({ kind: 'missing', reason });
    }
    this.program = found.program;
    this.log.info(`starting ${found.program.command} (found by: ${found.program.how})`);
    try {
      this.library ??= await loadLibrary();
      this.client = this.library.newClient(found.program, this.log, this.names, this.temporaryProviders, this.additions, this.listener());
      await this.client.start();
    } catch (error) {
      this.become({ kind: 'stopped', reason: problemText(problemOf(error)) });
    }
  }

  async restart(): Promise<void> {
    this.crashes.forget();
    await this.next(async () => {
      await this.stopNow();
      if (this.program) await this.library?.retire(this.program);
      await this.startNow();
    });
  }

  async dispose(): Promise<void> {
    await this.next(() => this.stopNow());
    for (const emitter of [this.states, this.statuses, this.operations, this.chatStates, this.changes]) emitter.dispose();
  }

  private next(work: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(work);
    return this.queue;
  }

  private async stopNow(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    try {
      await client?.dispose(3000);
    } catch (error) {
      this.log.debug(`stopping: ${String(error)}`);
    }
  }

  async request<M extends keyof Requests>(method: M, params: Requests[M]['params'], token?: vscode.CancellationToken): Promise<Requests[M]['result']> {
    return send(await this.running(), method, params, token);
  }

  async stream<M extends keyof Requests>(
    method: M,
    params: Requests[M]['params'],
    onEvents: (events: RichEvent[]) => void,
    token?: vscode.CancellationToken,
  ): Promise<Requests[M]['result']> {
    const client = await this.running();
    const partialResultToken = `halley-${++this.tokens}`;
    const listening = client.onProgress(this.library!.EVENTS, partialResultToken, onEvents);
    this.streams.set(partialResultToken, onEvents);
    try {
      return await send<Requests[M]['result']>(client, method, { ...params, partialResultToken }, token);
    } finally {
      listening.dispose();
      this.streams.delete(partialResultToken);
    }
  }

  async execute<R>(command: string, argument: unknown, token?: vscode.CancellationToken): Promise<R> {
    return send<R>(await this.running(), 'workspace/executeCommand', { command, arguments: [argument] }, token);
  }

  async sendSettings(): Promise<void> {
    await (await this.running()).sendNotification('workspace/didChangeConfiguration', { settings: null });
  }

  /** The process id of what runs now; tests end it to see it come back. */
  get pid(): number | undefined {
    return this.client?.serverProcess?.pid;
  }

  private async running(): Promise<LanguageClient> {
    await this.queue;
    if (this.client?.isRunning()) return this.client;
    const reason = 'reason' in this.state ? this.state.reason : '';
    throw new Error([vscode.l10n.t('Halley is not running.'), reason].filter(Boolean).join(' '));
  }

  /** The client's reports count only while it is the one in use. */
  private listener(): Client.Listener {
    return {
      onStarting: (client) => client === this.client && this.become({ kind: 'starting' }),
      onRunning: (client) => client === this.client && this.welcome(client),
      onClosed: () => this.mayRestart(),
      onStatus: (status) => {
        this.status = status;
        this.statuses.fire(status);
      },
      onOperation: (operation) => this.operations.fire(operation),
      onProgress: ({ values }) => {
        for (const { token, value } of values) this.streams.get(token)?.(value as RichEvent[]);
      },
      onChatState: (state) => this.chatStates.fire(state),
      onChanged: (what) => this.changes.fire(what),
    };
  }

  private welcome(client: LanguageClient): void {
    this.watch(client);
    const said = client.initializeResult;
    const own = (said?.capabilities.experimental as { halley?: { version?: string; protocol?: number } } | undefined)?.halley;
    const version = own?.version ?? said?.serverInfo?.version ?? '?';
    this.log.info(`running ${version}`);
    if (own?.protocol !== undefined && own.protocol !== PROTOCOL) {
      void vscode.window.showWarningMessage(vscode.l10n.t('This extension was made for another version of the daemon ({0}). Install the one that came with it.', version));
    }
    this.become({ kind: 'running', version });
  }

  /** The client notices by its connection that the daemon has ended. Where it did not, the end of the process shows it. */
  private watch(client: LanguageClient): void {
    const child = client.serverProcess;
    child?.once('exit', () => {
      setTimeout(() => {
        if (client !== this.client || (client.serverProcess && client.serverProcess !== child) || this.state.kind !== 'running') return;
        this.log.warn('the daemon has ended and its connection did not say so');
        if (this.crashes.mayRestart(Date.now())) void this.next(() => this.stopNow().then(() => this.startNow()));
        else this.become(crashedTooOften());
      }, NOTICED_MS);
    });
  }

  // VS Code's own rule: four restarts, the fifth crash within three minutes is the end. After it the user is asked.
  private mayRestart(): boolean {
    const may = this.crashes.mayRestart(Date.now());
    if (may) this.log.warn('the daemon ended unexpectedly; starting it again');
    else this.become(crashedTooOften());
    return may;
  }

  private become(state: DaemonState): void {
    this.state = state;
    if (state.kind !== 'running') this.status = undefined;
    void vscode.commands.executeCommand('setContext', 'halley.running', state.kind === 'running');
    this.states.fire(state);
  }

  private async places(): Promise<Parameters<typeof findDaemon>[0]> {
    return {
      setting: vscode.workspace.getConfiguration('halley').get('path', ''),
      environments: vscode.workspace.isTrusted ? await workspaceEnvironments() : [],
      installed: installedFolder(this.context),
    };
  }
}

/** Loads it after what the editor has to do at its start. */
async function loadLibrary(): Promise<typeof Client> {
  await new Promise((resolve) => setImmediate(resolve));
  return import('./client');
}

function crashedTooOften(): DaemonState {
  return { kind: 'stopped', reason: vscode.l10n.t('The daemon crashed five times within three minutes.') };
}

// An undefined token would be taken for a second parameter.
function send<R>(client: LanguageClient, method: string, params: object, token?: vscode.CancellationToken): Promise<R> {
  return token ? client.sendRequest<R>(method, params, token) : client.sendRequest<R>(method, params);
}

/** The environment that `Install the Daemon…` makes. */
export function installedFolder(context: vscode.ExtensionContext): string {
  return vscode.Uri.joinPath(context.globalStorageUri, 'daemon').fsPath;
}

export function machine(): Machine {
  return { platform: process.platform, env: process.env, home: os.homedir(), isFile: (file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false };
}
