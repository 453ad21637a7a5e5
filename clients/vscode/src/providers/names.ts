// The protocol's words for roles, abilities and scopes, in the user's language.

import * as vscode from 'vscode';

export function roleName(role: string): string {
  const names: Record<string, string> = {
    chat: vscode.l10n.t('chat'),
    edit: vscode.l10n.t('edits'),
    complete: vscode.l10n.t('inline completion'),
    fast: vscode.l10n.t('small work'),
    next: vscode.l10n.t('next edits'),
    embed: vscode.l10n.t('search'),
    image: vscode.l10n.t('pictures'),
    speech: vscode.l10n.t('speech'),
    transcribe: vscode.l10n.t('transcription'),
    video: vscode.l10n.t('video'),
  };
  return names[role] ?? role;
}

/** What a model can do. The daemon may know of more than these. */
export function abilityName(ability: string): string {
  const names: Record<string, string> = {
    vision: vscode.l10n.t('vision'),
    tools: vscode.l10n.t('tools'),
    reasoning: vscode.l10n.t('reasoning'),
    audio: vscode.l10n.t('audio'),
  };
  return names[ability] ?? ability;
}

/** How much a model should think before it answers. */
export function effortName(effort: string): string {
  const names: Record<string, string> = {
    minimal: vscode.l10n.t('minimal'),
    low: vscode.l10n.t('low'),
    medium: vscode.l10n.t('medium'),
    high: vscode.l10n.t('high'),
  };
  return names[effort] ?? effort;
}

export function scopeName(scope: string): string {
  const names: Record<string, string> = {
    session: vscode.l10n.t('this window until it closes'),
    workspace: vscode.l10n.t('this workspace'),
    user: vscode.l10n.t('every workspace'),
    default: vscode.l10n.t('by default'),
    client: vscode.l10n.t('the settings of VS Code'),
    'config.toml': vscode.l10n.t('your config.toml'),
    '.halley.toml': vscode.l10n.t('the workspace\'s .halley.toml'),
  };
  return names[scope] ?? scope;
}
