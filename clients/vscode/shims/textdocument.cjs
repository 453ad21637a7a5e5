// Stands in for vscode-languageserver-textdocument: vscode-languageclient makes one of a document whose opening it sends later,
// and sends all of its text.

exports.TextDocument = { create: (_uri, _language, _version, text) => ({ getText: () => text }) };
