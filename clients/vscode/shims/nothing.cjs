// Stands in for parts of vscode-languageserver-protocol that only unused features of the language client need.

module.exports = {};
