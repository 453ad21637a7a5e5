// Bundles: the extension and the language client that it loads later (Node, CommonJS), and the two webviews (browser). `--watch` keeps going; `--dev` keeps source maps,
// `--outdir=` puts them elsewhere.
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';

const dev = process.argv.includes('--dev');
const watch = process.argv.includes('--watch');
const outdir = process.argv.find((argument) => argument.startsWith('--outdir='))?.slice('--outdir='.length) ?? 'dist';

const common = {
  bundle: true,
  minify: !dev,
  sourcemap: dev ? 'linked' : false,
  legalComments: 'none',
  charset: 'utf8',
  outdir,
  logLevel: 'warning',
};

const node = {
  ...common,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['vscode'],
  // What is loaded later must be given `vscode` too, which only `require` is sure to be.
  supported: { 'dynamic-import': false },
};

// The language client stays outside the extension's bundle.
const later = {
  name: 'later',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/client$/ }, ({ kind }) => (kind === 'dynamic-import' ? { path: './client.js', external: true } : undefined));
  },
};

// A package's own files cannot be named by `alias`.
const unused = {
  name: 'unused',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(codeLens|diagnostic|semanticTokens|callHierarchy|typeHierarchy|inlayHint|inlineValue|colorProvider|linkedEditingRange|foldingRange|selectionRange|rename|signatureHelp|documentHighlight|typeDefinition|implementation|declaration|hover|definition|reference|documentSymbol|documentLink|workspaceSymbol|fileOperations)$/ }, ({ importer }) => (/vscode-languageclient/.test(importer) ? { path: fileURLToPath(new URL('shims/features.cjs', import.meta.url)) } : undefined));
    // What those features make of the editor's objects.
    onResolve({ filter: /^\.\/protocol(CallHierarchyItem|TypeHierarchyItem|InlayHint|WorkspaceSymbol|CodeLens|DocumentLink)$/ }, ({ importer }) => (/vscode-languageclient/.test(importer) ? { path: fileURLToPath(new URL('shims/nothing.cjs', import.meta.url)) } : undefined));
    // The messages of those features.
    onResolve({ filter: /^\.\/protocol\.(diagnostic|callHierarchy|typeHierarchy|inlineValue|colorProvider|linkedEditingRange|moniker|foldingRange|selectionRange|typeDefinition|implementation|declaration|fileOperations)$/ }, ({ importer }) => (/vscode-languageserver-protocol/.test(importer) ? { path: fileURLToPath(new URL('shims/nothing.cjs', import.meta.url)) } : undefined));
  },
};

const bundles = [
  { ...node, entryPoints: { extension: 'src/extension.ts' }, banner: { js: '"use strict"; const halleyBegan = process.cpuUsage();' }, footer: { js: 'const halleyLoaded = process.cpuUsage(halleyBegan);' }, plugins: [later] },
  {
    ...node,
    entryPoints: { client: 'src/daemon/client.ts' },
    plugins: [unused],
    alias: { minimatch: './shims/minimatch.cjs', 'semver/functions/parse': './shims/semver-parse.cjs', 'semver/functions/satisfies': './shims/semver-satisfies.cjs', 'vscode-languageserver-textdocument': './shims/textdocument.cjs' },
  },
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
