// The next edit as a user meets it: a hint where it is out of sight, Tab goes there and makes it, Esc rejects it, and neither key is
// taken from the suggest widget, a snippet or the indentation. `plan`: port, workspace, shots.

import { launch, plan, script, step, unscript, Workbench } from './workbench.mjs';

const browser = await launch();
const bench = await Workbench.open(browser, plan.port, plan.workspace);
const { page } = bench;

/** Texts that decorations write are of no element: they are looked for in the styles. */
const drawn = (text) => page.waitForFunction((wanted) => written().some((one) => one.includes(wanted)), text);
const nothingDrawn = () => page.waitForFunction(() => written().length === 0);
await page.evaluate(() => {
  globalThis.written = () =>
    [...document.querySelectorAll('.editor-group-container.active .view-line span')].flatMap((span) =>
      ['::before', '::after'].map((part) => getComputedStyle(span, part).content).filter((content) => content !== 'none' && content !== 'normal' && content !== '""').map((content) => content.replaceAll('\u00A0', ' ')),
    );
});
const has = (text) => page.waitForFunction((wanted) => [...document.querySelectorAll('.editor-group-container.active .view-line')].some((line) => line.textContent.replaceAll('\u00A0', ' ') === wanted), text);
const press = (key) => page.keyboard.press(key);
const completion = (icon) => page.waitForSelector(`.statusbar-item:has-text("sim-chat"):has(.codicon-${icon})`);

async function theme(name, wanted) {
  await bench.theme(name, wanted);
  await bench.focused('.editor-group-container.active .monaco-editor');
}

/** Renames what is defined in the first line, by one change: each key would bring an edit of its own, and its hint the wrong one. */
async function rename(file) {
  await bench.openFile(file);
  await bench.goTo(1, 5);
  await press('Control+Shift+ArrowRight');
  await page.keyboard.insertText('surface');
}

await step('says where the next edit is, out of sight', page, async () => {
  await bench.status('sim-chat');
  await bench.openFile('shapes.py');
  await theme('Dark Modern', 'vs-dark');
  await rename('shapes.py');
  await drawn('→ line 66 (Tab)');
  await bench.shot('next-edit-hint');
});

await step('goes there by Tab and shows what goes and what comes, in dark, in high contrast and in light', page, async () => {
  await press('Tab');
  await bench.status('Ln 66');
  await drawn('surface');
  await page.waitForSelector('.editor-group-container.active .cgmr');
  await bench.shot('next-edit-dark');
  await theme('Dark High Contrast', 'hc-black');
  await drawn('surface');
  await bench.shot('next-edit-contrast');
  await theme('Light Modern', 'vs');
  await drawn('surface');
  await bench.shot('next-edit-light');
});

await step('makes it by Tab, and the next of the same answer is there', page, async () => {
  await press('Tab');
  await has('    print(surface(2, 3))');
  await bench.status('Ln 66');
  await drawn('surface');
});

await step('leaves Tab to the suggest widget and to the indentation', page, async () => {
  await bench.goTo(68, 1);
  await press('Tab');
  await has('        print(2)');
  await press('Control+z');
  await has('    print(2)');
  await drawn('surface');
  await bench.goTo(68, 13);
  await press('Control+Space');
  await page.waitForSelector('.suggest-widget.visible .monaco-list-row');
  await press('Escape');
  await page.waitForSelector('.suggest-widget.visible', { state: 'hidden' });
  await drawn('surface');
});

await step('is gone by Esc, and does not come again', page, async () => {
  await press('Escape');
  await nothingDrawn();
});

await step('leaves Tab to ghost text, and Tab and Esc to a snippet', page, async () => {
  await rename('rates.py');
  await drawn('→ shop.py:1 (Tab)');
  await bench.command('Halley: Turn Inline Completion On or Off');
  await completion('sparkle');
  await script({ text: 'rate = cost', path: '/v1/completions', repeat: -1 });
  await bench.goTo(3, 1);
  await bench.command('Trigger Inline Suggestion');
  await page.waitForSelector('.editor-group-container.active [class*="ghost-text"]');
  await press('Tab');
  await bench.status('Ln 3, Col 12');
  await unscript();
  await bench.command('Halley: Turn Inline Completion On or Off');
  await completion('circle-slash');
  await bench.goTo(3, 12);
  await bench.command('Snippets: Insert Snippet');
  await bench.choose('pair');
  await has('rate = cost,  and  too');
  await bench.status('Ln 3, Col 14');
  await drawn('→ shop.py:1 (Tab)');
  await press('Tab');
  await bench.status('Ln 3, Col 19');
  await press('Escape');
  await drawn('→ shop.py:1 (Tab)');
});

await step('goes to a file that was not open', page, async () => {
  await press('Tab');
  await page.waitForSelector('.tab.active[data-resource-name="shop.py"]');
  await drawn('surface');
  await has('from rates import cost');
  await bench.shot('next-edit-other-file');
  await press('Tab');
  await has('from rates import surface');
});

await step('shows an edit of several lines', page, async () => {
  await rename('lines.py');
  await drawn('→ line');
  await press('Tab');
  await page.waitForSelector('.editor-group-container.active .cgmr');
  await bench.shot('next-edit-lines');
});

await browser.close();
