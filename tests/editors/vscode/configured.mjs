// A user for whom all is set up: a model that calls tools. `plan`: port, simulator, workspace, subjects, log (what the
// tool server has really run), shots.

import { existsSync, readFileSync } from 'node:fs';
import { axe, launch, plan, release, script, step, unscript, Workbench } from './workbench.mjs';

const browser = await launch();
const bench = await Workbench.open(browser, plan.port, plan.workspace);
const { page } = bench;
const { keyboard } = page;
const calls = () => (existsSync(plan.log) ? readFileSync(plan.log, 'utf8').trim().split('\n').map((line) => JSON.parse(line)) : []);
let chat;
await bench.status('sim-code');

/** Steps about what the daemon knows; its name begins with the subject. */
const about = async (name, run) => plan.subjects.includes(name.split(':')[0]) && (await step(name, page, run));

async function until(is, otherwise) {
  for (const end = Date.now() + 60_000; !is(); ) {
    if (Date.now() > end) throw new Error(otherwise);
    await page.waitForFunction(() => new Promise((resolve) => requestAnimationFrame(() => resolve(true))));
  }
}

/** Asks in the chat; the replies are for requests that hold the question, which for a tool's result is sent again. */
async function ask(text, ...replies) {
  for (const reply of replies) await script({ contains: text, ...reply });
  await chat.waitForSelector('.composer .send[aria-label="Send"]');
  await chat.locator('.composer textarea').fill(text);
  await chat.press('.composer textarea', 'Enter');
}

await about('tools: shows the tools of a server once it has started', async () => {
  await bench.command('Halley: Open Chat');
  chat = await bench.webview('.composer textarea');
  await bench.widenSideBar(660);
  await ask('Hello', { text: 'Good morning.' });
  await chat.waitForSelector('.turn:last-child .markdown:has-text("Good morning.")');
  await chat.click('.composer button[aria-label="Tools…"]');
  await bench.asked('Tools that models may call');
  await page.waitForSelector('.quick-input-list .monaco-list-row:has-text("write_note")');
  await bench.shot('tools');
  await keyboard.press('Escape');
});

await about('tools: asks in the chat before a tool is called, and calls it after the yes', async () => {
  await ask('Write that I need milk', { tool_calls: [{ name: 'demo__write_note', arguments: { name: 'todo', text: 'Buy <b>milk</b>' } }] }, { text: 'The note is written.' });
  await chat.waitForSelector('.tool[data-state="asking"] .tool-text:has-text("Buy <b>milk</b>")');
  await bench.shot('tool-asks');
  if (calls().length > 0) throw new Error('it was called before the yes');
  if (await chat.evaluate(() => document.activeElement?.closest('.tool-question'))) throw new Error('the question took the focus');
  await chat.click('.tool-question button:has-text("Allow Once")');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("The note is written.")');
  await chat.waitForSelector('.tool[data-state="done"]');
  if (calls().length !== 1 || calls()[0].text !== 'Buy <b>milk</b>') throw new Error(`called: ${JSON.stringify(calls())}`);
});

await about('tools: does not call a tool that was denied', async () => {
  await ask('Write another', { tool_calls: [{ name: 'demo__write_note', arguments: { name: 'other', text: 'Never' } }] }, { text: 'As you wish.' });
  await chat.click('.turn:last-child .tool-question button:has-text("Deny")');
  await chat.waitForSelector('.turn:last-child .tool[data-state="denied"]');
  if (calls().length !== 1) throw new Error(`called: ${JSON.stringify(calls())}`);
});

