// Cells of notebooks: documents that the editor shows inside another one.

import * as vscode from 'vscode';

export const CELL = 'vscode-notebook-cell';

interface Place {
  notebook: vscode.NotebookDocument;
  /** From 1. */
  number: number;
}

/** Where a cell is; undefined for any other document. */
export function placeOfCell(uri: vscode.Uri): Place | undefined {
  if (uri.scheme !== CELL) return undefined;
  for (const notebook of vscode.workspace.notebookDocuments) {
    const index = notebook.getCells().findIndex(({ document }) => document.uri.toString() === uri.toString());
    if (index >= 0) return { notebook, number: index + 1 };
  }
  return undefined;
}

/** A document for a user: its path in the workspace, and for a cell which one it is. */
export function nameOf(uri: vscode.Uri): string {
  const place = placeOfCell(uri);
  if (!place) return vscode.workspace.asRelativePath(uri);
  return vscode.l10n.t('cell {0} of {1}', place.number, vscode.workspace.asRelativePath(place.notebook.uri));
}

/** Brings an editor's document to the front: a cell as part of its notebook. */
export async function showAgain(editor: vscode.TextEditor): Promise<void> {
  const place = placeOfCell(editor.document.uri);
  if (place) await vscode.window.showNotebookDocument(place.notebook);
  else await vscode.window.showTextDocument(editor.document, editor.viewColumn);
}
