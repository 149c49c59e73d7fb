/** The dashboard's build: served under /admin/ with a strict Content-Security-Policy, so nothing inline and nothing from elsewhere. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/admin/',
  plugins: [react()],
  // The SDK is read from its source: no build of it is needed first.
  resolve: { conditions: ['underpin-source', 'module', 'browser', 'import', 'default'] },
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Small files would otherwise become data: URLs, which font-src and script-src refuse.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
});
