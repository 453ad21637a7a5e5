// What the client does, seen from inside the extension host. The report's path and the simulator's address come by
// environment: HALLEY_TEST_REPORT, HALLEY_TEST_SIMULATOR.

const assert = require('node:assert/strict');
const { appendFileSync, readdirSync, readFileSync } = require('node:fs');
const { execFileSync } = require('node:child_process');
const vscode = require('vscode');

const { HALLEY_TEST_REPORT: report, HALLEY_TEST_SIMULATOR: simulator } = process.env;
const PATIENCE_MS = 120_000;
// Ghost text, which is asked for whenever the cursor rests, goes elsewhere.
const CHAT = '/v1/chat/completions';

/** What is answered to the next request that holds `contains`: titles of chats may be asked for at any time. */
const script = (reply) => fetch(`${simulator}/_simulator/script`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ path: CHAT, ...reply }) });
const run = (id, ...args) => vscode.commands.executeCommand(`halley.${id}`, ...args);

/** Waits until `check` gives something; what it gives. */
async function until(what, check) {
  const end = Date.now() + PATIENCE_MS;
  let last;
  while (Date.now() < end) {
    try {
      const found = await check();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never: ${what}${last ? ` (${last.message})` : ''}; the daemon is ${JSON.stringify(halley?.state)}`);
}

async function open(content, language = 'python', name = `file-${Math.random().toString(36).slice(2)}.py`) {
  const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, name);
  await vscode.workspace.fs.writeFile(uri, Buffer.from(content));
  const document = await vscode.workspace.openTextDocument(uri);
  return vscode.window.showTextDocument(document);
}

function select(editor, line, endLine = line) {
  editor.selection = new vscode.Selection(line, 0, endLine, editor.document.lineAt(endLine).text.length);
}

const notebookOf = (...sources) => JSON.stringify({
  cells: sources.map((source) => ({ cell_type: 'code', execution_count: null, metadata: {}, outputs: [], source })),
  metadata: { language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
});

const closeAll = () => vscode.commands.executeCommand('workbench.action.closeAllEditors');

const TWO = 'def first(a):\n    return a\n\n\ndef second(b):\n    return b\n';
const BOTH = 'def first(a):\n    return a + 1\n\n\ndef second(b):\n    return b + 2\n';

let halley;
const STEPS = {
  async 'finds the daemon on the PATH'() {
    const extension = vscode.extensions.getExtension('halley.halley');
    const api = await extension.activate();
    halley = api.daemon;
    await until('the daemon runs', () => halley.state.kind === 'running');
    assert.match(halley.state.version, /^\d+\.\d+/);
    assert.equal(halley.program.how, 'path');
  },

  async 'lists actions in the light bulb without asking a model'() {
    await fetch(`${simulator}/_simulator/requests`, { method: 'DELETE' });
    const editor = await open(TWO);
    const actions = await until('actions', async () => {
      const found = await vscode.commands.executeCommand('vscode.executeCodeActionProvider', editor.document.uri, new vscode.Range(0, 0, 1, 0));
      return found.some(({ command }) => command?.command === 'halley.run') && found;
    });
    assert.ok(actions.some(({ title }) => /explain/i.test(title)));
    const { requests } = await (await fetch(`${simulator}/_simulator/requests`)).json();
    assert.ok(!requests.some(({ path }) => path === CHAT));
  },

  async 'fixes a diagnostic in one undo step'() {
    const editor = await open('def add(a, b):\n    return a + c\n');
    const diagnostics = vscode.languages.createDiagnosticCollection('test');
    const range = new vscode.Range(1, 15, 1, 16);
    diagnostics.set(editor.document.uri, [new vscode.Diagnostic(range, 'undefined name c', vscode.DiagnosticSeverity.Error)]);
    await script({ text: '```python\ndef add(a, b):\n    return a + b\n```', contains: 'undefined name c' });
    const fix = await until('a quick fix', async () => {
      const found = await vscode.commands.executeCommand('vscode.executeCodeActionProvider', editor.document.uri, range, vscode.CodeActionKind.QuickFix.value);
      return found.find(({ command }) => command?.command === 'halley.run');
    });
    await vscode.commands.executeCommand(fix.command.command, ...fix.command.arguments);
    await until('the fix', () => editor.document.getText() === 'def add(a, b):\n    return a + b\n');
    await vscode.commands.executeCommand('undo');
    assert.equal(editor.document.getText(), 'def add(a, b):\n    return a + c\n');
    diagnostics.dispose();
  },

  async 'proposes an instructed edit, accepted in part, and the rest discarded'() {
    const editor = await open(TWO);
    const { document } = editor;
    select(editor, 0, 5);
    await script({ text: `\`\`\`python\n${BOTH}\`\`\``, contains: 'add one and two' });
    await run('editWithInstruction', 'add one and two');
    const [proposal] = await until('a proposal', async () => {
      const { proposals } = await halley.request('halley/proposals/list', {});
      return proposals.length > 0 && proposals;
    });
    assert.equal(proposal.hunks.length, 2);
    assert.equal(document.getText(), TWO, 'nothing is applied yet');
    assert.equal(vscode.window.activeTextEditor.document.uri.toString(), document.uri.toString());
    assert.equal(document.isDirty, false, 'what is shown is not in the text');
    await run('openDiff', proposal.id);
    const tab = await until('its diff', () => vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputTextDiff && vscode.window.tabGroups.activeTabGroup.activeTab);
    const right = await vscode.workspace.openTextDocument(tab.input.modified);
    assert.equal(right.getText(), BOTH);
    await run('acceptProposal', proposal.id, [1]);
    await until('the second change', () => document.getText() === TWO.replace('return b', 'return b + 2'));
    await run('discardProposal', proposal.id);
    await until('no proposal is left', async () => (await halley.request('halley/proposals/list', {})).proposals.length === 0);
    assert.equal(document.getText(), TWO.replace('return b', 'return b + 2'));
  },

  async 'explains in a preview beside, without taking the focus'() {
    const editor = await open(TWO);
    editor.selection = new vscode.Selection(1, 4, 1, 4);
    await script({ text: 'It returns what it is given.', contains: 'Explain this part of' });
    await run('explain');
    const { requests } = await (await fetch(`${simulator}/_simulator/requests`)).json();
    const about = JSON.stringify(requests.filter(({ path }) => path === CHAT).at(-1)).split('Explain ').at(-1);
    assert.match(about, /^this part of .*def first/, 'the definition at the cursor');
    assert.doesNotMatch(about, /def second/);
    await until('a preview', () => vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ label }) => /explanation/i.test(label))));
    assert.equal(vscode.window.activeTextEditor?.document.uri.toString(), editor.document.uri.toString());
  },

  async 'opens the tests it has written'() {
    const editor = await open(TWO);
    editor.selection = new vscode.Selection(1, 4, 1, 4);
    await script({ text: '```python\ndef test_first():\n    assert first(1) == 1\n```', contains: 'tests' });
    await run('tests');
    await until('the tests', () => vscode.window.activeTextEditor?.document.getText().includes('def test_first'));
    assert.match(vscode.window.activeTextEditor.document.uri.path, /\/tests\/test_file-/);
    await closeAll();
  },

  async 'formats with a model when it is chosen as the formatter'() {
    const configuration = vscode.workspace.getConfiguration('halley');
    await configuration.update('format.enabled', true, vscode.ConfigurationTarget.Global);
    const editor = await open('x=1\ny  =  2\n');
    await script({ text: '```python\nx = 1\ny = 2\n```', repeat: 3, contains: 'y  =  2' });
    const edits = await until('edits', async () => {
      const found = await vscode.commands.executeCommand('vscode.executeFormatDocumentProvider', editor.document.uri, { tabSize: 4, insertSpaces: true });
      return found?.length > 0 && found;
    });
    const change = new vscode.WorkspaceEdit();
    change.set(editor.document.uri, edits);
    await vscode.workspace.applyEdit(change);
    assert.equal(editor.document.getText(), 'x = 1\ny = 2\n');
    await configuration.update('format.enabled', undefined, vscode.ConfigurationTarget.Global);
    await fetch(`${simulator}/_simulator/script`, { method: 'DELETE' });
  },

  async 'works in the cells of a notebook, which see each other'() {
    const cells = ['import math', 'def area(radius):\n    return math.pi * radus ** 2', 'area(2)'];
    const uri = vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, 'shapes.ipynb');
    await vscode.workspace.fs.writeFile(uri, Buffer.from(notebookOf(...cells)));
    const notebook = await vscode.workspace.openNotebookDocument(uri);
    await vscode.window.showNotebookDocument(notebook, { selections: [new vscode.NotebookRange(1, 2)] });
    const { document } = notebook.cellAt(1);
    const diagnostics = vscode.languages.createDiagnosticCollection('test');
    const range = new vscode.Range(1, 21, 1, 26);
    diagnostics.set(document.uri, [new vscode.Diagnostic(range, 'undefined name radus', vscode.DiagnosticSeverity.Error)]);
    await script({ text: '```python\ndef area(radius):\n    return math.pi * radius ** 2\n```', contains: 'undefined name radus' });
    const fix = await until('a quick fix in a cell', async () => {
      const found = await vscode.commands.executeCommand('vscode.executeCodeActionProvider', document.uri, range, vscode.CodeActionKind.QuickFix.value);
      return found.find(({ command }) => command?.command === 'halley.run');
    });
    await vscode.commands.executeCommand(fix.command.command, ...fix.command.arguments);
    await until('the fix', () => document.getText() === cells[1].replace('radus', 'radius'));
    diagnostics.dispose();
    const { requests } = await (await fetch(`${simulator}/_simulator/requests`)).json();
    const asked = JSON.stringify(requests.filter(({ path }) => path === CHAT).at(-1));
    assert.match(asked, /cell 1 of the notebook.*import math.*cell 2, the one asked about.*cell 3 of the notebook.*area\(2\)/);

    await vscode.commands.executeCommand('notebook.cell.edit');
    const editor = await until('the cell has the focus', () => vscode.window.activeTextEditor?.document === document && vscode.window.activeTextEditor);
    select(editor, 0, 1);
    await script({ text: '```python\ndef area(radius):\n    return math.pi * radius**2\n```', contains: 'closer' });
    await run('editWithInstruction', 'closer');
    const tab = await until('the diff of a cell', () => {
      const { activeTab } = vscode.window.tabGroups.activeTabGroup;
      return activeTab?.input instanceof vscode.TabInputTextDiff && activeTab;
    });
    assert.match(tab.label, /cell 2 of shapes\.ipynb/);
    const right = await vscode.workspace.openTextDocument(tab.input.modified);
    assert.equal(right.languageId, 'python');
    const [{ id }] = (await halley.request('halley/proposals/list', {})).proposals;
    await run('acceptProposal', id);
    await until('the change', () => document.getText().endsWith('radius**2'));
  },

  async 'tells the daemon only of settings that were made'() {
    const configuration = vscode.workspace.getConfiguration('halley');
    await configuration.update('completion.enabled', false, vscode.ConfigurationTarget.Global);
    await until('completion is off', () => halley.status?.kind === 'inactive');
    await configuration.update('completion.enabled', undefined, vscode.ConfigurationTarget.Global);
    await until('completion is on again', () => halley.status?.kind === 'normal');
  },

  async 'keeps a key for one address and gives it for no other'() {
    const { secrets } = halley.context;
    await secrets.store('halley.key.elsewhere', JSON.stringify({ origin: 'https://api.example.com', key: 'sk-secret' }));
    await halley.request('halley/providers/save', { id: 'elsewhere', baseUrl: `${simulator}/v1`, key: { client: true } });
    const { providers } = await halley.request('halley/providers/list', {});
    assert.notEqual(providers.find(({ id }) => id === 'elsewhere').key.status, 'present');
    await halley.request('halley/providers/remove', { id: 'elsewhere' });
  },

  async 'writes a commit message into the source-control box'() {
    const { fsPath } = vscode.workspace.workspaceFolders[0].uri;
    const git = (...args) => execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args], { cwd: fsPath });
    git('init', '-q');
    await open('print("changed")\n', 'python', 'changed.py');
    git('add', 'changed.py');
    await script({ text: 'Print that it changed', contains: 'changed.py' });
    const api = (await vscode.extensions.getExtension('vscode.git').activate()).getAPI(1);
    const repository = await until('the repository', () => api.repositories[0] ?? api.openRepository(vscode.Uri.file(fsPath)));
    await repository.status();
    await run('commitMessage', { rootUri: vscode.Uri.file(fsPath) });
    assert.equal(repository.inputBox.value.trim(), 'Print that it changed');
  },

  async 'saves a macro and runs it on the selection'() {
    await halley.request('halley/macros/save', { name: 'shout', macro: { prompt: 'Shout: {{selection}}', output: 'replace' } });
    const editor = await open('word = "quiet"\n');
    select(editor, 0);
    await script({ text: '```python\nword = "LOUD"\n```', contains: 'Shout:' });
    await run('runMacro', 'shout');
    await until('the result', () => editor.document.getText() === 'word = "LOUD"\n');
    await halley.request('halley/macros/remove', { name: 'shout' });
  },

  async 'shares a macro and takes it in again'() {
    await halley.request('halley/macros/save', { name: 'kind', macro: { prompt: 'Kindly: {{selection}}' } });
    const { content } = await halley.request('halley/macros/export', { names: ['kind'] });
    await halley.request('halley/macros/remove', { name: 'kind' });
    await run('importMacros', content);
    const { macros } = await halley.request('halley/macros/list', {});
    assert.equal(macros.find(({ name }) => name === 'kind')?.prompt, 'Kindly: {{selection}}');
    await halley.request('halley/macros/remove', { name: 'kind' });
  },

  async 'offers its models to other extensions'() {
    const models = await until('models', async () => {
      const found = await vscode.lm.selectChatModels({ vendor: 'halley' });
      return found.length > 0 && found;
    });
    const model = models.find(({ id }) => id.endsWith('sim-fast')) ?? models[0];
    assert.ok(await model.countTokens('hello world') > 0);
    await script({ text: 'Greetings from afar.', contains: 'hello' });
    const response = await model.sendRequest([vscode.LanguageModelChatMessage.User('hello')], {}, new vscode.CancellationTokenSource().token);
    let text = '';
    for await (const piece of response.text) text += piece;
    assert.match(text, /Greetings from afar/);
  },

  async 'comes back after a crash in mid-stream, with the chat kept'() {
    await script({ text: 'one two three '.repeat(200), contains: 'Count', hold: 40 });
    let chatId;
    const crashed = assert.rejects(halley.stream('halley/chat/send', { prompt: 'Count' }, (events) => (chatId ??= events.find(({ type }) => type === 'start')?.chatId)));
    const stored = () => readdirSync(process.env.HALLEY_HOME, { recursive: true }).filter((name) => /\.db(-wal)?$/.test(name)).map((name) => readFileSync(`${process.env.HALLEY_HOME}/${name}`, 'latin1'));
    await until('some of it is on the disk', () => chatId && stored().some((content) => content.includes('one two three')));
    process.kill(halley.pid, 'SIGKILL');
    await crashed;
    await until('it runs again', () => halley.state.kind === 'running' && halley.request('halley/doctor', {}));
    const chat = await halley.request('halley/chat/get', { chatId });
    const [reply] = chat.turns[0].replies;
    assert.equal(reply.status, 'interrupted');
    assert.match(reply.text, /^one two three/);
  },

  async 'ends after a fifth crash, says so, and can be started again'() {
    await halley.restart();
    for (let crash = 1; crash <= 5; crash++) {
      await until('it runs', () => halley.state.kind === 'running' && halley.pid);
      const { pid } = halley;
      process.kill(pid, 'SIGKILL');
      await until(`crash ${crash} is noticed`, () => halley.state.kind === 'stopped' || (halley.pid !== undefined && halley.pid !== pid));
    }
    await until('it is given up', () => halley.state.kind === 'stopped' && /five times/.test(halley.state.reason));
    await halley.restart();
    await until('it runs again', () => halley.state.kind === 'running');
  },

  async 'answers without a key, by the simulator that it starts itself'() {
    await run('useSimulator');
    const { roles } = await halley.request('halley/models/selection', {});
    assert.equal(roles.chat.scope, 'session');
    const sent = await halley.request('halley/chat/send', { prompt: 'Say hello' });
    assert.equal(sent.replies[0].status, 'complete');
    const { providers } = await halley.request('halley/providers/list', {});
    assert.notEqual(providers.find(({ id }) => id === 'simulator').baseUrl, `${simulator}/v1`);
    await run('endSimulator');
    await until('what is configured answers again', async () => {
      const [after, found] = [await halley.request('halley/models/selection', {}), await halley.request('halley/providers/list', {})];
      return after.roles.chat.scope !== 'session' && found.providers.find(({ id }) => id === 'simulator').baseUrl === `${simulator}/v1`;
    });
  },
};

exports.run = async () => {
  for (const [name, test] of Object.entries(STEPS)) {
    const began = performance.now();
    let error = '';
    try {
      await test();
    } catch (failure) {
      error = String(failure?.stack ?? failure).slice(0, 1500);
    }
    appendFileSync(report, `${JSON.stringify({ name, ok: error === '', error, ms: Math.round(performance.now() - began) })}\n`);
    await closeAll();
  }
};
