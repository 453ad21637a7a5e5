// What the chat view's page and the extension say to each other.

import type { Chat, Checkpoint, CheckpointFile, ChatSummary, Problem, Reply, RestoreResult, ToolApproved, ToolApproveParams } from '../protocol';
import type { Attachment, RichEvent, Turn } from '../wire';

export interface CompletionItem {
  label: string;
  insertText: string;
  detail?: string;
  /** What it replaces of the text, in code points. */
  start: number;
  end: number;
}

export interface ModelChoice {
  id: string;
  label: string;
  group: string;
  vision: boolean;
}

export type Mode = Chat['mode'];

export type FromPage =
  | { type: 'ready'; chatId?: string }
  /** `files`, with `editOf`: whether they get the text they had before that turn; absent where a command is edited. */
  | { type: 'send'; prompt: string; models: string[]; attachments: Attachment[]; blind: boolean; editOf?: string; files?: boolean }
  | { type: 'stop' }
  | { type: 'withdraw'; id: number }
  | { type: 'retry' | 'continue'; replyId: string; turnId: string; model?: string }
  | { type: 'choose'; turnId: string; replyId: string }
  | { type: 'fork'; turnId: string }
  | { type: 'open' | 'delete'; chatId: string }
  | { type: 'rename'; chatId: string; title: string }
  | { type: 'list'; query: string }
  | { type: 'new' | 'pickModel' | 'export' | 'attach' }
  | { type: 'complete'; id: number; text: string; position: { line: number; character: number } }
  | { type: 'copy' | 'run'; text: string }
  | { type: 'insert' | 'apply'; text: string; language: string; file?: string; replyId?: string }
  | { type: 'copyReplies' | 'exportReplies'; replies: string[] }
  | { type: 'record'; turns: string[] }
  | { type: 'link'; href: string }
  | { type: 'help'; problem: Problem; title?: string }
  | { type: 'ways'; id: number; problem: Problem }
  | { type: 'setup'; title: string }
  | { type: 'approve'; callId: string; decision: ToolApproved['decision']; hunks?: number[] }
  | { type: 'mode'; mode: Mode }
  | { type: 'checkpointDiff'; id: string }
  /** `of` is the checkpoint that shows it, `id` the one to go back to. */
  | { type: 'restore'; of: string; id: string; files?: string[]; force?: boolean }
  | { type: 'review'; id: string; files?: string[] }
  | { type: 'tools' }
  | { type: 'media'; task: string }
  | { type: 'dropped'; uris: string[] };

export type ToPage =
  | { type: 'start'; strings: Record<string, string> }
  | { type: 'chat'; chat: Chat | null }
  /** One that waited as `queued`; in place of the turn `from` and all after it. */
  | { type: 'turn'; turn: Turn; queued: number; from?: string }
  | { type: 'again'; turnId: string }
  | { type: 'queued'; id: number; prompt: string }
  | { type: 'unqueued'; id: number; turn: Turn }
  | { type: 'edit'; turnId: string; prompt: string }
  | { type: 'events'; events: RichEvent[] }
  | { type: 'settled'; turnId: string; replies: Reply[]; said?: string }
  | { type: 'failed'; problem: Problem; prompt?: string; ways: string[] }
  | { type: 'ways'; id: number; titles: string[] }
  | { type: 'chats'; chats: ChatSummary[] }
  | { type: 'history' | 'states' }
  | { type: 'completions'; id: number; items: CompletionItem[] }
  | { type: 'models'; models: ModelChoice[]; selected: string; ways: string[] }
  | { type: 'attachment'; attachment: Attachment }
  | { type: 'prompt'; text: string }
  | { type: 'waiting'; text: string }
  | { type: 'asking'; asked: ToolApproveParams }
  | { type: 'answered'; callId: string }
  | { type: 'mode'; mode: Mode }
  | { type: 'checkpoints'; checkpoints: Checkpoint[] }
  | { type: 'checkpointDiff'; id: string; files: CheckpointFile[] }
  | { type: 'restored'; of: string; result: RestoreResult }
  | { type: 'colours'; colours: Record<string, string> }
  | { type: 'running'; running: boolean; reason?: string };
