// A place between the lines of a file: VS Code's comment threads, used for what is asked and shown at the code itself. The file's
// text is never touched, so that saving it, its diagnostics and what the daemon knows of it stay as they are.

import * as vscode from 'vscode';

export const CONTROLLER = 'halley.edits';

/** Commands that a thread's text may run; nothing that a model wrote becomes a link. */
const ENABLED = ['showProposal', 'acceptProposal', 'discardProposal', 'regenerate', 'changeInstruction', 'openDiff', 'stopWriting'].map((id) => `halley.${id}`);

export interface LineThread {
  readonly thread: vscode.CommentThread;
  /** Shows the text under a heading, in place of what was shown. */
  say(heading: string, markdown: string): void;
  dispose(): void;
}

export class LineThreads implements vscode.Disposable {
  private readonly controller = vscode.comments.createCommentController(CONTROLLER, 'Halley');

  /** Below the last line of the range. */
  open(uri: vscode.Uri, range: vscode.Range, label: string, kind: string): LineThread {
    const thread = this.create(uri, range, label, kind);
    return { thread, say: (heading, markdown) => (thread.comments = [noteOf(heading, markdown)]), dispose: () => thread.dispose() };
  }

  /** An input at the range's end that holds `value`: a note being changed, since VS Code gives only that the focus. */
  ask(uri: vscode.Uri, range: vscode.Range, label: string, value: string): vscode.CommentThread {
    const thread = this.create(uri, range, `${label} · ${vscode.l10n.t('Enter sends, Esc closes')}`, 'instruction');
    thread.comments = [{ body: value, mode: vscode.CommentMode.Editing, author: { name: vscode.l10n.t('What should be done?') }, contextValue: 'instruction' }];
    return thread;
  }

  private create(uri: vscode.Uri, range: vscode.Range, label: string, kind: string): vscode.CommentThread {
    const thread = this.controller.createCommentThread(uri, lastLineOf(range), []);
    thread.label = label;
    thread.contextValue = kind;
    thread.canReply = false;
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    return thread;
  }

  dispose(): void {
    this.controller.dispose();
  }
}

// A selection of whole lines ends where the next one starts.
function lastLineOf({ start, end }: vscode.Range): vscode.Range {
  const line = end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
  return new vscode.Range(line, 0, line, 0);
}

/** Whether threads can be seen: a user may have turned all comments off. */
export function threadsShow(): boolean {
  return vscode.workspace.getConfiguration('comments').get('visible', true);
}

function noteOf(heading: string, markdown: string): vscode.Comment {
  const body = new vscode.MarkdownString(markdown, true);
  body.supportHtml = true;
  body.isTrusted = { enabledCommands: ENABLED };
  return { body, mode: vscode.CommentMode.Preview, author: { name: heading } };
}