await about('tools: asks by a notification while the chat is not on screen, and remembers "always"', async () => {
  await ask('And a third', { hold: 0, tool_calls: [{ name: 'demo__write_note', arguments: { name: 'third', text: 'Seen' } }] }, { text: 'Also written.' });
  await bench.command('View: Show Explorer');
  await page.waitForSelector('.explorer-viewlet, .explorer-folders-view');
  await release();
  await bench.notification('May the model use');
  if (await page.$('.monaco-dialog-box')) throw new Error('a dialog took the focus');
  await bench.press('Look…');
  await page.waitForSelector('.monaco-dialog-box:has-text("Seen")');
  await bench.shot('tool-dialog');
  await page.click('.monaco-dialog-box .monaco-button:has-text("Always")');
  await bench.command('Halley: Open Chat');
  chat = await bench.webview('.composer textarea');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("Also written.")');
  await ask('One more', { tool_calls: [{ name: 'demo__write_note', arguments: { name: 'fourth', text: 'Unasked' } }] }, { text: 'Without a question.' });
  await chat.waitForSelector('.turn:last-child .markdown:has-text("Without a question.")');
  if (calls().length !== 3) throw new Error(`called: ${JSON.stringify(calls())}`);
});

await about('tools: switches tools off, by server and all of them', async () => {
  await chat.click('.composer button[aria-label="Tools…"]');
  await bench.asked('Tools that models may call');
  await page.click('.quick-input-widget .action-label[aria-label="No tools"], .quick-input-titlebar [aria-label="No tools"]');
  await bench.asked('Where should it apply?');
  await bench.choose('This chat');
  await bench.status('No tools are in use.');
});

await about('chat: shows what a question brings in before it is answered, and opens it', async () => {
  await bench.openFile('orders.py');
  await bench.goTo(2, 1);
  await keyboard.press('Shift+End');
  await bench.status('(47 selected)');
  await bench.command('Halley: New Chat');
  await chat.waitForSelector('.welcome');
  await ask('#file:orders.py What is this?', { hold: 0, text: 'A sum of prices.', contains: 'What is this?' });
  await chat.waitForSelector('.turn.waiting .references summary:has-text("Used 2 references")');
  await chat.waitForSelector('.turn.waiting button.chip:has-text("orders.py:1–2")');
  await bench.shot('chat-references');
  await release();
  await chat.waitForSelector('.turn:last-child .markdown:has-text("A sum of prices.")');
  await bench.command('View: Close All Editors');
  await chat.click('.turn button.chip:has-text("orders.py:2 ")');
  await bench.status('Ln 3, Col 1 (');
});

await about('chat: runs the commands of a reply in a terminal', async () => {
  await ask('How?', { text: 'Run this:\n\n```console\n$ echo se\"en in a ter\"minal > seen.txt\n```\n' });
  await chat.waitForSelector('.turn:last-child .reply-foot .icon-button');
  if (await chat.$('.turn:last-child .code-tool[title="Apply"]')) throw new Error('commands are applied to a file');
  await bench.shot('chat-terminal');
  await chat.click('.turn:last-child .code-tool[title="Run in Terminal"]');
  await page.waitForSelector('.terminal-tab, .part.panel .terminal-wrapper.active');
  await until(() => existsSync(`${plan.workspace}/seen.txt`), 'the command was not run');
  await bench.command('View: Toggle Panel Visibility');
});

await about('chat: colours code while it is being written, and stays where one reads', async () => {
  const code = Array.from({ length: 60 }, (_, index) => `def f${index}(x):\n    return x + ${index}`).join('\n');
  await ask('Much code, please', { text: `\`\`\`python\n${code}\n\`\`\``, hold: 400 });
  await chat.waitForSelector('.turn:last-child .tail .hl-keyword');
  await chat.waitForFunction(() => document.querySelector('.turn:last-child .tail code')?.textContent.includes('f20'));
  const atEnd = () => chat.waitForFunction(() => {
    const log = document.querySelector('.log');
    return log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  });
  await atEnd();
  const box = await page.locator('.part.sidebar').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
  await page.mouse.wheel(0, -400);
  await chat.waitForSelector('.to-end:not([hidden])');
  const top = await chat.evaluate(() => document.querySelector('.log').scrollTop);
  await release();
  await chat.waitForSelector('.turn:last-child .reply-foot .icon-button');
  if ((await chat.evaluate(() => document.querySelector('.log').scrollTop)) !== top) throw new Error('what is read jumps');
  await bench.shot('chat-read-while-writing');
  await chat.click('.to-end');
  await atEnd();
});

