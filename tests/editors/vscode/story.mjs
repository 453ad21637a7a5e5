// What a user does in their first hour, through the page: no key yet, a provider, a model for this workspace and not for
// the next, an explanation, ghost text, a chat with two models. `plan`: port, simulator, workspace, other, shots.

import { existsSync, readFileSync } from 'node:fs';
import { axe, launch, plan, release, script, step, unscript, Workbench } from './workbench.mjs';

const browser = await launch();
const bench = await Workbench.open(browser, plan.port, plan.workspace);
const { page } = bench;
const keyboard = page.keyboard;

await step('says that a provider is wanted, on the first start without one', page, async () => {
  await bench.notification('ready for a provider');
  await bench.shot('first-start');
  await bench.clearNotifications();
});

await step('offers ways to begin in the chat, where the simulator answers until a provider is added', page, async () => {
  await bench.command('Halley: Open Chat');
  const first = await bench.webview('.welcome button:has-text("Add Provider")');
  await first.waitForSelector('.welcome button:has-text("Enter Key")');
  await bench.shot('chat-without-model');
  await first.fill('.composer textarea', 'Hello');
  await first.press('.composer textarea', 'Enter');
  await first.waitForSelector('.banner button:has-text("Add Provider")');
  const said = await first.textContent('.banner');
  if (/`|halley key/.test(said)) throw new Error(`advice for a terminal: ${said}`);
  await bench.shot('chat-no-model-banner');
  await first.click('.banner button[aria-label="Close"]');
  await first.waitForSelector('.banner', { state: 'hidden' });
  await first.press('.composer textarea', 'Enter');
  await first.click('.banner button:has-text("Try with the Simulator")');
  await first.waitForSelector('.banner', { state: 'hidden' });
  await first.waitForSelector('.welcome kbd');
  await bench.status('sim-');
  await first.press('.composer textarea', 'Enter');
  await first.waitForSelector('.turn .reply .usage:not(:empty)');
  if (existsSync(plan.configuration) && /simulator/.test(readFileSync(plan.configuration, 'utf8'))) throw new Error('the simulator is in config.toml');
  await bench.command('Halley: New Chat');
  await bench.command('View: Toggle Primary Side Bar Visibility');
  await bench.clearNotifications();
});

await step('shows the way in a walkthrough', page, async () => {
  await bench.command('Halley: Open Walkthrough');
  await page.waitForSelector('.getting-started-step:has-text("Add a provider")');
  await page.click('.getting-started-step:has-text("Add a provider")');
  await page.waitForSelector('text=Try with the Simulator');
  await bench.shot('walkthrough');
  await bench.command('View: Close All Editors');
});

await step('adds a provider, refuses a wrong key and says why', page, async () => {
  await bench.command('Halley: Add Provider');
  await bench.asked('Add a provider');
  await bench.shot('add-provider');
  await bench.choose('Another address');
  await bench.asked('Address of the API');
  await bench.type(`${plan.simulator}/v1`);
  await keyboard.press('Enter');
  await bench.asked('short name');
  await bench.type('simulator');
  await keyboard.press('Enter');
  await bench.asked('Key for simulator');
  await bench.type('sk-wrong');
  if ((await page.locator('.quick-input-widget input').first().getAttribute('type')) !== 'password') throw new Error('the key shows');
  await keyboard.press('Enter');
  await bench.notification('Enter Key');
  await bench.shot('wrong-key');
});

await step('takes the right key and verifies it', page, async () => {
  await bench.press('Enter Key');
  await bench.asked('Key for Simulator');
  await bench.type('sk-sim-right');
  await keyboard.press('Enter');
  await bench.notification('simulator works');
  await bench.shot('verified');
  await bench.clearNotifications();
});

await step('picks a model for this workspace', page, async () => {
  await bench.command('Halley: Pick Model');
  await bench.asked('Model for: chat');
  await page.waitForSelector('.quick-input-list .monaco-list-row:has-text("simulator/sim-fast")');
  await bench.shot('pick-model');
  await bench.choose('simulator/sim-fast');
  await bench.asked('Use simulator/sim-fast for chat');
  await bench.shot('pick-scope');
  await bench.choose('This workspace');
  await bench.status('sim-fast');
});

await step('leaves another window its own model', page, async () => {
  const other = await Workbench.open(browser, plan.port, plan.other);
  const item = other.page.locator('.statusbar-item:has-text("sim-")');
  await item.waitFor();
  const text = await item.textContent();
  if (text.includes('sim-fast')) throw new Error(`the other window has it too: ${text}`);
  await other.page.close();
  await bench.status('sim-fast');
});

await step('explains the function at the cursor beside the code', page, async () => {
  await bench.openFile('lists.py');
  await bench.goTo(2, 5);
  await script({ text: '# What it does\n\nIt gives the items **in lists** of at most `size`.\n\n![](https://example.com/track.png)\n', contains: 'Explain this part of' });
  await bench.command('Halley: Explain');
  const frame = await bench.webview('.markdown-body:has-text("It gives the items")');
  if (await frame.$('img')) throw new Error('a remote picture would be loaded');
  await bench.shot('explain');
  await page.waitForFunction(() => document.activeElement?.closest('.monaco-editor'));
  await bench.command('View: Close All Editors');
});

await step('offers its actions in the context menu', page, async () => {
  await bench.openFile('lists.py');
  await bench.goTo(2, 5);
  await keyboard.press('Shift+F10');
  await page.waitForSelector('.monaco-menu .action-item:has-text("Halley")');
  await page.hover('.monaco-menu .action-item:has-text("Halley") >> nth=0');
  await page.waitForSelector('.monaco-menu .action-item:has-text("Edit with Instruction")');
  await bench.shot('context-menu');
  await keyboard.press('Escape');
  await keyboard.press('Escape');
});

const REWRITTEN = '```python\ndef chunks(items, size):\n    """Lists of at most `size`."""\n    for start in range(0, len(items), size):\n        yield items[start : start + size]\n\n\ndef total(values):\n    return sum(values)\n```';
const inFile = (text, is = true) =>
  page.waitForFunction(([wanted, there]) => [...document.querySelectorAll('.editor-group-container.active .view-line')].some((line) => line.textContent.replace(/\u00a0/g, ' ').includes(wanted)) === there, [text, is]);
const atCode = () => page.waitForFunction(() => document.activeElement?.closest('.editor-group-container.active .monaco-editor') && !document.activeElement.closest('.review-widget'));
/** Writes the instruction into the input at the line, in place of what it holds. */
async function instruct(text) {
  await page.waitForFunction(() => document.activeElement?.closest('.review-widget .monaco-editor'));
  await keyboard.press('Control+a');
  await keyboard.type(text);
}

await step('asks for an edit at the line, where Esc closes the input', page, async () => {
  await bench.openFile('lists.py');
  await bench.goTo(1, 1);
  await keyboard.press('Control+Shift+End');
  await keyboard.press('Control+Alt+j');
  await instruct('Nothing');
  await keyboard.press('Escape');
  await atCode();
  await page.waitForSelector('.review-widget', { state: 'detached' });
  await keyboard.press('Control+Alt+j');
  await instruct('Use sum');
  await bench.shot('edit-input');
});

await step('writes the change below the code, and shows it in the file', page, async () => {
  await script({ text: REWRITTEN, contains: 'Use sum', hold: 20 });
  await keyboard.press('Enter');
  await page.waitForSelector('.review-widget:has-text("Writing…") :text("def chunks")');
  await bench.shot('edit-writing');
  await release();
  await page.waitForSelector('.review-widget:has-text("change 2 of 2") a:has-text("Accept")');
  await atCode();
  await inFile('result = result + value');
  if (await page.locator('.part.panel .comments-panel').isVisible()) throw new Error('the list of comments has opened');
  await bench.shot('proposal');
});

await step('accepts a change with Tab, in one undo step, and writes the rest again as instructed', page, async () => {
  await keyboard.press('Tab');
  await inFile('Lists of at most');
  await page.waitForSelector('.review-widget:has-text("change 1 of 2")', { state: 'detached' });
  await keyboard.press('Control+z');
  await inFile('Lists of at most', false);
  await script({ text: REWRITTEN.replace('return sum(values)', 'return sum(values, 0)'), contains: 'Use sum with a start' });
  await page.locator('.review-widget a:has-text("Change the Instruction")').first().click();
  await instruct('Use sum with a start');
  await keyboard.press('Enter');
  await page.waitForSelector('.review-widget :text("sum(values, 0)"), .review-widget :text("(values, 0)")');
  await page.waitForSelector('.review-widget:has-text("change 2 of 2") a:has-text("Accept All")');
});

await step('shows a change again where its file was closed, and discards it with Esc', page, async () => {
  await bench.command('View: Close All Editors');
  await bench.openFile('lists.py');
  await page.waitForSelector('.review-widget:has-text("change 1 of 2")');
  await bench.goTo(1, 1);
  await bench.pressUntil('Escape', (timeout) => page.waitForSelector('.review-widget:has-text("change 2 of 2")', { state: 'detached', timeout }));
  await page.waitForSelector('.review-widget a:has-text("Accept")');
});

await step('has what was proposed again after the window was reloaded', page, async () => {
  await page.reload();
  await page.waitForSelector('.monaco-workbench .part.statusbar');
  await bench.openFile('lists.py');
  await page.waitForSelector('.review-widget a:has-text("Accept")');
  await bench.shot('proposal-after-reload');
});

await step('draws one of two proposals for the same lines, and the other by its link', page, async () => {
  const drawn = (code, other) => page.waitForSelector(`.review-widget:has(a:has-text("${other}")):has-text("Also proposed here") :text("${code}")`);
  const isAlone = () => page.waitForFunction(() => document.querySelectorAll('.review-widget').length === 1);
  await script({ text: '```python\ndef total(values):\n    return sum(iter(values))\n```', contains: 'Sum an iterator' });
  await bench.goTo(6, 1);
  await keyboard.press('Control+Shift+End');
  await keyboard.press('Control+Alt+j');
  await instruct('Sum an iterator');
  await keyboard.press('Enter');
  await drawn('iter', 'Use sum with a start');
  await isAlone();
  await bench.shot('proposals-for-the-same-lines');
  await page.click('.review-widget a:has-text("Use sum with a start")');
  await drawn('(values, 0)', 'Sum an iterator');
  await isAlone();
  await page.click('.review-widget a:has-text("Sum an iterator")');
  await drawn('iter', 'Use sum with a start');
  await bench.pressUntil('Escape', (timeout) => page.waitForSelector('.review-widget:not(:has-text("Also proposed here")) :text("(values, 0)")', { timeout }));
  await isAlone();
});

await step('has each part ticked in the refactor preview', page, async () => {
  await bench.command('Halley: Open in Refactor Preview');
  const boxes = page.locator('.bulk-edit-panel .monaco-list-row input[type="checkbox"], .bulk-edit-panel .monaco-list-row .monaco-checkbox');
  await boxes.first().waitFor();
  await bench.shot('refactor-preview');
  await boxes.first().click();
  await page.click('.bulk-edit-panel .monaco-button:has-text("Apply")');
  await bench.openFile('lists.py');
  await inFile('sum(values, 0)');
  await page.waitForSelector('.review-widget', { state: 'detached' });
  await bench.command('View: Close All Editors');
});

await step('shows ghost text, which Tab accepts', page, async () => {
  await bench.openFile('ghost.py');
  await keyboard.press('Control+End');
  await script({ text: 'a + b', path: '/v1/completions', repeat: -1 });
  await script({ text: 'a + b', repeat: 3, contains: 'def add' });
  await keyboard.type('    return ');
  await page.waitForSelector('.ghost-text-decoration, .ghost-text, [class*="ghost-text"]');
  await bench.shot('ghost-text');
  await keyboard.press('Tab');
  await page.waitForFunction(() => [...document.querySelectorAll('.view-line')].some((line) => line.textContent.replace(/\u00a0/g, ' ').includes('return a + b')));
  await unscript();
  await keyboard.press('Control+s');
});

await step('shows another candidate, and takes it by the word', page, async () => {
  const candidates = ['width * height', 'height * width', 'abs(width * height)'];
  for (const text of candidates) {
    await script({ text, path: '/v1/completions' });
    await script({ text, contains: 'def area' });
  }
  await bench.openFile('area.py');
  await keyboard.press('Control+End');
  const line = (other) =>
    page.waitForFunction(({ among, not }) => {
      const lines = [...document.querySelectorAll('.editor-group-container.active .view-line')].map((found) => found.textContent.replace(/\u00a0/g, ' ').trim());
      return lines.find((text) => among.includes(text) && text !== not);
    }, other);
  await bench.command('Trigger Inline Suggestion');
  const among = candidates.map((text) => `return ${text}`);
  const first = await (await line({ among })).jsonValue();
  await keyboard.press('Alt+]');
  const second = await (await line({ among, not: first })).jsonValue();
  await keyboard.press('Control+ArrowRight');
  await keyboard.press('Escape');
  const [word] = /^return \w+/.exec(second);
  await line({ among: [word] });
  await unscript();
  await keyboard.press('Control+s');
});

await step('takes a suggestion by the line, which is counted as taken in part', page, async () => {
  const text = 'wide = width * 2\n    high = height * 2\n    return wide, high';
  await script({ text, path: '/v1/completions', repeat: 3 });
  await script({ text, contains: 'def double', repeat: 3 });
  await bench.openFile('double.py');
  await keyboard.press('Control+End');
  const lines = () => page.evaluate(() => [...document.querySelectorAll('.editor-group-container.active .view-line')].map((found) => found.textContent.replace(/\u00a0/g, ' ').trimEnd()));
  await bench.command('Trigger Inline Suggestion');
  await page.waitForSelector('.editor-group-container.active :text("return wide, high")');
  await keyboard.press('Control+Alt+ArrowRight');
  await bench.status('Ln 3');
  await bench.shot('ghost-text-by-line');
  await keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('.editor-group-container.active [class*="ghost-text"]'));
  const left = await lines();
  if (!left.includes('    wide = width * 2') || left.some((line) => line.includes('high ='))) throw new Error(left.join('\n'));
  await unscript();
  await keyboard.press('Control+s');
});

await step('continues the cells above in a notebook, and fixes one', page, async () => {
  const shown = (text) => page.waitForFunction((wanted) => [...document.querySelectorAll('.notebookOverlay .view-line')].some((line) => line.textContent.replace(/\u00a0/g, ' ').includes(wanted)), text);
  await script({ text: 'math.pi * radius ** 2', path: '/v1/completions', repeat: -1 });
  await script({ text: 'math.pi * radius ** 2', repeat: -1, contains: 'import math' });
  await bench.quickInput('Control+p', 'shapes.ipynb');
  await page.waitForSelector('.quick-input-list .monaco-list-row:has-text("shapes.ipynb")');
  await keyboard.press('Enter');
  await page.click('.notebookOverlay .code-cell-row >> nth=1 >> .view-lines');
  await keyboard.press('Control+End');
  await keyboard.type('    return ');
  await page.waitForSelector('.notebookOverlay [class*="ghost-text"]');
  await bench.shot('notebook-ghost-text');
  await keyboard.press('Tab');
  await shown('return math.pi * radius ** 2');
  const { requests } = await (await fetch(`${plan.simulator}/_simulator/requests`)).json();
  if (!requests.some((request) => JSON.stringify(request).includes('# %%\\nimport math'))) throw new Error('the cell above was not shown to the model');
  await unscript();
  await script({ text: '```python\ndef area(radius):\n    return math.pi * radius**2\n```', contains: 'The marked part of' });
  await keyboard.press('Control+a');
  await bench.command('Halley: Fix');
  await shown('return math.pi * radius**2');
  await bench.shot('notebook-fixed');
  await keyboard.press('Control+s');
  await bench.command('View: Close All Editors');
});

let chat;
await step('streams a chat with highlighted code', page, async () => {
  await bench.command('Halley: Open Chat');
  chat = await bench.webview('.composer textarea');
  await chat.waitForSelector('.model:has-text("small model")');
  await bench.widenSideBar(660);
  await script({ text: 'Here it is:\n\n```python\ndef double(value):\n    """Twice the value."""\n    return value * 2  # exactly\n```\n\n- It has **no** side effects.\n- Anything that can be multiplied will do: `double(\'ab\')` is `\'abab\'`.\n', contains: 'Write a function that doubles' });
  await chat.fill('.composer textarea', 'Write a function that doubles');
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector('.turn .reply');
  await chat.waitForSelector('.reply .usage:not(:empty)');
  await chat.waitForSelector('.code-block .hl-keyword');
});

await step('copies, inserts and applies a block', page, async () => {
  await bench.openFile('apply.py');
  await keyboard.press('Control+End');
  await chat.click('.code-block .code-tool:has-text("Insert")');
  await page.waitForFunction(() => [...document.querySelectorAll('.view-line')].some((line) => line.textContent.includes('double(value)')));
  await page.waitForFunction(() => document.activeElement?.closest('.editor-group-container.active .monaco-editor'));
  await keyboard.press('Control+z');
  await page.waitForFunction(() => document.querySelectorAll('.editor-group-container.active .view-line').length <= 3);
  await bench.goTo(1, 1);
  await chat.click('.code-block .code-tool:has-text("Apply")');
  await page.waitForFunction(() => [...document.querySelectorAll('.view-line')].some((line) => line.textContent.replace(/\u00a0/g, ' ').includes('Twice the value')));
  await page.waitForFunction(() => ![...document.querySelectorAll('.view-line')].some((line) => line.textContent.replace(/\u00a0/g, ' ').includes('value + 2')));
  await keyboard.press('Control+s');
  await bench.shot('chat');
});

await step('completes commands, variables and models as one types', page, async () => {
  await chat.click('.composer textarea');
  await chat.locator('.composer textarea').pressSequentially('/ex');
  await chat.waitForSelector('#completions li:has-text("/explain")');
  await bench.shot('chat-completion');
  await chat.press('.composer textarea', 'Tab');
  await chat.locator('.composer textarea').pressSequentially('#fil');
  await chat.waitForSelector('#completions li:has-text("#file")');
  await chat.press('.composer textarea', 'Escape');
  await chat.locator('.composer textarea').fill('');
  await chat.locator('.composer textarea').pressSequentially('@simulator/sim-co');
  await chat.waitForSelector('#completions li:has-text("@simulator/sim-code")');
  await chat.press('.composer textarea', 'Enter');
});

await step('says what a command says that asks no model', page, async () => {
  await chat.locator('.composer textarea').fill('/compact');
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector('.turn:last-child .reply .markdown:has-text("summarised")');
});

await step('asks two models side by side, and one of them is chosen', page, async () => {
  await script({ text: 'From the coder: use a generator.', model: 'sim-code', contains: 'Which is better?' });
  await script({ text: 'From the thinker: use a list.', model: 'sim-reason', contains: 'Which is better?' });
  await chat.locator('.composer textarea').fill('@simulator/sim-code @simulator/sim-reason Which is better?');
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector('.replies.several .reply:nth-child(2) .usage:not(:empty)');
  await bench.shot('chat-two-models');
  await chat.click('.replies.several .reply:nth-child(2) button[aria-pressed]');
  await chat.waitForSelector('.reply.chosen:has-text("use a list")');
});

await step('asks another model too that is added to the list, and hides who is who', page, async () => {
  await script({ text: 'One way.', model: 'sim-fast', contains: 'How?' });
  await script({ text: 'Another way.', model: 'sim-chat', contains: 'How?' });
  await chat.selectOption('.composer select.compare', 'simulator/sim-chat');
  await chat.click('.composer button[aria-pressed="false"]');
  await chat.locator('.composer textarea').fill('How?');
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector('.turn:last-child .reply:nth-child(2) .markdown:has-text("way.")');
  const names = await chat.locator('.turn:last-child .reply-model').allTextContents();
  if (names.some((name) => name.includes('simulator/'))) throw new Error(`the names show: ${names}`);
  await chat.click('.turn:last-child .reply:nth-child(1) button[aria-pressed]');
  await chat.waitForSelector('.turn:last-child .reply.chosen .reply-model:has-text("simulator/")');
  await chat.click('.composer .models .chip .icon-button');
});

await step('asks again, and edits a question to send it again', page, async () => {
  await script({ text: 'The first answer.', contains: 'Which answer?' });
  await chat.locator('.composer textarea').fill('Which answer?');
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("The first answer.")');
  await script({ text: 'The second answer.', contains: 'Which answer?' });
  await chat.click('.turn:last-child .reply-foot button[aria-label="Ask again"]');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("The second answer.")');
  const before = await chat.locator('.turn').count();
  await script({ text: 'Another answer.', contains: 'Which other' });
  await chat.hover('.turn:last-child .prompt');
  await chat.click('.turn:last-child button[aria-label="Edit and send again"]');
  await chat.locator('.composer textarea').fill('Which other answer?');
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("Another answer.")');
  if ((await chat.locator('.turn').count()) !== before) throw new Error('what was taken back is still there');
});

await step('is used by keyboard alone', page, async () => {
  await chat.focus('.composer textarea');
  await chat.press('.composer textarea', 'Alt+ArrowUp');
  const place = () => chat.evaluate(() => document.activeElement?.closest('.turn, .composer')?.className.split(' ')[0]);
  if ((await place()) !== 'turn') throw new Error(`the focus is in ${await place()}`);
  await chat.press('.turn:last-child .reply', 'Tab');
  if ((await chat.evaluate(() => document.activeElement?.tagName)) !== 'BUTTON') throw new Error('no button is reached');
  await chat.press('.turn:last-child .reply', 'Alt+ArrowDown');
  if ((await place()) !== 'composer') throw new Error(`the focus is in ${await place()}`);
});

await step('takes a file of the workspace that is dropped', page, async () => {
  await chat.locator('.composer textarea').fill('Look at ');
  await chat.evaluate((uri) => {
    const data = new DataTransfer();
    data.setData('application/vnd.code.uri-list', uri);
    document.querySelector('.composer').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }, `file://${plan.workspace}/lists.py`);
  await chat.waitForFunction(() => document.querySelector('.composer textarea').value.includes('#file:lists.py'));
  await chat.locator('.composer textarea').fill('');
});

await step('takes what a model wrote as text, whatever it is', page, async () => {
  await script({ text: 'It is so. <img src=x onerror=alert(1)> [click](command:workbench.action.quit) ![](https://example.com/track.png)\n', contains: 'Is it?' });
  await chat.locator('.composer textarea').fill('Is it?');
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("onerror=alert(1)")');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("(image: without a name)")'); // the daemon's word, at the end
  if (await chat.$('.markdown img, .markdown a')) throw new Error('hostile Markdown took effect');
});

