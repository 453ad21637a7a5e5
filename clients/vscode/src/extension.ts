// Composition: what the extension is made of. Nothing here waits for the daemon, so that starting VS Code never does.

import * as vscode from 'vscode';
import { registerActions, runFromMenu } from './edits/actions';
import { opensAsPreview, showMarkdown } from './answers';
import { Approvals } from './chat/approvals';
import { registerChat } from './chat/commands';
import { registerCommit } from './edits/commit';
import { registerReview } from './edits/review';
import { PartialAcceptance, registerCompletion, remembering } from './edits/completion';
import { Daemon } from './daemon/daemon';
import { InlineChanges } from './edits/inline';
import { registerNextEdits } from './edits/nextEdit';
import { registerInstruct, type Asked } from './edits/instruct';
import { registerLanguageModels } from './providers/lm';
import { registerMacros } from './edits/macros';
import { registerMedia } from './media';
import { registerModels } from './providers/models';
import { showError } from './problems';
import { registerProposals } from './edits/proposals';
import { registerProviders } from './providers/providers';
import { registerSearch } from './workspace/search';
import { getKey } from './providers/secrets';
import { registerSetup } from './providers/setup';
import { registerSimulator } from './providers/simulator';
import { registerStatus } from './status';
import { approveElsewhere, registerTools } from './workspace/tools';
import { registerTrust } from './workspace/trust';
import { LineThreads } from './edits/threads';
import { registerUsage } from './providers/usage';

/** Processor time that running this file's code took, without `activate`; put last in the bundle. */
declare const halleyLoaded: NodeJS.CpuUsage;

let daemon: Daemon | undefined;

/** What other code of this window may have: the daemon's state, for tests and for code that waits for it. */
export interface Api {
  readonly daemon: Daemon;
  /** Processor time of the bundle and of `activate`, which a busy machine does not change; between them other extensions run. */
  readonly activationMs: number;
}

export function activate(context: vscode.ExtensionContext): Api {
  const began = process.cpuUsage();
  const log = vscode.window.createOutputChannel('Halley', { log: true });
  const approvals = new Approvals(approveElsewhere);
  const parts = new PartialAcceptance();
  const halley: Daemon = new Daemon(context, log, {
    approveTool: (asked, token) => approvals.ask(asked, token),
    getSecret: ({ provider, origin }) => getKey(context.secrets, provider, origin),
    middleware: {
      provideInlineCompletionItems: remembering(parts),
      provideCodeLenses: () => [], // the daemon's are for editors that show no proposals themselves
      executeCommand: async (id, args, next): Promise<unknown> => {
        try {
          return id === 'halley.run' ? await runFromMenu(halley, args) : await next(id, args);
        } catch (error) {
          await showError(error);
          return undefined;
        }
      },
      window: {
        showDocument: async (params, token, next) => {
          if (!opensAsPreview(params.uri)) return next(params, token);
          await showMarkdown(vscode.Uri.parse(params.uri));
          return { success: true };
        },
      },
    },
  });
  daemon = halley;
  const made = new Map<string, Asked>();
  const threads = new LineThreads();
  const inline = new InlineChanges(threads, (id) => made.has(id));
  context.subscriptions.push(
    log,
    ...registerSetup(halley),
    ...registerStatus(halley),
    ...registerModels(halley),
    ...registerProviders(halley),
    ...registerActions(halley),
    threads,
    inline,
    ...registerInstruct(halley, threads, inline, made),
    ...registerProposals(halley, inline),
    ...registerCompletion(halley, parts),
    ...registerNextEdits(halley, threads),
    ...registerCommit(halley),
    ...registerReview(halley),
    ...registerChat(halley, approvals),
    ...registerTools(halley),
    ...registerSearch(halley),
    ...registerMedia(halley),
    ...registerTrust(halley),
    ...registerMacros(halley),
    ...registerUsage(halley),
    ...registerLanguageModels(halley),
    ...registerSimulator(halley),
  );
  void halley.start();
  return { daemon: halley, activationMs: cpuMs(halleyLoaded) + cpuMs(process.cpuUsage(began)) };
}

function cpuMs({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}

export async function deactivate(): Promise<void> {
  await daemon?.dispose();
}