await about('chat: exports several replies that were ticked, and makes a macro of their questions', async () => {
  const boxes = chat.locator('.reply-foot input[type="checkbox"]');
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await chat.waitForSelector('.selecting:has-text("2 selected")');
  await bench.shot('chat-selecting');
  await chat.click('.selecting button:has-text("Export…")');
  await bench.asked('Export as');
  await keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.quick-input-widget:not([style*="display: none"]) input')?.value.endsWith('chat.md'));
  await keyboard.press('Enter');
  await page.waitForSelector('.tab.active:has-text("chat.md")');
  const exported = readFileSync(`${plan.workspace}/chat.md`, 'utf8');
  if (!exported.includes('What is this?') || !exported.includes('How?') || exported.includes('Much code')) throw new Error(exported);
  await chat.click('.selecting button:has-text("Make a Macro…")');
  await bench.asked('A name for the macro');
  await bench.type('again');
  await keyboard.press('Enter');
  await bench.notification('asks these 2 questions again');
  await bench.clearNotifications();
  await chat.click('.selecting button[aria-label="Close"]');
  await chat.waitForSelector('.selecting', { state: 'hidden' });
});

await about('chat: writes on after {{selection}} in a new macro', async () => {
  await bench.command('Halley: New Macro');
  await bench.asked('A name for the macro');
  await bench.type('short');
  await keyboard.press('Enter');
  await bench.asked('The prompt');
  await page.waitForFunction(() => document.activeElement?.value === '{{selection}}');
  await keyboard.type(' in short');
  await page.waitForFunction(() => document.activeElement?.value === '{{selection}} in short');
  await keyboard.press('Enter');
  await bench.notification('The macro “short” is saved,');
  await bench.clearNotifications();
});

await about('chat: says what failed where the reply would stand, where nothing of it arrived', async () => {
  await ask('Anything', { status: 401, text: 'no such key', repeat: -1 });
  await chat.waitForSelector('.turn:last-child .problem:not([hidden]) button:has-text("Enter Key")');
  const said = await chat.textContent('.turn:last-child');
  if (/interrupted|broke off|partial/i.test(said)) throw new Error(`said of nothing: ${said}`);
  await bench.shot('chat-failed');
  await unscript();
  await chat.click('.turn:last-child .reply-foot button[aria-label="Ask again"]');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("Simulated")');
});

await about('search: finds code by words and opens it', async () => {
  await bench.command('View: Toggle Primary Side Bar Visibility');
  await bench.command('Halley: Search Workspace');
  await bench.asked('Search the workspace');
  await bench.type('total price of orders');
  await page.waitForSelector('.quick-input-list .monaco-list-row:has-text("orders.py")');
  await bench.shot('search');
  await keyboard.press('Enter');
  await page.waitForSelector('.tab.active:has-text("orders.py")');
});

await about('search: asks before it sends the workspace to be embedded, with what it takes', async () => {
  await bench.notification('Search by meaning');
  await bench.shot('search-estimate');
  await bench.press('Yes');
});

await about('search: says how far the index is, pauses and resumes it', async () => {
  for (const action of ['Pause', 'Resume']) {
    await bench.command('Halley: Search Index');
    await bench.asked('Search index');
    if (action === 'Pause') await bench.shot('search-index');
    await bench.choose(action);
    await page.waitForFunction(() => document.querySelector('.quick-input-widget')?.style.display === 'none');
  }
});

await about('media: makes a picture, shows it and saves it', async () => {
  await bench.command('Halley: Make a Picture');
  await bench.asked('What should the picture show?');
  await bench.type('A comet over a village');
  await keyboard.press('Enter');
  await page.waitForSelector('.tab:has-text(".png")');
  await bench.notification('Save…');
  await bench.webview('body.image img:not([hidden]), .image-preview, img.scale-to-fit');
  await bench.shot('picture');
  await bench.press('Save…');
  await page.waitForFunction(() => document.querySelector('.quick-input-widget:not([style*="display: none"]) input')?.value.endsWith('.png'));
  await keyboard.press('Enter');
  await bench.asked('does not exist');
  await keyboard.press('Enter');
  await bench.notification('Saved as');
  await bench.clearNotifications();
});

