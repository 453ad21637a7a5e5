// Keys, in VS Code's SecretStorage, each bound to the origin it was entered for. The daemon asks for one by provider and
// origin; a key that was entered for another origin is not given.

import type * as vscode from 'vscode';

/** The part of SecretStorage that is used. */
export type Storage = Pick<vscode.SecretStorage, 'get' | 'store' | 'delete'>;

interface Kept {
  origin: string;
  key: string;
}

/** The key for exactly this provider and origin, else null. */
export async function getKey(storage: Storage, provider: string, origin: string): Promise<string | null> {
  const kept = read(await storage.get(name(provider)));
  return kept && sameOrigin(kept.origin, origin) ? kept.key : null;
}

/** Keeps the key; one that was kept for another origin is replaced. Throws for an address without an origin. */
export async function keepKey(storage: Storage, provider: string, baseUrl: string, key: string): Promise<void> {
  const kept: Kept = { origin: originOf(baseUrl), key };
  await storage.store(name(provider), JSON.stringify(kept));
}

export async function dropKey(storage: Storage, provider: string): Promise<void> {
  await storage.delete(name(provider));
}

/** Scheme, host and port of an address. Throws when it is none. */
export function originOf(address: string): string {
  const { origin } = new URL(address);
  if (origin === 'null') throw new Error(`${address} is not an http address`);
  return origin;
}

function sameOrigin(one: string, other: string): boolean {
  try {
    return originOf(one) === originOf(other);
  } catch {
    return false;
  }
}

function name(provider: string): string {
  return `halley.key.${provider}`;
}

function read(text: string | undefined): Kept | undefined {
  try {
    const kept = JSON.parse(text ?? '') as Partial<Kept>;
    return typeof kept.origin === 'string' && typeof kept.key === 'string' ? { origin: kept.origin, key: kept.key } : undefined;
  } catch {
    return undefined;
  }
}
