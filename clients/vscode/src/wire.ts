// The protocol's types at the extension's borders: ranges to and from VS Code's, and what the chat view's page and the
// extension hand each other of a chat. The page takes only types from here: it has no `vscode` to import.

import * as vscode from 'vscode';
import type { ChatExcerpt, Event, Range as WireRange, Reply } from './protocol';

export function toWire(range: vscode.Range): WireRange {
  const { start, end } = range;
  return { start: { line: start.line, character: start.character }, end: { line: end.line, character: end.character } };
}

export function fromWire({ start, end }: WireRange): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}

/** A picture that goes with a question. */
export interface Attachment {
  name: string;
  mime: string;
  /** base64 */
  data: string;
}

/** A turn as it is shown: one that the daemon keeps, or one that is just being asked. */
export interface Turn {
  turnId: string;
  prompt: string;
  excerpts?: ChatExcerpt[];
  images?: { name?: string }[];
  replies: Reply[];
  current?: boolean | null;
}

/** An event of a stream with the fields that its type has. */
export interface RichEvent extends Event {
  name?: string;
  mime?: string;
  data?: string;
}
