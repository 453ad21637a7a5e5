// Bundles: the extension (Node, CommonJS) and the two webviews (browser). `--watch` keeps going; `--dev` keeps source maps,
// `--outdir=` puts them elsewhere.
import { build, context } from 'esbuild';

const dev = process.argv.includes('--dev');
const watch = process.argv.includes('--watch');
const outdir = process.argv.find((argument) => argument.startsWith('--outdir='))?.slice('--outdir='.length) ?? 'dist';

const common = {
  bundle: true,
  minify: !dev,
  sourcemap: dev ? 'linked' : false,
  legalComments: 'none',
  outdir,
  logLevel: 'warning',
};

// A package's own files cannot be named by `alias`.
const unused = {
  name: 'unused',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(notebook|diagnostic)$/ }, ({ importer }) => (/vscode-languageclient/.test(importer) ? { path: new URL('shims/features.cjs', import.meta.url).pathname } : undefined));
  },
};

const bundles = [
  { ...common, entryPoints: { extension: 'src/extension.ts' }, platform: 'node', target: 'node20', format: 'cjs', external: ['vscode'], banner: { js: '"use strict"; const halleyBegan = process.cpuUsage();' }, plugins: [unused], alias: { minimatch: './shims/minimatch.cjs', 'semver/functions/parse': './shims/semver-parse.cjs', 'semver/functions/satisfies': './shims/semver-satisfies.cjs' } },
  {
    ...common,
    entryPoints: { chat: 'src/webview/chat.ts', usage: 'src/webview/usage.ts' },
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    alias: { entities: './shims/entities.ts', 'linkify-it': './shims/linkify.ts' },
  },
  { ...common, entryPoints: { chat: 'src/webview/chat.css', usage: 'src/webview/usage.css' } },
];

for (const options of bundles) {
  if (watch) await (await context(options)).watch();
  else await build(options);
}
