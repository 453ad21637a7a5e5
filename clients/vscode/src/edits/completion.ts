// Inline completion is vscode-languageclient's own; here only what the daemon cannot see: the switch, and what was
// accepted in part.

import * as vscode from 'vscode';
import type { Middleware } from 'vscode-languageclient/node';
import { command } from '../commands';
import type { Halley } from '../halley';

export function registerCompletion(halley: Halley, parts: PartialAcceptance): vscode.Disposable[] {
  return [
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      const accepted = parts.changed(document.uri.toString(), contentChanges);
      // There is nothing to report of a daemon that has just ended.
      if (accepted) vscode.commands.executeCommand(accepted.command, accepted.argument).then(undefined, () => undefined);
    }),
    command('toggleCompletion', async () => {
      const configuration = vscode.workspace.getConfiguration('halley');
      // Off may be said in the daemon's own files too, which the setting here goes before.
      const enabled = halley.status?.kind === 'inactive' || !configuration.get('completion.enabled', true);
      await configuration.update('completion.enabled', enabled, vscode.ConfigurationTarget.Global);
      vscode.window.setStatusBarMessage(enabled ? vscode.l10n.t('Inline completion is on') : vscode.l10n.t('Inline completion is off'), 3000);
    }),
  ];
}

type Offer = Pick<vscode.InlineCompletionItem, 'insertText' | 'range' | 'command'>;
type Change = Pick<vscode.TextDocumentContentChangeEvent, 'rangeOffset' | 'rangeLength' | 'text'>;
interface Call {
  command: string;
  argument: object;
}

/**
 * VS Code runs a suggestion's command when all of it was accepted, and reports nothing when only a word or a line was. That is
 * seen by the text: what is left of a suggestion begins with it, and it came in one piece where the suggestion stands.
 */
export class PartialAcceptance {
  private offered: { uri: string; at: number; left: { text: string; command?: vscode.Command }[] } | undefined;

  /** Suggestions are shown at `at`, an offset; `before` is the text in front of it that they take the place of. */
  offer(uri: string, at: number, offers: Offer[], before: (offer: Offer) => string): void {
    const left = offers.flatMap((offer) => {
      const { insertText: text, command } = offer;
      const replaced = before(offer);
      return typeof text === 'string' && text.startsWith(replaced) ? [{ text: text.slice(replaced.length), command }] : [];
    });
    if (left.length > 0) this.offered = { uri, at, left };
  }

  /** What to report to the daemon of a change, if it was such an acceptance. */
  changed(uri: string, changes: readonly Change[]): Call | undefined {
    if (this.offered?.uri !== uri || changes.length === 0) return undefined;
    const [{ rangeOffset, rangeLength, text }] = changes as [Change];
    const added = text.replaceAll('\r\n', '\n');
    const left = this.offered.left.filter((one) => one.text.startsWith(added));
    if (changes.length > 1 || rangeLength > 0 || rangeOffset !== this.offered.at || left.length === 0) {
      this.offered = undefined;
      return undefined;
    }
    this.offered = { uri, at: rangeOffset + text.length, left: left.map((one) => ({ ...one, text: one.text.slice(added.length) })) };
    const [{ text: whole, command: told }] = left as [(typeof left)[number]];
    if (whole === added || !told || !isMoreThanAKey(added)) return undefined;
    return { command: told.command, argument: { ...(told.arguments?.[0] as object), partial: true, characters: [...added].length } };
  }
}

/** A key may bring its closing bracket or the next line's indentation along, but no second letter. */
function isMoreThanAKey(text: string): boolean {
  return text.trim().length > 1 && /[\p{L}\p{N}]/u.test(text);
}

/** The middleware of textDocument/inlineCompletion: remembers what is shown. */
export function remembering(parts: PartialAcceptance): Middleware['provideInlineCompletionItems'] {
  return async (document, position, context, token, next) => {
    const { version } = document;
    const found = await next(document, position, context, token);
    if (found && document.version === version) {
      const before = ({ range }: Offer): string => (range ? document.getText(range.with({ end: position })).replaceAll('\r\n', '\n') : '');
      parts.offer(document.uri.toString(), document.offsetAt(position), Array.isArray(found) ? found : found.items, before);
    }
    return found;
  };
}
