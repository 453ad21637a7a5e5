// What every part of the extension is given: requests to the daemon, its notifications, and where to log.

import type * as vscode from 'vscode';
import type { ChangedParams, ChatStateParams, OperationParams, Requests, StatusParams } from './protocol';
import type { TemporaryProviders } from './settings';
import type { RichEvent } from './wire';

export type DaemonState =
  | { kind: 'starting' }
  | { kind: 'running'; version: string }
  | { kind: 'missing'; reason: string }
  | { kind: 'stopped'; reason: string };

export interface Halley {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly state: DaemonState;
  readonly status: StatusParams | undefined;
  readonly onState: vscode.Event<DaemonState>;
  readonly onStatus: vscode.Event<StatusParams>;
  readonly onOperation: vscode.Event<OperationParams>;
  readonly onChatState: vscode.Event<ChatStateParams>;
  readonly onChanged: vscode.Event<ChangedParams['what']>;

  /** Sends a request. Rejects with a response error whose `data` is a `Problem`. */
  request<M extends keyof Requests>(method: M, params: Requests[M]['params'], token?: vscode.CancellationToken): Promise<Requests[M]['result']>;

  /** As `request`, with the events of the stream as they come. */
  stream<M extends keyof Requests>(
    method: M,
    params: Requests[M]['params'],
    onEvents: (events: RichEvent[]) => void,
    token?: vscode.CancellationToken,
  ): Promise<Requests[M]['result']>;

  /** Runs a command of the daemon's (`workspace/executeCommand`). */
  execute<R>(command: string, argument: unknown, token?: vscode.CancellationToken): Promise<R>;

  /** Providers of this window only; `sendSettings` tells the daemon. */
  readonly temporaryProviders: TemporaryProviders;

  /** Has the daemon read the editor's settings again. */
  sendSettings(): Promise<void>;

  /** The program that was started, to start another command of it. */
  readonly program: { command: string; args: string[] } | undefined;
  restart(): Promise<void>;
}

/** Registers a command whose errors are shown, not thrown away. */
export type Register = (id: string, run: (...args: never[]) => unknown) => void;
