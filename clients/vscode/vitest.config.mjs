import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    alias: { vscode: fileURLToPath(new URL('./test/vscode.ts', import.meta.url)) },
    testTimeout: 120_000, // a busy machine is not a failure
  },
});
