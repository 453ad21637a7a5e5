// A workspace that is not trusted: its programs are not run and its prompts not used until the user trusts it. The
// workspace brings a `.venv/bin/halley` that leaves a mark when it is run, and settings of its own. `plan.mark`: that file.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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
  await bench.press('Install');
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

const { keyboard } = page;
const asks = async (...lines) => {
  await bench.notification('has its own prompts and settings');
  await bench.press('Look…');
  const dialog = page.locator('.monaco-dialog-box');
  for (const line of lines) await dialog.filter({ hasText: line }).waitFor();
};
/** Confirms the dialog, after which the macro of that name can be run. */
const trust = async (name) => {
  await page.click('.monaco-dialog-box .monaco-button:has-text("Trust Exactly This")');
  await bench.notification('Trusted, until it changes.');
  await bench.clearNotifications();
  await bench.command('Halley: Run Macro');
  await bench.asked('Run which macro?');
  await page.waitForSelector(`.quick-input-list .monaco-list-row:has-text("${name}")`);
};

await step("shows what the workspace's configuration asks for and what it never gets, and uses nothing of it before confirmation", page, async () => {
  await asks('macros.shout: Shout', 'providers cannot be set by a repository');
  await bench.shot('trust-asks');
  await keyboard.press('Escape');
  await page.waitForSelector('.monaco-dialog-box', { state: 'detached' });
  await bench.openFile('a.py');
  await bench.command('Halley: Run Macro');
  await bench.asked('A name for the macro'); // there is none to be run
  await keyboard.press('Escape');
});

await step('trusts exactly that', page, async () => {
  await bench.command('Halley: Trust Workspace Configuration');
  await trust('shout');
  await keyboard.press('Escape');
});

await step('asks again once it has changed', page, async () => {
  writeFileSync(plan.configuration, readFileSync(plan.configuration, 'utf8').replaceAll('shout', 'publish'));
  await asks('macros.publish');
  await trust('publish');
  await keyboard.press('Escape');
});

await step('takes the trust back', page, async () => {
  await bench.command('Halley: Trust Workspace Configuration');
  await page.click('.monaco-dialog-box .monaco-button:has-text("Revoke Trust")');
  await bench.notification('is used from now on');
  await bench.command('Halley: Run Macro');
  await bench.asked('A name for the macro');
  await keyboard.press('Escape');
});

await browser.close();