await about('media: transcribes speech, and translates it into English', async () => {
  for (const [title, said] of [['Transcribe a Recording', 'Good morning to all'], ['Translate a Recording into English', '(simulated translation) Good morning to all']]) {
    await bench.command(`Halley: ${title}`);
    await page.waitForSelector('.quick-input-list .monaco-list-row:has-text("..")'); // before that the dialog writes into its box itself
    await bench.choose(`${plan.workspace}/talk.wav`, 'talk.wav');
    // Prose is wrapped: its lines together.
    await page.waitForFunction((text) => [...document.querySelectorAll('.editor-group-container.active .view-line')].map((line) => line.textContent).join('').replace(/\s/g, '') === text.replaceAll(' ', ''), said);
  }
  await bench.shot('transcription');
});

await about('media: lists what was made', async () => {
  await bench.command('Halley: Show Pictures, Sound and Video');
  await bench.asked('Pictures, sound and video');
  await page.waitForSelector('.quick-input-list .monaco-list-row:has-text("A comet over a village")');
  await bench.shot('media');
  await keyboard.press('Escape');
});

await about('reports: shows what the team spent, by model, person, workspace and feature', async () => {
  const [ann, bob] = plan.people;
  await bench.command('Halley: Show Usage');
  const usage = await bench.webview('select[data-choice="whose"]');
  await page.click('.pane-header[aria-label^="Chat"]');
  await usage.waitForFunction(() => innerHeight > 400);
  await usage.waitForSelector('tbody th:has-text("simulator/sim-")');
  if ((await usage.locator('select[data-choice="by"] option').allTextContents()).includes('Person')) throw new Error('one’s own usage has persons');
  await usage.selectOption('select[data-choice="whose"]', 'team');
  await usage.waitForSelector('tr:has(th:has-text("comet/gpt-5-mini")) td:has-text("$3.75")');
  await usage.selectOption('select[data-choice="by"]', 'member');
  await usage.waitForSelector(`tr:has(th:has-text("${ann}")) td:has-text("$3.25")`);
  await usage.waitForSelector(`tr:has(th:has-text("${bob}")) td:has-text("$1.25")`);
  if ((await usage.locator('figure rect').count()) < 3) throw new Error('the chart has no bar for each day and person');
  await bench.shot('usage-team');
  const found = [];
  const themes = { 'Light Modern': 'vscode-light', 'Dark High Contrast': 'vscode-high-contrast', 'Dark Modern': 'vscode-dark' };
  for (const [theme, wanted] of Object.entries(themes)) {
    await bench.theme(theme);
    await usage.waitForFunction((name) => document.body.classList.contains(name), wanted);
    await bench.shot(`usage-team-${wanted}`);
    found.push(...(await axe(usage)).map((fault) => `${wanted}: ${fault}`));
  }
  if (found.length > 0) throw new Error(found.join('\n'));
  await usage.selectOption('select[data-choice="by"]', 'workspace');
  await usage.waitForSelector('tr:has(th:has-text("github.com/acme/shop")) td:has-text("$2.50")');
  await usage.waitForSelector('tr:has(th:text-is("–")) td:has-text("$0.75")');
  await usage.selectOption('select[data-choice="by"]', 'feature');
  await usage.waitForSelector('tr:has(th:has-text("edit")) td:has-text("$1.25")');
  await usage.selectOption('select[data-choice="by"]', 'member');
  await usage.waitForSelector(`tr:has(th:has-text("${ann}"))`);
  await usage.selectOption('select[data-choice="whose"]', 'mine');
  await usage.waitForSelector('tbody th:has-text("simulator/sim-")');
});

await browser.close();
