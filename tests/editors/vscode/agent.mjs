// A user with an agent: modes, a plan, approval by hunk, a command's output, taking it back, messages that wait, and chats in the
// background. `plan`: port, simulator,
// workspace, shots.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { launch, plan, script, step, Workbench } from './workbench.mjs';

const browser = await launch();
const bench = await Workbench.open(browser, plan.port, plan.workspace);
const { page } = bench;
const { keyboard } = page;
const read = (name) => readFileSync(`${plan.workspace}/${name}`, 'utf8');
const call = (name, args) => ({ tool_calls: [{ name, arguments: args }] });
let chat;

async function until(is, otherwise) {
  for (const end = Date.now() + 60_000; !is(); ) {
    if (Date.now() > end) throw new Error(otherwise());
    await page.waitForFunction(() => new Promise((resolve) => requestAnimationFrame(() => resolve(true))));
  }
}

/** Asks in the chat; the rounds of the model are for requests that hold the question. */
async function ask(text, ...rounds) {
  for (const round of rounds) await script({ contains: text, ...round });
  await chat.waitForSelector('.composer .send[aria-label="Send"]');
  await chat.locator('.composer textarea').fill(text);
  await chat.press('.composer textarea', 'Enter');
}

/** In light and in dark. */
async function shots(name) {
  for (const [theme, wanted, suffix] of [['Dark Modern', 'vs-dark', 'dark'], ['Light Modern', 'vs', 'light']]) {
    await bench.theme(theme, wanted);
    await bench.shot(`${name}-${suffix}`);
  }
}

await bench.status('sim-code');
await bench.command('Halley: Open Chat');
chat = await bench.webview('.composer textarea');
await bench.widenSideBar(620);

await step('shows the mode beside the question and keeps the one that is chosen', page, async () => {
  await chat.waitForSelector('.composer select.mode[data-mode="ask"]');
  await chat.focus('.composer select.mode');
  await keyboard.press('p');
  await chat.waitForSelector('.composer select.mode[data-mode="plan"]');
  // The chat before is empty too: what is waited for is the empty chat that takes its place.
  await chat.evaluate(() => document.querySelector('.welcome').setAttribute('data-before', ''));
  await bench.command('Halley: New Chat');
  await chat.waitForSelector('.welcome:not([data-before])');
  await chat.waitForSelector('.composer select.mode[data-mode="plan"]');
});

await step('shows a plan to agree to, by keyboard alone, and ticks its steps off', page, async () => {
  await ask(
    'Count up',
    call('write_plan', { steps: ['Raise n in a.py', 'Say so in NOTES.md'] }),
    call('edit_file', { path: 'a.py', old_text: 'n = 1', new_text: 'n = 2' }),
    call('mark_step', { step: 1, state: 'done' }),
    { text: 'One step is done.' },
  );
  await chat.waitForSelector('.tool-question button:has-text("Agree")');
  await shots('agent-plan-asks');
  await chat.focus('.composer textarea');
  await keyboard.press('Alt+ArrowUp');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await chat.waitForSelector('.tool[data-state="asking"] .diff-line.added:has-text("+n = 2")');
  if (read('a.py') !== 'n = 1\n') throw new Error('it was changed before the approval');
  await chat.focus('.composer textarea');
  await keyboard.press('Alt+ArrowUp');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await chat.waitForSelector('.plan .plan-step[data-state="done"]:has-text("Raise n")');
  await chat.waitForSelector('.plan .plan-count:has-text("1/2")');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("One step is done.")');
  await shots('agent-plan');
});

await step('has a plan changed in the words of the user', page, async () => {
  await ask('More', call('write_plan', { steps: ['Rewrite all'] }), { text: 'As you wish.' });
  await chat.click('.tool-question button:has-text("Change…")');
  await chat.waitForSelector('.turn:last-child .tool[data-state="denied"]');
  await chat.waitForFunction(() => document.querySelector('.composer textarea').value === 'Change the plan: ');
  await chat.locator('.composer textarea').fill('');
});

