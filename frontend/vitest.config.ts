import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { CLIP_DOWNLOAD_VERSION: '"1.2.3"' },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts"], restoreMocks: true, testTimeout: 120_000 },
});
