// A server of this machine is there before any provider: it is used as it is, and beside a provider whose key is missing one button
// uses it. `plan`: port, simulator (which the daemon takes for Ollama), workspace, configuration (the user's, not there yet), shots.

import { existsSync, writeFileSync } from 'node:fs';
import { launch, plan, script, step, Workbench } from './workbench.mjs';

const browser = await launch();
const bench = await Workbench.open(browser, plan.port, plan.workspace);
const { page } = bench;
let chat;

async function ask(question, text) {
  await script({ text, contains: question });
  await chat.fill('.composer textarea', question);
  await chat.press('.composer textarea', 'Enter');
}

const answered = async (text) => {
  await chat.waitForSelector(`.turn:last-child .markdown:has-text("${text}")`);
  await chat.waitForSelector('.turn:last-child .reply-model:has-text("ollama/")');
};

await step('uses a server that was found on this machine, without a provider or a key', page, async () => {
  await bench.status('sim-');
  await bench.command('Halley: Open Chat');
  chat = await bench.webview('.welcome kbd');
  await ask('Where are you?', 'On this machine.');
  await answered('On this machine.');
  if (await page.isVisible('text=ready for a provider')) throw new Error('it asks for a provider although it has a model');
  if (existsSync(plan.configuration)) throw new Error('something was configured');
  await bench.shot('local-found');
});

await step('offers it first where a key is missing, and uses it by one button', page, async () => {
  writeFileSync(plan.configuration, '[roles]\nchat = ["openai/gpt-5-mini"]\n');
  await ask('And now?', 'Still on this machine.');
  await chat.waitForSelector('.turn:last-child .problem button:first-child:has-text("Use Ollama")');
  await chat.waitForSelector('.turn:last-child .problem button:has-text("Enter Key")');
  await bench.shot('local-offered');
  await chat.click('.turn:last-child .problem button:has-text("Use Ollama")');
  await bench.status('sim-');
  await chat.click('.turn:last-child .reply-foot button[aria-label="Ask again"]');
  await answered('Still on this machine.');
  await bench.shot('local-used');
});

await browser.close();
