// Runs `host/index.cjs` inside the real extension host, with the whole `vscode` API. `plan`: port, workspace, extension.
//
// A built VS Code honours extensionDevelopmentPath and extensionTestsPath from the address only with
// `enableSmokeTestDriver`, which is set here in the page's own configuration before it is read.

import { launch, plan } from './workbench.mjs';

const LIMIT_MS = 900_000;
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' });
const ended = Promise.withResolvers();
await page.exposeFunction('codeAutomationExit', (code) => ended.resolve(code));
await page.exposeFunction('codeAutomationLog', (type, args) => console.log(type, String(args).slice(0, 400)));
await page.addInitScript(() => {
  const get = Element.prototype.getAttribute;
  Element.prototype.getAttribute = function (name) {
    const value = get.call(this, name);
    if (name !== 'data-settings' || this.id !== 'vscode-workbench-web-configuration') return value;
    const settings = JSON.parse(value);
    settings.developmentOptions = { ...settings.developmentOptions, enableSmokeTestDriver: true };
    return JSON.stringify(settings);
  };
});
const remote = (path) => `vscode-remote://127.0.0.1:${plan.port}${path}`;
const payload = [
  ['extensionDevelopmentPath', remote(plan.extension)],
  ['extensionTestsPath', remote(plan.tests)],
  ['skipWelcome', 'true'],
];
await page.goto(`http://127.0.0.1:${plan.port}/?folder=${plan.workspace}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
const limit = setTimeout(() => ended.resolve('not done in time'), LIMIT_MS);
const code = await ended.promise;
clearTimeout(limit);
await page.screenshot({ path: `${plan.shots}/host.png` });
await browser.close();
if (code !== 0) console.log(`ended with ${code}`);
process.exit(code === 0 ? 0 : 1);
