// The models for others: every chat model that is configured, for extensions that ask `vscode.lm` and for VS Code's own
// chat, and a chat participant `@halley`. Both only where this VS Code has the API.

import * as vscode from 'vscode';
import { compact, price } from '../figures';
import type { Halley } from '../halley';
import { isCancelled, problemOf, problemText } from '../problems';
import type { Model } from '../protocol';

const VENDOR = 'halley';

export function registerLanguageModels(halley: Halley): vscode.Disposable[] {
  const found: vscode.Disposable[] = [];
  // Forks and older versions lack these.
  if (typeof vscode.lm?.registerLanguageModelChatProvider === 'function') {
    const provider = new ModelProvider(halley);
    found.push(provider, vscode.lm.registerLanguageModelChatProvider(VENDOR, provider));
  }
  if (typeof vscode.chat?.createChatParticipant === 'function') found.push(participant(halley));
  return found;
}

class ModelProvider implements vscode.LanguageModelChatProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeLanguageModelChatInformation = this.changed.event;
  private readonly listening: vscode.Disposable[];

  constructor(private readonly halley: Halley) {
    this.listening = [
      halley.onState(() => this.changed.fire()),
      halley.onChanged((what) => (what === 'models' || what === 'providers' || what === 'selection') && this.changed.fire()),
    ];
  }

  async provideLanguageModelChatInformation(): Promise<vscode.LanguageModelChatInformation[]> {
    if (this.halley.state.kind !== 'running') return [];
    const { models } = await this.halley.request('halley/models/list', { role: 'chat' });
    return models.map(toInformation);
  }

  async provideLanguageModelChatResponse(
    model: vscode.LanguageModelChatInformation,
    messages: readonly vscode.LanguageModelChatRequestMessage[],
    _options: vscode.ProvideLanguageModelChatResponseOptions,
    progress: vscode.Progress<vscode.LanguageModelResponsePart>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    try {
      await this.halley.stream(
        'halley/models/respond',
        { model: model.id, messages: messages.map(toMessage) },
        (events) => {
          for (const event of events) if (event.type === 'text' && event.delta) progress.report(new vscode.LanguageModelTextPart(event.delta));
        },
        token,
      );
    } catch (error) {
      if (isCancelled(error)) throw new vscode.CancellationError();
      throw toLanguageModelError(error);
    }
  }

  async provideTokenCount(model: vscode.LanguageModelChatInformation, text: string | vscode.LanguageModelChatRequestMessage): Promise<number> {
    const counted = typeof text === 'string' ? text : toMessage(text).content;
    return (await this.halley.request('halley/models/count', { model: model.id, text: counted })).tokens;
  }

  dispose(): void {
    vscode.Disposable.from(this.changed, ...this.listening).dispose();
  }
}

export function toInformation(model: Model): vscode.LanguageModelChatInformation {
  const output = model.maxOutput ?? 4096;
  return {
    id: model.id,
    name: model.label,
    family: model.name,
    version: model.name,
    maxInputTokens: Math.max(1, (model.context ?? 32_000) - output),
    maxOutputTokens: output,
    detail: model.group,
    tooltip: [model.id, model.context ? compact(model.context) : '', price(model.price)].filter(Boolean).join(' · '),
    // Tools of other extensions are not passed on, so none are promised.
    capabilities: { imageInput: false, toolCalling: false },
  };
}

interface Message {
  role: 'user' | 'assistant' | 'system';
  content: string;
}

export function toMessage(message: vscode.LanguageModelChatRequestMessage): Message {
  const content = message.content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('');
  const roles: Partial<Record<number, Message['role']>> = { [vscode.LanguageModelChatMessageRole.User]: 'user', [vscode.LanguageModelChatMessageRole.Assistant]: 'assistant' };
  return { role: roles[message.role] ?? 'system', content };
}

function toLanguageModelError(error: unknown): Error {
  const problem = problemOf(error);
  const text = problemText(problem);
  if (problem.code === 'model_not_found') return vscode.LanguageModelError.NotFound(text);
  if (problem.code === 'auth_failed' || problem.code === 'blocked_by_policy' || problem.code === 'budget_exceeded') return vscode.LanguageModelError.NoPermissions(text);
  return new Error(text);
}

function participant(halley: Halley): vscode.Disposable {
  const made = vscode.chat.createChatParticipant('halley.participant', async (request, context, stream, token) => {
    const before = context.history.findLast((turn): turn is vscode.ChatResponseTurn => turn instanceof vscode.ChatResponseTurn);
    const chatId = (before?.result.metadata as { chatId?: string } | undefined)?.chatId;
    const editor = vscode.window.activeTextEditor;
    const { start, end } = editor?.selection ?? {};
    const place = editor && start && end ? { textDocument: { uri: editor.document.uri.toString(), version: editor.document.version }, range: { start: { line: start.line, character: start.character }, end: { line: end.line, character: end.character } } } : {};
    try {
      const sent = await halley.stream(
        'halley/chat/send',
        { chatId, prompt: request.command ? `/${request.command} ${request.prompt}` : request.prompt, ...place },
        (events) => {
          for (const event of events) {
            if (event.type === 'text' && event.delta) stream.markdown(event.delta);
            if (event.type === 'notice' && event.text) stream.progress(event.text);
          }
        },
        token,
      );
      return { metadata: { chatId: sent.chatId } };
    } catch (error) {
      if (isCancelled(error)) return {};
      return { errorDetails: { message: problemText(problemOf(error)) } };
    }
  });
  made.iconPath = vscode.Uri.joinPath(halley.context.extensionUri, 'media', 'halley.svg');
  return made;
}
