import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** `npm run build` builds it, by way of `scripts/build-dashboard.ts`, which also compresses. */
export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // The policy of the page forbids what is inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
});