await step('approves an edit hunk by hunk and shows what a command writes', page, async () => {
  await chat.selectOption('.composer select.mode', 'agent');
  await ask(
    'Raise both',
    call('edit_file', { path: 'b.py', old_text: read('b.py').trim(), new_text: read('b.py').trim().replace('first = 1', 'first = 10').replace('second = 2', 'second = 20') }),
    call('run_command', { command: [plan.python, '-c', 'print(6 * 7)'] }),
    { text: 'Both are done.' },
  );
  await chat.waitForSelector('.tool-question .hunk >> nth=1');
  await chat.locator('.hunk input').nth(0).uncheck();
  await chat.waitForSelector('.tool-question button:has-text("Allow the Ticked")');
  await shots('agent-hunks');
  await chat.click('.tool-question button:has-text("Allow the Ticked")');
  await chat.waitForSelector('.tool[data-state="asking"] .tool-text:has-text("print(6 * 7)")');
  await chat.click('.tool-question button:has-text("Allow Once")');
  await chat.waitForSelector('.turn:last-child .markdown:has-text("Both are done.")');
  if (read('b.py') !== plan.half) throw new Error(`b.py: ${read('b.py')}`);
  await chat.click('.turn:last-child .tool:last-child summary');
  await chat.waitForSelector('.turn:last-child .tool:last-child .tool-text:has-text("42")');
  await shots('agent-command');
});

await step('shows what a turn changed and takes it back, and that too', page, async () => {
  const checkpoint = '.turn:last-child .checkpoint';
  await chat.click(`${checkpoint} button:has-text("Show Changes")`);
  await chat.waitForSelector(`${checkpoint} .diff-line.added:has-text("second = 20")`);
  await chat.click(`${checkpoint} button:has-text("Restore This File")`);
  await chat.waitForSelector(`${checkpoint} .checkpoint-note:has-text("Restored: b.py.")`);
  if (read('b.py') !== plan.whole) throw new Error(`b.py: ${read('b.py')}`);
  await shots('agent-restored');
  await chat.click(`${checkpoint} .checkpoint-note button:has-text("Undo")`);
  await until(() => read('b.py') === plan.half, () => `b.py: ${read('b.py')}`);
});

await step('asks before it takes back what the user changed since', page, async () => {
  const checkpoint = '.turn:last-child .checkpoint';
  writeFileSync(`${plan.workspace}/b.py`, `${plan.half}# mine\n`);
  await chat.click(`${checkpoint} button:has-text("Restore to Here")`);
  await chat.waitForSelector(`${checkpoint} .checkpoint-note:has-text("You changed these since")`);
  await chat.click(`${checkpoint} button:has-text("Restore Them Anyway")`);
  await until(() => read('b.py') === `${plan.whole}# mine\n`, () => `b.py: ${read('b.py')}`);
});

await step('reviews a turn hunk by hunk in the editor', page, async () => {
  await chat.click('.turn:first-child .checkpoint button:has-text("Review Hunks")');
  await page.waitForSelector('.tab.active:has-text("a.py")');
  await shots('agent-review');
});

await step('shows modes, plan and what can be taken back again after a reload', page, async () => {
  await page.reload();
  chat = await bench.webview('.composer textarea');
  await chat.waitForSelector('.composer select.mode[data-mode="agent"]');
  await chat.waitForSelector('.plan .plan-step[data-state="done"]');
  await chat.waitForSelector('.turn .checkpoint >> nth=1');
});

/** Focus on the first button of the question that waits, by keys alone. */
async function toQuestion() {
  await chat.waitForSelector('.tool-question:not([hidden]) button');
  await chat.focus('.composer textarea');
  await keyboard.press('Alt+ArrowUp');
  await keyboard.press('Tab');
}

/** Writes into the chat while a reply is written. */
async function queue(text) {
  await chat.locator('.composer textarea').fill(text);
  await chat.press('.composer textarea', 'Enter');
  await chat.waitForSelector(`.queue li:has-text("${text}")`);
}

const create = (path, text) => call('create_file', { path, text });
const lastTurn = (text) => chat.waitForSelector(`.turn:last-child .markdown:has-text("${text}")`);

await step('sends what was written meanwhile after the step, and not what was withdrawn', page, async () => {
  await ask('Make d', create('d.py', 'd = 1\n'));
  await chat.waitForSelector('.tool[data-state="asking"] .diff-line.added:has-text("+d = 1")');
  await script({ contains: 'And then', text: 'Next is done.' });
  await queue('And then');
  await queue('Never mind');
  await keyboard.press('Shift+Tab');
  await keyboard.press('Enter');
  await chat.waitForFunction(() => document.querySelector('.composer textarea').value === 'Never mind');
  await chat.waitForFunction(() => document.querySelectorAll('.queue li').length === 1);
  await shots('agent-queued');
  await chat.locator('.composer textarea').fill('');
  await toQuestion();
  await keyboard.press('Enter');
  await lastTurn('Next is done.');
  await chat.waitForSelector('.queue', { state: 'hidden' });
  await chat.waitForSelector('.turn:nth-last-child(2) .reply-foot .icon-button');
  await until(() => read('d.py') === 'd = 1\n', () => 'd.py is not there');
});

