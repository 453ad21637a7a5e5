// VS Code's window in a browser, as a user does: commands from the palette, keys, menus. Every wait is for something
// to be seen, never for time to pass.

import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const plan = JSON.parse(process.argv[2]);
const load = createRequire(`${plan.modules}/`);
const { chromium } = load('playwright-core');

/**
 * What the simulator answers to the next request that holds `contains`. Every reply says which request it is for: a chat's title,
 * ghost text or an index may be asked for at any time. With `hold`, a stream stops after as many pieces until `release`.
 */
export async function script(reply) {
  if (!reply.contains && !reply.path) throw new Error(`for which request is ${JSON.stringify(reply)}?`);
  await fetch(`${plan.simulator}/_simulator/script`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ path: '/v1/chat/completions', ...reply }) });
}

/** Lets replies that are held continue. */
export const release = () => fetch(`${plan.simulator}/_simulator/hold`, { method: 'DELETE' });

/** Forgets replies that were not asked for. */
export const unscript = () => fetch(`${plan.simulator}/_simulator/script`, { method: 'DELETE' });

const PATIENCE = 120_000;
const TRY = 10_000;

export async function launch() {
  return chromium.launch({ executablePath: plan.chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

let failures = 0;

/** Runs `run` and reports how it went. A failed step leaves a picture; after three it stops. */
export async function step(name, page, run) {
  if (failures >= 3) return false;
  const began = performance.now();
  let error = '';
  try {
    await run();
  } catch (failure) {
    failures++;
    error = `${String(failure?.stack ?? failure).slice(0, 1500)}\n${await whereItIs(page)}`;
    if (page) await new Workbench(page, plan.port).command('Notifications: Show Notifications').catch(() => undefined);
    await page?.screenshot({ path: `${plan.shots}/failed-${name.replace(/\W+/g, '-')}.png` }).catch(() => undefined);
  }
  appendFileSync(plan.report, `${JSON.stringify({ name, ok: error === '', error, ms: Math.round(performance.now() - began) })}\n`);
  return error === '';
}

/** What has the focus and what is open, for the report of a failed step. */
function whereItIs(page) {
  return page?.evaluate(() => {
    const focus = document.activeElement;
    const open = '.suggest-widget.visible, .quick-input-widget:not([style*="display: none"]), .notifications-toasts.visible, .monaco-dialog-box, .parameter-hints-widget.visible';
    const widgets = [...document.querySelectorAll(open)].map((widget) => `${widget.className}: ${widget.textContent.slice(0, 120)}`);
    return `focus: ${focus?.tagName} ${focus?.className} in ${focus?.closest('.part')?.id}; window ${document.hasFocus() ? 'has' : 'lacks'} it; open: ${widgets.join(' | ') || 'nothing'}`;
  }).catch(String);
}

export class Workbench {
  constructor(page, port) {
    this.page = page;
    this.port = port;
  }

  /** A window of its own. `language`: the one that VS Code says it speaks; its own words stay English without its pack. */
  static async open(browser, port, folder, language = 'en') {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' });
    page.setDefaultTimeout(PATIENCE);
    await page.addInitScript((spoken) => Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', { get: () => spoken, set: () => undefined }), language);
    const bench = new Workbench(page, port);
    await page.goto(`http://127.0.0.1:${port}/?folder=${folder}`);
    await page.waitForSelector('.monaco-workbench .part.statusbar');
    return bench;
  }

  shot(name) {
    return this.page.screenshot({ path: `${plan.shots}/${name}.png` });
  }

  /**
   * Tries `once` until it holds, each time from a closed quick input: its list may be of before the command or the file was there, or
   * what was written may be lost while it opens. `once` waits for what it wants to see for `TRY` at most.
   */
  async again(once) {
    for (const end = Date.now() + PATIENCE; ; ) {
      try {
        return await once();
      } catch (error) {
        if (Date.now() > end) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** Runs a command by its title. */
  command(title) {
    return this.again(() => this.pick('F1', `>${title}`, title));
  }

  /** Opens the quick input by `key`, writes `text` and takes the first row, which `row` must be among. */
  async pick(key, text, row) {
    await this.quickInput(key, text);
    await this.page.waitForSelector(`.quick-input-list .monaco-list-row:has-text(${JSON.stringify(row)})`, { timeout: TRY });
    await this.page.keyboard.press('Enter');
  }

  /** Opens the quick input by a key and writes into it. Something else that takes the focus closes it: then it tries again. */
  quickInput(key, text) {
    return this.again(async () => {
      // A webview would keep the key for itself.
      await this.page.evaluate(() => document.activeElement?.tagName === 'IFRAME' && document.activeElement.blur());
      await this.page.keyboard.press(key);
      await this.page.waitForFunction(() => document.activeElement?.closest('.quick-input-widget') && document.activeElement.matches('input'), undefined, { timeout: TRY });
      await this.type(text, TRY);
    });
  }

  /** Writes into the quick input, in place of what is there. */
  async type(text, timeout = PATIENCE) {
    await this.page.locator('.quick-input-widget input.input').first().fill(text, { timeout });
  }

  /** Waits for a quick pick or input box whose title or placeholder holds `text`. */
  async asked(text, timeout = PATIENCE) {
    try {
      await this.page.waitForFunction((wanted) => {
        const widget = document.querySelector('.quick-input-widget:not([style*="display: none"])');
        return widget && `${widget.textContent} ${widget.querySelector('input')?.placeholder ?? ''}`.includes(wanted);
      }, text, { timeout });
    } catch (error) {
      throw new Error(`"${text}" was not asked; to be seen: ${await this.seen()}`, { cause: error });
    }
  }

  /** What asks or tells something just now, for a message. */
  async seen() {
    const texts = await this.page.locator('.quick-input-widget:visible, .notification-list-item:visible').allTextContents();
    return texts.join(' | ') || 'nothing that asks or tells';
  }

  /** Chooses the row that holds `row`, by typing `text`: rows out of sight are not in the page. What was written may be lost while rows come. */
  async choose(text, row = text) {
    const focused = `.quick-input-list .monaco-list-row.focused:has-text(${JSON.stringify(row)})`;
    for (const end = Date.now() + PATIENCE; ; ) {
      await this.type(text);
      try {
        await this.page.waitForSelector(focused, { timeout: TRY });
        return await this.page.keyboard.press('Enter');
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  openFile(name) {
    return this.again(async () => {
      await this.pick('Control+p', name, name);
      await this.page.waitForSelector(`.editor-group-container.active .tab.active:has-text(${JSON.stringify(name)})`, { timeout: TRY });
      await this.focused('.editor-group-container.active .monaco-editor');
    });
  }

  /** Moves the cursor, until the editor has the focus back and says that it is there. */
  goTo(line, column = 1) {
    return this.again(async () => {
      await this.quickInput('Control+g', `:${line}:${column}`);
      await this.page.keyboard.press('Enter');
      await this.focused('.editor-group-container.active .monaco-editor');
      await this.status(`Ln ${line}, Col ${column}`, TRY);
    });
  }

  /** Presses a key until `done` holds: what the key does where the cursor has just come to is known to VS Code a little later. */
  async pressUntil(key, done) {
    for (const end = Date.now() + PATIENCE; ; ) {
      await this.page.keyboard.press(key);
      try {
        return await done(TRY);
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  /** Waits until the focus is inside `selector`. */
  focused(selector) {
    return this.page.waitForFunction((wanted) => document.activeElement?.closest(wanted), selector, { timeout: TRY });
  }

  /** Chooses a color theme by its keys, from an editor: `seen` is the class that says it is drawn. */
  theme(name, seen = '') {
    return this.again(async () => {
      await this.command('View: Focus First Editor Group');
      await this.focused('.editor-group-container');
      await this.page.keyboard.press('Control+k');
      await this.page.keyboard.press('Control+t');
      await this.asked('Select Color Theme', TRY);
      await this.choose(name);
      if (seen) await this.page.waitForSelector(`.monaco-workbench.${seen}`, { timeout: TRY });
    });
  }

  /** Drags the edge of the side bar to `x`. */
  async widenSideBar(x) {
    const box = await this.page.locator('.part.sidebar').boundingBox();
    await this.page.mouse.move(box.x + box.width + 2, 500);
    await this.page.mouse.down();
    await this.page.mouse.move(x, 500, { steps: 5 });
    await this.page.mouse.up();
    await this.page.mouse.move(x + 200, 500);
  }

  status(text, timeout = PATIENCE) {
    return this.page.waitForSelector(`.statusbar-item:has-text(${JSON.stringify(text)})`, { timeout });
  }

  /**
   * Waits for a notification. A busy VS Code may put one into its notification center without showing it in the corner
   * (several within 800 ms, or one while another closes): then the center is opened, as a user would from the bell.
   */
  async notification(text) {
    const shown = this.page.locator(`.notification-list-item:has-text(${JSON.stringify(text)})`).first();
    const bell = this.page.locator('.notifications-center.visible');
    for (const end = Date.now() + PATIENCE; ; ) {
      try {
        return await shown.waitFor({ timeout: 15_000 });
      } catch (error) {
        if (Date.now() > end) throw error;
        if (!(await bell.isVisible())) await this.command('Notifications: Show Notifications');
      }
    }
  }

  /** Presses a button of a notification. While others come and go it slides to another place, where a click misses it: then it tries again. */
  async press(label) {
    const button = this.page.locator(`.notification-list-item .monaco-button:has-text(${JSON.stringify(label)})`).first();
    await button.waitFor();
    for (const end = Date.now() + PATIENCE; await button.isVisible(); ) {
      try {
        await button.click({ timeout: 5000 });
        await button.waitFor({ state: 'hidden', timeout: 5000 });
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  async clearNotifications() {
    await this.command('Notifications: Clear All Notifications');
  }

  /** The frame of one of our webviews, found by an element of it. */
  async webview(selector) {
    const end = Date.now() + PATIENCE;
    while (Date.now() < end) {
      for (const frame of this.page.frames()) {
        if (await frame.$(selector).catch(() => null)) return frame;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no webview shows ${selector}`);
  }
}

/** Serious and critical faults that axe finds in a webview's frame. */
export async function axe(frame) {
  await frame.evaluate(load('axe-core').source);
  const { violations } = await frame.evaluate(async () => {
    // The page is transparent, and what lies behind its frame cannot be seen from within.
    document.documentElement.style.background = 'var(--vscode-sideBar-background)';
    return globalThis.axe.run(document, { resultTypes: ['violations'] });
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}
