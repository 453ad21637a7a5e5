// Stands in for two features of vscode-languageclient that the daemon has no use for: notebooks, and diagnostics that the
// client asks for (the daemon sends its own unasked).

class Unused {
  fillClientCapabilities() {}
  initialize() {}
  getState() {
    return { kind: 'static' };
  }
  clear() {}
}

exports.DiagnosticFeature = class extends Unused {};
exports.DiagnosticPullMode = {};
exports.vsdiag = {};
exports.NotebookDocumentSyncFeature = class extends Unused {
  static CellScheme = 'vscode-notebook-cell';
};