await step('stops all, keeps what was done and gives back what waited', page, async () => {
  await ask('Make two', create('e.py', 'e = 1\n'), create('f.py', 'f = 1\n'));
  await toQuestion();
  await keyboard.press('Enter');
  await chat.waitForSelector('.tool[data-state="asking"] .diff-line.added:has-text("+f = 1")');
  await queue('Later');
  await keyboard.press('Escape');
  await chat.waitForSelector('.turn:last-child .problem:not([hidden])');
  await chat.waitForFunction(() => document.querySelector('.composer textarea').value === 'Later');
  await chat.waitForSelector('.turn:last-child .checkpoint:has-text("e.py")');
  await shots('agent-stopped');
  await chat.locator('.composer textarea').fill('');
  if (read('e.py') !== 'e = 1\n') throw new Error(`e.py: ${read('e.py')}`);
});

await step('sends an earlier turn again with its files as they were, and asks about what the user changed since', page, async () => {
  writeFileSync(`${plan.workspace}/e.py`, 'e = 1\n# mine\n');
  await chat.focus('.turn:has-text("Make d") button[aria-label="Edit and send again"]');
  await keyboard.press('Enter');
  await chat.waitForSelector('.banner input:checked');
  await chat.waitForSelector('.banner label:has-text("d.py, e.py")');
  await shots('agent-edit');
  await script({ contains: 'Otherwise', text: 'It is otherwise.' });
  await chat.locator('.composer textarea').fill('Otherwise');
  await chat.press('.composer textarea', 'Enter');
  await page.waitForSelector('.monaco-dialog-box:has-text("You changed these files since: e.py")');
  await bench.shot('agent-edit-asks');
  await page.click('.monaco-dialog-box .monaco-button:has-text("Keep Them")');
  await lastTurn('It is otherwise.');
  if (await chat.$('.turn:has-text("Make two")')) throw new Error('the turns after it are still there');
  await until(() => !existsSync(`${plan.workspace}/d.py`), () => 'd.py is still there');
  if (read('e.py') !== 'e = 1\n# mine\n') throw new Error(`e.py: ${read('e.py')}`);
});

/** What calls of chats have cost since a row of the ledger, and its last row. */
function ledger(since = 0) {
  const query = `import json, sqlite3, sys
rows = sqlite3.connect(sys.argv[1]).execute("SELECT id, cost FROM calls WHERE feature = 'chat' AND id > ?", (int(sys.argv[2]),)).fetchall()
print(json.dumps({'last': max([0, *(row[0] for row in rows)]), 'cost': sum(row[1] or 0 for row in rows)}))`;
  return JSON.parse(execFileSync(plan.python, ['-c', query, plan.ledger, String(since)], { encoding: 'utf8' }));
}

/** Waits until the reply shows just what the ledger has; its rows are written meanwhile. */
async function sameCost(since) {
  const same = async () => {
    const { cost } = ledger(since);
    const shown = await chat.evaluate(() => Number(/\$([\d.]+)/.exec(document.querySelector('.turn:last-child .reply-foot').textContent)?.[1]));
    return cost > 0 && shown === Number(cost.toFixed(cost >= 0.995 ? 2 : cost >= 0.01 ? 3 : 5));
  };
  for (const end = Date.now() + 60_000; !(await same()); ) if (Date.now() > end) throw new Error(`the ledger has ${JSON.stringify(ledger(since))}`);
}

/** Answers each question of a task by keys alone. */
async function answerByKeys(task, since) {
  for (const answer of task.answers) {
    await toQuestion();
    await sameCost(since);
    if (answer.hunks) {
      const count = await chat.locator('.tool-question .hunk input').count();
      for (let index = 0; index < count; index++) {
        await chat.waitForFunction((at) => document.activeElement === document.querySelectorAll('.tool-question .hunk input')[at], index);
        if (!answer.hunks.includes(index)) await keyboard.press('Space');
        for (const _stop of ['the diff', 'what is next']) await keyboard.press('Tab');
      }
    }
    await chat.waitForFunction(() => document.activeElement?.dataset.decision === 'once');
    const call = await chat.evaluate(() => document.activeElement.closest('.tool').dataset.call);
    await keyboard.press('Enter');
    await chat.waitForFunction((id) => document.querySelector(`.tool[data-call="${id}"] .tool-question`).hidden, call);
  }
}

