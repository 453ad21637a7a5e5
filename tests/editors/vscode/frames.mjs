// The chat view's page alone, in Chromium: 2,000 deltas as fast as a model streams, and what its frames take. Prints
// JSON: `{ours: {worst, p95, frames}, whole: {…}}` in milliseconds, `whole` being a page that renders everything again.

import { readFileSync } from 'node:fs';
import { launch, plan } from './workbench.mjs';

const DELTAS = 2000;
const BATCH = 4;
const PARAGRAPH = 'Some *prose* with `code`, a [link](https://example.com) and more words than one would read.\n\n';
const LIST = '- a point\n- another one with **weight**\n- a third\n\n';
const CODE = '```python\ndef add(a, b):\n    """Adds."""\n    return a + b  # done\n\n\nprint(add(1, 2))\n```\n\n';
const text = (PARAGRAPH + LIST + CODE).repeat(40);
const deltas = Array.from({ length: DELTAS }, (_, index) => text.slice(Math.floor((index * text.length) / DELTAS), Math.floor(((index + 1) * text.length) / DELTAS)));

const browser = await launch();
const result = {};
for (const mode of ['ours', 'whole']) {
  const page = await browser.newPage({ viewport: { width: 480, height: 900 } });
  await page.setContent('<!DOCTYPE html><html><body class="vscode-light"></body></html>');
  await page.evaluate(() => {
    globalThis.acquireVsCodeApi = () => ({ postMessage: () => undefined, getState: () => undefined, setState: () => undefined });
  });
  await page.addStyleTag({ content: readFileSync(`${plan.dist}/chat.css`, 'utf8') });
  await page.addScriptTag({ content: readFileSync(`${plan.dist}/chat.js`, 'utf8') });
  result[mode] = await measure(page, mode);
  await page.close();
}
await browser.close();
console.log(JSON.stringify(result));

/** A frame's work is the processor time of the page's thread from a batch's coming to the next task after it was painted. */
async function measure(page, mode) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  const threadMs = async () => (await devtools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ThreadTime').value * 1000;
  await page.evaluate(begin, mode);
  const frames = [];
  let before = await threadMs();
  for (let next = 0; next <= deltas.length; next += BATCH) {
    const batch = deltas.slice(next, next + BATCH);
    if (batch.length > 0 || mode === 'ours') await page.evaluate((news) => (news.length > 0 ? globalThis.frame(news) : globalThis.settle()), batch);
    const after = await threadMs();
    frames.push(after - before);
    before = after;
  }
  frames.sort((a, b) => a - b);
  return { worst: frames.at(-1), p95: frames[Math.floor(frames.length * 0.95)], frames: frames.length };
}

/** In the page: a turn that waits for its reply, and what is done for each frame and at the end. */
function begin(mode) {
  const strings = new Proxy({}, { get: (_target, name) => String(name) });
  const tell = (data) => window.dispatchEvent(new MessageEvent('message', { data }));
  const reply = (text) => ({ replyId: 'r', model: 'a/b', text, status: 'complete', citations: [], images: [] });
  const painted = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const afterwards = () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = resolve;
      port2.postMessage(0);
    });
  let text = '';
  tell({ type: 'start', strings });
  tell({ type: 'turn', turn: { turnId: 't', prompt: 'p', replies: [] } });
  tell({ type: 'events', events: [{ type: 'start', replyId: 'r', model: 'a/b' }] });
  const show = async (message) => {
    tell(message);
    await painted();
    await afterwards();
  };
  globalThis.frame = (batch) => {
    text += batch.join('');
    if (mode === 'ours') return show({ type: 'events', events: batch.map((delta) => ({ type: 'text', replyId: 'r', delta })) });
    return show({ type: 'chat', chat: { chatId: 'c', title: '', turns: [{ turnId: 't', prompt: 'p', replies: [reply(text)] }] } });
  };
  globalThis.settle = () => show({ type: 'settled', turnId: 't', replies: [reply(text)] });
}
