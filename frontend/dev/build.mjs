/** Build the page that shows the front end without Home Assistant; with `--serve`, serve it as well. */
import { context } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const builder = await context({
  absWorkingDir: here,
  entryPoints: ["dev.ts"],
  outdir: "build",
  bundle: true,
  format: "esm",
  target: "es2022",
  sourcemap: "inline",
  tsconfig: "../tsconfig.json",
  define: { CLIP_DOWNLOAD_VERSION: '"0.0.0"' },
});
if (process.argv.includes("--serve")) {
  await builder.watch();
  const { port } = await builder.serve({ servedir: ".", host: "127.0.0.1" });
  console.log(`http://127.0.0.1:${port}/`);
} else {
  await builder.rebuild();
  await builder.dispose();
}
