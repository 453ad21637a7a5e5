// Stands in for features of vscode-languageclient that the daemon has no use for: diagnostics that the client asks for (the
// daemon sends its own unasked), and what only a server of one language knows, hovers and symbols among
// them; files created, moved or deleted, which the daemon sees by watching; and its lenses, since proposals are drawn here.

class Unused {
  fillClientCapabilities() {}
  initialize() {}
  getState() {
    return { kind: 'static' };
  }
  clear() {}
}

exports.CodeLensFeature = class extends Unused {};
exports.DiagnosticFeature = class extends Unused {};
exports.DiagnosticPullMode = {};
exports.vsdiag = {};
exports.SemanticTokensFeature = class extends Unused {};
exports.CallHierarchyFeature = class extends Unused {};
exports.TypeHierarchyFeature = class extends Unused {};
exports.InlayHintsFeature = class extends Unused {};
exports.InlineValueFeature = class extends Unused {};
exports.ColorProviderFeature = class extends Unused {};
exports.LinkedEditingFeature = class extends Unused {};
exports.FoldingRangeFeature = class extends Unused {};
exports.SelectionRangeFeature = class extends Unused {};
exports.RenameFeature = class extends Unused {};
exports.SignatureHelpFeature = class extends Unused {};
exports.DocumentHighlightFeature = class extends Unused {};
exports.TypeDefinitionFeature = class extends Unused {};
exports.ImplementationFeature = class extends Unused {};
exports.DeclarationFeature = class extends Unused {};
exports.HoverFeature = class extends Unused {};
exports.DefinitionFeature = class extends Unused {};
exports.ReferencesFeature = class extends Unused {};
exports.DocumentSymbolFeature = class extends Unused {};
exports.DocumentLinkFeature = class extends Unused {};
exports.WorkspaceSymbolFeature = class extends Unused {};
exports.DidCreateFilesFeature = class extends Unused {};
exports.DidRenameFilesFeature = class extends Unused {};
exports.DidDeleteFilesFeature = class extends Unused {};
exports.WillCreateFilesFeature = class extends Unused {};
exports.WillRenameFilesFeature = class extends Unused {};
exports.WillDeleteFilesFeature = class extends Unused {};
exports.SupportedSymbolKinds = [];
exports.SupportedSymbolTags = [];
