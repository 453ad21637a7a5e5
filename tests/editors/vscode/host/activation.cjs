// How long the extension took to activate, for the benchmark; reported as the time of a step.

const { appendFileSync } = require('node:fs');
const vscode = require('vscode');

exports.run = async () => {
  const { activationMs } = await vscode.extensions.getExtension('halley.halley').activate();
  appendFileSync(process.env.HALLEY_TEST_REPORT, `${JSON.stringify({ name: 'activation', ok: true, ms: activationMs })}\n`);
};
