import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const server = process.env['LOOM_SERVER'] ?? 'http://127.0.0.1:8420';

// Everything is bundled and self-hosted: the page's content security policy allows no other origin.
export default defineConfig({
  plugins: [svelte()],
  server: {
    port: 5173,
    proxy: {
      '/api': {
        target: server,
        ws: true,
        changeOrigin: true,
        // The server answers its own page alone; while developing, the page comes from here.
        headers: { origin: server },
      },
    },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  // A busy machine is slow, not wrong: only a hang is a failure.
  test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
