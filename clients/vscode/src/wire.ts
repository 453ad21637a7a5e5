// What the chat view's page and the extension hand each other of a chat, beside the protocol's own types.

import type { Event, Reply } from './protocol';

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
  excerpts?: { label: string; tokens?: number }[];
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