await step('attaches a picture that is pasted', page, async () => {
  await chat.evaluate(() => {
    const bytes = Uint8Array.from(atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='), (c) => c.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], 'dot.png', { type: 'image/png' }));
    document.querySelector('textarea').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await chat.waitForSelector('.composer .chip:has-text("dot.png")');
  await script({ text: 'A dot.', model: 'sim-chat', contains: 'image_url' });
  await chat.locator('.composer textarea').fill('@simulator/sim-chat What is this?');
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("A dot.")');
});

await step('stops a reply and keeps what had come', page, async () => {
  await script({ text: 'word '.repeat(400), contains: 'Talk for long', hold: 40 });
  await chat.locator('.composer textarea').fill('Talk for long');
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("word word")');
  await chat.press('.composer textarea', 'Escape');
  await chat.waitForSelector('.turn:last-child .problem:has-text("You stopped this reply.") button:has-text("Continue")');
  await bench.shot('chat-stopped');
});

await step('continues it', page, async () => {
  await script({ text: 'and the end.', contains: 'Talk for long' });
  await chat.click('.turn:last-child .problem button:has-text("Continue")');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("and the end.")');
});

await step('finds, forks and exports a chat', page, async () => {
  await chat.hover('.turn:first-child .prompt');
  await chat.click('.turn:first-child button[aria-label="Fork the chat here"]');
  await chat.waitForFunction(() => document.querySelectorAll('.turn').length === 1);
  await bench.command('Halley: Show Chats');
  await chat.waitForSelector('.history .chat-row >> nth=1');
  await bench.shot('chat-history');
  await chat.fill('.history input[type="search"]', 'doubles');
  await chat.waitForSelector('.history .chat-row');
  await chat.press('.history input[type="search"]', 'Escape');
  await bench.command('Halley: Export Chat');
  await bench.asked('Export as');
  await keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.quick-input-widget:not([style*="display: none"]) input')?.value.endsWith('chat.md'));
  await keyboard.press('Enter');
  await page.waitForSelector('.tab.active:has-text("chat.md")');
  await bench.shot('chat-exported');
});

await step('speaks Spanish where the editor does', page, async () => {
  const spanish = await Workbench.open(browser, plan.port, plan.other, 'es');
  await spanish.status('sim-');
  await spanish.command('Halley: Abrir el chat');
  const view = await spanish.webview('textarea[placeholder="Pregunta sobre tu código"]');
  await spanish.widenSideBar(500);
  await script({ text: 'Con mucho gusto.', contains: 'Explica este archivo' });
  await view.locator('.composer textarea').fill('Explica este archivo');
  await view.press('.composer textarea', 'Enter');
  await view.waitForSelector('.reply .usage:not(:empty)');
  await spanish.shot('spanish-chat');
  await spanish.command('Halley: Elegir modelo');
  await spanish.asked('Modelo para: chat');
  await spanish.page.waitForSelector('.quick-input-list .monaco-list-row:has-text("simulator/sim-fast")');
  await spanish.shot('spanish-models');
  await spanish.page.keyboard.press('Escape');
  await spanish.command('Halley: Mostrar el uso');
  const usage = await spanish.webview('.figures:has-text("Gastado")');
  await usage.waitForSelector('table th:has-text("simulator/sim-")');
  // Below the chat there is little room: enough for the chart, down to its axis.
  await usage.waitForFunction(() => document.querySelector('.axis').getBoundingClientRect().bottom <= innerHeight && document.querySelector('figure svg').clientHeight >= 28);
  await spanish.shot('spanish-usage');
  await spanish.page.close();
});

await step('is in order for assistive technology, in light, dark and high contrast', page, async () => {
  const found = [];
  const themes = { 'Light Modern': 'vscode-light', 'Dark Modern': 'vscode-dark', 'Dark High Contrast': 'vscode-high-contrast' };
  for (const [theme, wanted] of Object.entries(themes)) {
    await bench.theme(theme);
    await chat.waitForFunction((name) => document.body.classList.contains(name), wanted);
    await bench.shot(`chat-${wanted}`);
    const faults = await axe(chat);
    found.push(...faults.map((fault) => `${wanted}: ${fault}`));
  }
  if (found.length > 0) throw new Error(found.join('\n'));
});

await step('shows what was spent', page, async () => {
  await bench.command('Halley: Show Usage');
  const usage = await bench.webview('.figures');
  await usage.waitForSelector('table th:has-text("simulator/sim-")');
  await usage.waitForSelector('figure svg');
  // Those that Tab took, in a file and in a cell, the word and the line.
  await usage.waitForSelector('section tr:has(th:has-text("· python")) td:nth-child(3):text-is("4")');
  await page.click('.pane-header[aria-label^="Chat"]');
  await usage.waitForFunction(() => innerHeight > 400);
  await bench.shot('usage');
});

await browser.close();
