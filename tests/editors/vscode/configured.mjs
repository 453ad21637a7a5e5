// A user for whom all is set up: a model that calls tools. `plan`: port, simulator, workspace, subjects, log (what the
// tool server has really run), shots.

import { existsSync, readFileSync } from 'node:fs';
import { launch, plan, script, step, Workbench } from './workbench.mjs';

const browser = await launch();
const bench = await Workbench.open(browser, plan.port, plan.workspace);
const { page } = bench;
const { keyboard } = page;
const calls = () => (existsSync(plan.log) ? readFileSync(plan.log, 'utf8').trim().split('\n').map((line) => JSON.parse(line)) : []);
let chat;
await bench.status('sim-code');

/** Steps about what the daemon knows; its name begins with the subject. */
const about = async (name, run) => plan.subjects.includes(name.split(':')[0]) && (await step(name, page, run));

async function ask(text) {
  await chat.waitForSelector('.composer .send[aria-label="Send"]');
  await chat.locator('.composer textarea').fill(text);
  await chat.press('.composer textarea', 'Enter');
}

await about('tools: shows the tools of a server once it has started', async () => {
  await bench.command('Halley: Open Chat');
  chat = await bench.webview('.composer textarea');
  await bench.widenSideBar(660);
  await script({ text: 'Good morning.' });
  await ask('Hello');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("Good morning.")');
  await chat.click('.composer button[aria-label="Tools…"]');
  await bench.asked('Tools that models may call');
  await page.waitForSelector('.quick-input-list .monaco-list-row:has-text("write_note")');
  await bench.shot('tools');
  await keyboard.press('Escape');
});

await about('tools: asks in the chat before a tool is called, and calls it after the yes', async () => {
  await script({ tool_calls: [{ name: 'demo__write_note', arguments: { name: 'todo', text: 'Buy <b>milk</b>' } }] });
  await script({ text: 'The note is written.' });
  await ask('Write that I need milk');
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
  await script({ tool_calls: [{ name: 'demo__write_note', arguments: { name: 'other', text: 'Never' } }] });
  await script({ text: 'As you wish.' });
  await ask('Write another');
  await chat.click('.turn:last-child .tool-question button:has-text("Deny")');
  await chat.waitForSelector('.turn:last-child .tool[data-state="denied"]');
  if (calls().length !== 1) throw new Error(`called: ${JSON.stringify(calls())}`);
});

await about('tools: asks by a notification while the chat is not on screen, and remembers "always"', async () => {
  await script({ delay_ms: 1500, tool_calls: [{ name: 'demo__write_note', arguments: { name: 'third', text: 'Seen' } }] });
  await script({ text: 'Also written.' });
  await ask('And another');
  await bench.command('View: Show Explorer');
  await bench.notification('May the model use');
  if (await page.$('.monaco-dialog-box')) throw new Error('a dialog took the focus');
  await bench.press('Look…');
  await page.waitForSelector('.monaco-dialog-box:has-text("Seen")');
  await bench.shot('tool-dialog');
  await page.click('.monaco-dialog-box .monaco-button:has-text("Always")');
  await bench.command('Halley: Open Chat');
  chat = await bench.webview('.composer textarea');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("Also written.")');
  await script({ tool_calls: [{ name: 'demo__write_note', arguments: { name: 'fourth', text: 'Unasked' } }] });
  await script({ text: 'Without a question.' });
  await ask('One more');
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

await about('search: finds code by words and opens it', async () => {
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

await browser.close();
