// No daemon is installed: the extension offers the one it carries and runs it with the Python that is there, in an
// environment of its own. Nothing is fetched: what the daemon needs besides comes from `plan.packages`, lent by `plan.lent`,
// a folder that this Python looks into and that is empty at first. `plan.installed`: where the daemon is to be afterwards.

import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { launch, plan, step, Workbench } from './workbench.mjs';

const browser = await launch();
const bench = await Workbench.open(browser, plan.port, plan.workspace);
const { page } = bench;
const choose = async () => {
  await bench.asked('Install the Halley daemon');
  await bench.choose('For this editor only');
};

await step('offers the daemon it carries, and says what is missing where packages cannot be fetched', page, async () => {
  await bench.notification('The Halley daemon is not installed.');
  await bench.press('Install…');
  await choose();
  await bench.notification('could not be downloaded');
  await bench.shot('install-failed');
  if (existsSync(plan.installed)) throw new Error('half of a daemon is there');
  await bench.clearNotifications();
});

await step('installs it for this editor, and runs it', page, async () => {
  for (const name of readdirSync(plan.packages)) if (!/halley/.test(name)) symlinkSync(`${plan.packages}/${name}`, `${plan.lent}/${name}`);
  await bench.command('Halley: Install the Daemon');
  await choose();
  await bench.status('sim-');
  await bench.shot('installed');
  if (!existsSync(plan.installed)) throw new Error('another daemon was found');
});

await browser.close();
