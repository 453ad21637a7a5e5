// The few things of VS Code's API that the tested files touch. Anything that needs more is tested in the real one.

export const l10n = { t: (text: string, ...args: unknown[]): string => text.replace(/\{(\d+)\}/g, (_whole, index: string) => String(args[Number(index)])) };
export class CancellationError extends Error {}
export const Uri = { parse: (text: string) => ({ toString: () => text, path: text.replace(/^\w+:\/*/, '/'), scheme: text.split(':')[0] }) };
export const QuickPickItemKind = { Separator: -1, Default: 0 };
export class ThemeIcon {
  constructor(readonly id: string) {}
}
interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
  defaultValue?: unknown;
}
export const settings: Record<string, Inspected> = {};
export const workspace = {
  name: 'shop',
  getConfiguration: () => ({ inspect: (name: string): Inspected | undefined => settings[name] }),
  asRelativePath: (uri: { path: string }) => uri.path.replace(/^\//, ''),
};
export const window = {};
/** What was run, with its arguments. */
export const ran: unknown[][] = [];
export const commands = { executeCommand: (...call: unknown[]) => Promise.resolve(ran.push(call)) };