await step('tells which chat waits for an approval and brings the user there', page, async () => {
  await ask('In the background', create('g.py', 'g = 1\n'), { text: 'The background is done.' });
  await chat.waitForSelector('.tool[data-state="asking"] .diff-line.added:has-text("+g = 1")');
  await bench.command('Halley: New Chat');
  await chat.waitForSelector('.welcome');
  await page.waitForSelector('.activitybar .badge:has-text("1"), .part.sidebar .badge:has-text("1")');
  await bench.command('Halley: Show Chats');
  await chat.waitForSelector('.chat-rows li:first-child .chat-state[data-state="asking"]');
  await shots('agent-background');
  await chat.focus('.history input[type="search"]');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await toQuestion();
  await keyboard.press('Enter');
  await lastTurn('The background is done.');
  await until(() => read('g.py') === 'g = 1\n', () => 'g.py is not there');
  await bench.clearNotifications();
});

await step('brings the user to a chat from its notification', page, async () => {
  await ask('Once more', create('h.py', 'h = 1\n'), { text: 'Once more it is done.' });
  await chat.waitForSelector('.tool[data-state="asking"] .diff-line.added:has-text("+h = 1")');
  await bench.command('Halley: New Chat');
  await chat.waitForSelector('.welcome');
  await bench.notification('May the model use');
  await bench.press('Show Chat');
  await toQuestion();
  await keyboard.press('Enter');
  await lastTurn('Once more it is done.');
});

await step('reviews the changes from the palette, with findings among the problems', page, async () => {
  writeFileSync(`${plan.workspace}/c.py`, 'try:\n    n()\nexcept:\n    pass\n');
  const found = { file: 'c.py', line: 3, severity: 'error', title: 'A bare except hides every error', text: 'Name the error.', quote: 'except:' };
  await script({ contains: 'except:', text: JSON.stringify([found]) });
  await bench.command('Halley: Review Changes…');
  await bench.asked('What is to be reviewed?');
  await bench.choose('All Changes');
  await bench.notification('1 finding');
  await bench.press('Show Problems');
  await page.waitForSelector('.markers-panel .monaco-list-row:has-text("A bare except hides every error")');
  await bench.shot('review-problems');
});

await step('ends tasks as they were agreed, answered by keys alone, and shows what they cost while they work', page, async () => {
  for (const task of plan.tasks) {
    for (const [name, text] of Object.entries(task.files)) writeFileSync(`${plan.workspace}/${name}`, text);
    for (const { file, text } of task.types) {
      await bench.openFile(file);
      await bench.goTo(1);
      await keyboard.type(`${text}\n`);
      await page.waitForSelector('.tab.active.dirty');
    }
    await bench.command('Halley: New Chat');
    await chat.waitForSelector('.welcome');
    await chat.selectOption('.composer select.mode', task.mode);
    await chat.waitForSelector(`.composer select.mode[data-mode="${task.mode}"]`);
    const { last } = ledger();
    await ask(task.prompt, ...task.rounds);
    await answerByKeys(task, last);
    await lastTurn(task.last);
    await chat.waitForSelector('.turn:last-child .reply-foot .usage');
    await sameCost(last);
    for (const [name, text] of Object.entries({ ...task.files, ...task.result })) {
      const isSaved = !name.endsWith(' (not saved)');
      if (isSaved && read(name) !== text) throw new Error(`${name}: ${read(name)}`);
    }
    for (const { file } of task.types) {
      await bench.openFile(file);
      await page.waitForSelector('.tab.active.dirty');
      await keyboard.press('Control+s');
      await until(() => read(file) === task.result[`${file} (not saved)`], () => `${file}: ${read(file)}`);
    }
  }
});

await step('reaches every step and the ways to take a turn back by Tab, and opens and restores by keys', page, async () => {
  const turn = '.turn:last-child';
  await chat.focus('.composer textarea');
  await keyboard.press('Alt+ArrowUp');
  const reached = async (selector, key = 'Tab') => {
    for (let presses = 0; presses < 60; presses++) {
      if (await chat.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
      await keyboard.press(key);
    }
    throw new Error(`${selector} is never reached`);
  };
  for (const at of [1, 2, 3, 4]) await reached(`${turn} .tool:nth-child(${at}) summary`);
  await keyboard.press('Enter');
  await chat.waitForSelector(`${turn} .tool:nth-child(4) details[open]`);
  await keyboard.press('Tab');
  await chat.waitForFunction(() => document.activeElement?.matches('.tool-text'));
  await reached(`${turn} .checkpoint button`);
  for (let presses = 0; presses < 10 && !(await chat.evaluate(() => document.activeElement?.textContent?.includes('Restore to Here'))); presses++) await keyboard.press('Tab');
  await keyboard.press('Enter');
  await chat.waitForSelector(`${turn} .checkpoint-note:has-text("Restored: shop.py.")`);
  const task = plan.tasks.at(-1);
  await until(() => read('shop.py') === task.files['shop.py'], () => `shop.py: ${read('shop.py')}`);
});

await browser.close();
