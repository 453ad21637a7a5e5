// The chat view's page alone, in Chromium: 2,000 deltas as fast as a model streams, and how long its frames take. Prints
// JSON: `{ours: {worst, p95, frames}, whole: {…}}` in milliseconds, `whole` being a page that renders everything anew.

import { readFileSync } from 'node:fs';
import { launch, plan } from './workbench.mjs';

const DELTAS = 2000;
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
  result[mode] = await page.evaluate(measure, { deltas, mode });
  await page.close();
}
await browser.close();
console.log(JSON.stringify(result));

async function measure({ deltas, mode }) {
  const strings = new Proxy({}, { get: (_target, name) => String(name) });
  const tell = (data) => window.dispatchEvent(new MessageEvent('message', { data }));
  const reply = (text) => ({ replyId: 'r', model: 'a/b', text, status: 'complete', citations: [], images: [] });
  tell({ type: 'start', strings });
  tell({ type: 'turn', turn: { turnId: 't', prompt: 'p', replies: [] } });
  tell({ type: 'events', events: [{ type: 'start', replyId: 'r', model: 'a/b' }] });
  const frames = [];
  let text = '';
  let next = 0;
  // The work of a frame is what is done between its beginning and the next task after it was painted.
  const paint = () => new Promise((resolve) => requestAnimationFrame(() => resolve()));
  const after = () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve();
      port2.postMessage(0);
    });
  while (next < deltas.length) {
    const batch = deltas.slice(next, (next += 4));
    text += batch.join('');
    const began = performance.now();
    if (mode === 'ours') tell({ type: 'events', events: batch.map((delta) => ({ type: 'text', replyId: 'r', delta })) });
    else tell({ type: 'chat', chat: { chatId: 'c', title: '', turns: [{ turnId: 't', prompt: 'p', replies: [reply(text)] }] } });
    const worked = performance.now() - began;
    await paint();
    const drawing = performance.now();
    await after();
    frames.push(worked + performance.now() - drawing);
  }
  if (mode === 'ours') {
    const began = performance.now();
    tell({ type: 'settled', turnId: 't', replies: [reply(text)] });
    await after();
    frames.push(performance.now() - began);
  }
  frames.sort((a, b) => a - b);
  return { worst: frames.at(-1), p95: frames[Math.floor(frames.length * 0.95)], frames: frames.length };
}
