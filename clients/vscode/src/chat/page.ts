// A webview's page: an empty document with one script and one style sheet of the extension's own, and nothing else allowed.

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** The HTML for `name` (`dist/<name>.js` and `.css`). */
export function buildPage(webview: vscode.Webview, extension: vscode.Uri, name: string, title: string): string {
  const nonce = randomBytes(16).toString('base64url');
  const file = (suffix: string): string => webview.asWebviewUri(vscode.Uri.joinPath(extension, 'dist', `${name}.${suffix}`)).toString();
  const policy = ["default-src 'none'", `script-src 'nonce-${nonce}'`, `style-src ${webview.cspSource}`, 'img-src data:', "form-action 'none'", "base-uri 'none'"].join('; ');
  return `<!DOCTYPE html>
<html lang="${escape(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escape(file('css'))}">
<title>${escape(title)}</title>
</head>
<body><script nonce="${nonce}" src="${escape(file('js'))}"></script></body>
</html>`;
}

export function webviewOptions(extension: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, enableForms: false, enableCommandUris: false, localResourceRoots: [vscode.Uri.joinPath(extension, 'dist')] };
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
