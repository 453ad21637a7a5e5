// A workspace that nobody has trusted: its programs are not run and its prompts not used until somebody does. The
// workspace brings a `.venv/bin/halley` that leaves a mark when it is run, and settings of its own. `plan.mark`: that file.

import { existsSync } from 'node:fs';
import { launch, plan, step, Workbench } from './workbench.mjs';

const browser = await launch();
const bench = await Workbench.open(browser, plan.port, plan.workspace);
const { page } = bench;

await step('runs nothing of an untrusted workspace, and says what is missing', page, async () => {
  await page.waitForSelector('.statusbar-item:has-text("Restricted Mode")');
  await bench.notification('The Halley daemon is not installed.');
  await bench.shot('untrusted');
  if (existsSync(plan.mark)) throw new Error("the workspace's program was run");
});

await step('offers to install the daemon it carries', page, async () => {
  await page.click('.notification-list-item >> text=Install');
  await bench.asked('Install the Halley daemon');
  await page.waitForSelector('.quick-input-list .monaco-list-row:has-text("For this editor only")');
  await bench.shot('install');
  await page.keyboard.press('Escape');
  if (existsSync(plan.mark)) throw new Error("the workspace's program was run");
});

await step("takes the workspace's own once it is trusted", page, async () => {
  await bench.command('Workspaces: Manage Workspace Trust');
  await page.click('.workspace-trust-editor .monaco-button:has-text("Trust")');
  await page.waitForSelector('.statusbar-item:has-text("Restricted Mode")', { state: 'detached' });
  await page.waitForSelector('.statusbar-item:has-text("sim-")');
  if (!existsSync(plan.mark)) throw new Error('some other program was found');
});

await browser.close();
