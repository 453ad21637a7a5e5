// The colours that the editor's theme gives to code, for code in the chat. VS Code shares a theme's own colours with pages, but
// not those of its tokens; so they are read from the file that the theme's extension ships.

import * as vscode from 'vscode';

/** What `tokens.ts` tells apart, and the scopes of TextMate grammars it stands for, the most fitting first. */
const SCOPES: Record<string, string[]> = {
  comment: ['comment.line', 'comment'],
  string: ['string.quoted', 'string'],
  number: ['constant.numeric'],
  keyword: ['keyword.control', 'keyword', 'storage.type'],
  call: ['entity.name.function', 'support.function'],
  type: ['entity.name.type.class', 'entity.name.type', 'support.class'],
};

const UI_THEMES: Record<vscode.ColorThemeKind, string> = { 1: 'vs', 2: 'vs-dark', 3: 'hc-black', 4: 'hc-light' };

export interface TokenRule {
  scope?: string | string[];
  settings?: { foreground?: string };
}

interface ThemeFile {
  include?: string;
  tokenColors?: TokenRule[] | string;
}

/** By kind; empty where the theme's file cannot be read, and then the page has colours of its own. */
export async function themeColours(): Promise<Record<string, string>> {
  try {
    const file = themeFile();
    return file ? coloursOf(await rulesOf(file)) : {};
  } catch {
    return {};
  }
}

/** The colour of each kind by the rules of a theme: a longer scope wins, then a later rule. */
export function coloursOf(rules: TokenRule[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [kind, scopes] of Object.entries(SCOPES)) {
    const colour = scopes.map((scope) => colourOf(scope, rules)).find((one) => one !== undefined);
    if (colour) found[kind] = colour;
  }
  return found;
}

function colourOf(scope: string, rules: TokenRule[]): string | undefined {
  let best: { length: number; colour: string } | undefined;
  for (const { scope: named = [], settings } of rules) {
    const selectors = (typeof named === 'string' ? named.split(',') : named).map((selector) => selector.trim());
    const fitting = selectors.filter((selector) => scope === selector || scope.startsWith(`${selector}.`));
    const length = Math.max(-1, ...fitting.map((selector) => selector.length));
    const colour = settings?.foreground;
    if (length >= 0 && colour && /^#[0-9a-f]{6}$/i.test(colour) && length >= (best?.length ?? 0)) best = { length, colour };
  }
  return best?.colour;
}

/** JSON with comments and commas at its ends, as theme files are written. */
export function readRelaxed(text: string): unknown {
  const bare = text.replace(/"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (piece) => (piece.startsWith('"') ? piece : ''));
  return JSON.parse(bare.replace(/"(?:\\.|[^"\\])*"|,(?=\s*[}\]])/g, (piece) => (piece === ',' ? '' : piece)));
}

async function rulesOf(file: vscode.Uri, depth = 0): Promise<TokenRule[]> {
  const theme = readRelaxed(Buffer.from(await vscode.workspace.fs.readFile(file)).toString('utf8')) as ThemeFile;
  const included = theme.include && depth < 5 ? await rulesOf(vscode.Uri.joinPath(file, '..', theme.include), depth + 1) : [];
  return [...included, ...(Array.isArray(theme.tokenColors) ? theme.tokenColors : [])];
}

function themeFile(): vscode.Uri | undefined {
  const name = themeName();
  for (const { extensionUri, packageJSON } of vscode.extensions.all) {
    const themes = (packageJSON as { contributes?: { themes?: { id?: string; label?: string; uiTheme?: string; path: string }[] } }).contributes?.themes ?? [];
    const theme = themes.find(({ id, label }) => id === name || label === name);
    // While one is only tried out, the setting names another.
    if (theme && theme.uiTheme !== UI_THEMES[vscode.window.activeColorTheme.kind]) return undefined;
    if (theme) return vscode.Uri.joinPath(extensionUri, theme.path);
  }
  return undefined;
}

/** The one in force: the system's brightness may choose among several. */
function themeName(): string | undefined {
  const { kind } = vscode.window.activeColorTheme;
  const [window, workbench] = [vscode.workspace.getConfiguration('window'), vscode.workspace.getConfiguration('workbench')];
  const names: Record<vscode.ColorThemeKind, string> = { 1: 'preferredLightColorTheme', 2: 'preferredDarkColorTheme', 3: 'preferredHighContrastColorTheme', 4: 'preferredHighContrastLightColorTheme' };
  const isHighContrast = kind === vscode.ColorThemeKind.HighContrast || kind === vscode.ColorThemeKind.HighContrastLight;
  const isDetected = window.get(isHighContrast ? 'autoDetectHighContrast' : 'autoDetectColorScheme', false);
  return (isDetected && workbench.get<string>(names[kind])) || workbench.get<string>('colorTheme');
}
