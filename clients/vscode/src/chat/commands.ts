// The commands of the chat view.

import * as vscode from 'vscode';
import { command } from '../commands';
import type { Halley } from '../halley';
import type { Approvals } from './approvals';
import { ChatView, VIEW } from './view';

export function registerChat(halley: Halley, approvals: Approvals): vscode.Disposable[] {
  const view = new ChatView(halley, approvals);
  approvals.serve(view);
  return [
    view,
    vscode.window.registerWebviewViewProvider(VIEW, view),
    command('openChat', () => view.focus()),
    command('newChat', () => view.begin()),
    command('chatHistory', async () => {
      await view.focus();
      view.post({ type: 'history' });
    }),
    command('exportChat', () => view.export()),
    command('recordMacro', () => view.record()),
    command('addToChat', async () => {
      await view.focus();
      view.post({ type: 'prompt', text: vscode.window.activeTextEditor?.selection.isEmpty === false ? '#selection ' : '#buffer ' });
    }),
  ];
}
