import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    alias: { vscode: new URL('./test/vscode.ts', import.meta.url).pathname },
    testTimeout: 120_000, // a busy machine is not a failure
  },
});
