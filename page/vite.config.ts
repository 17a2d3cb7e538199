import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** Isolated from other origins, so that a page may share memory between threads. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // Also from a folder of a site.
  base: "./",
  server: { headers: isolation, fs: { allow: [fileURLToPath(new URL("..", import.meta.url))] } },
  preview: { headers: isolation },
  optimizeDeps: { include: ["gpu.js", "uplot", "seedrandom"] },
  worker: { format: "es" },
  build: { outDir: "../build/page", emptyOutDir: true, target: "es2023" },
});
