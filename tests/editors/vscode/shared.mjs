// Two windows share one daemon, for which nothing is set. It is killed while both hold text that is not saved: each has a daemon again,
// with its text. One restarts it: that is the other's no more.
// `plan`: port, simulator, workspace, other (the folders of the windows, a `notes.py` in each), environment (to ask which
// daemon runs), shots.

import { execFileSync } from 'node:child_process';
import { launch, plan, script, step, unscript, Workbench } from './workbench.mjs';

const browser = await launch();
const benches = [await Workbench.open(browser, plan.port, plan.workspace), await Workbench.open(browser, plan.port, plan.other)];
const [{ page }] = benches;
let daemon;

/** Waits until one that is not `before` has so many windows; its process. */
async function joined(before, windows = 2) {
  for (const end = Date.now() + 120_000; ; ) {
    const said = execFileSync('halley', ['doctor'], { env: { ...process.env, ...plan.environment }, encoding: 'utf8' });
    const [, found, sessions] = /process (\d+), sessions: (\d+)/.exec(said) ?? [];
    if (found && found !== before && Number(sessions) === windows) return found;
    if (Date.now() > end) throw new Error(said);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const has = (bench, text) => bench.page.waitForFunction((wanted) => [...document.querySelectorAll('.editor-group-container.active .view-line')].some((line) => line.textContent.replaceAll('\u00A0', ' ') === wanted), text);

async function type(bench, text) {
  await bench.page.keyboard.type(`\n${text}`);
  await has(bench, `    ${text}`);
}

await step('has one daemon for two windows', page, async () => {
  for (const bench of benches) await bench.status('sim-chat');
  daemon = await joined();
});

await step('has a daemon again in both after it was killed, with what is not saved', page, async () => {
  for (const bench of benches) {
    await bench.openFile('notes.py');
    await bench.page.keyboard.press('Control+End');
    await type(bench, `before_${benches.indexOf(bench)} = 1`);
  }
  process.kill(Number(daemon), 'SIGKILL');
  for (const bench of benches) await type(bench, `after_${benches.indexOf(bench)} = 2`);
  await joined(daemon);
  await script({ text: 'It notes.', contains: 'Explain this part of', repeat: -1 });
  for (const bench of benches) {
    await bench.status('sim-chat');
    await bench.command('Halley: Explain');
    await bench.webview('.markdown-body:has-text("It notes.")');
    await bench.shot(`shared-${benches.indexOf(bench)}`);
  }
  await unscript();
  const { requests } = await (await fetch(`${plan.simulator}/_simulator/requests`)).json();
  const sent = requests.map((request) => JSON.stringify(request));
  for (const number of [0, 1]) {
    if (!sent.some((text) => text.includes(`before_${number}`) && text.includes(`after_${number}`))) throw new Error(`what window ${number} has typed is lost`);
  }
});

await step('has a new daemon in a window that restarts Halley, and the old one in the other', page, async () => {
  const before = await joined();
  await benches[0].command('Halley: Restart');
  await joined(before, 1);
  process.kill(Number(before), 0);
  await script({ text: 'It still notes.', contains: 'Explain this part of', repeat: -1 });
  for (const bench of benches) {
    await bench.status('sim-chat');
    await bench.command('Halley: Explain');
    await bench.webview('.markdown-body:has-text("It still notes.")');
  }
  await unscript();
});

await browser.close();
