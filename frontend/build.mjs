/**
 * Bundle the front end into the integration.
 *
 *   node build.mjs          write the bundle
 *   node build.mjs --check  say whether the bundle that is there is what would be written
 *
 * Its first line holds the version and a hash of what it is made of, so that a machine without node can
 * see whether it is fresh (`tests/test_frontend.py`).
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const integration = resolve(here, "../custom_components/clip_download");
const target = join(integration, "frontend", "clip-download.js");
const MOST_GZIPPED = 150_000;

/** Every file that the bundle depends on, by its path here, in order. */
const sources = () =>
  [
    "build.mjs",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    ...readdirSync(join(here, "src"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(here, join(entry.parentPath, entry.name)).split(sep).join("/")),
  ].sort();

const hashOf = (version) => {
  const hash = createHash("sha256");
  for (const path of sources()) {
    const content = createHash("sha256").update(readFileSync(join(here, path))).digest("hex");
    hash.update(`${path} ${content}\n`);
  }
  hash.update(`version ${version}\n`);
  return hash.digest("hex");
};

export const bundle = async () => {
  const { version } = JSON.parse(readFileSync(join(integration, "manifest.json"), "utf8"));
  const result = await build({
    absWorkingDir: here,
    entryPoints: ["src/main.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "safari16", "chrome109", "firefox115"],
    charset: "utf8",
    legalComments: "eof",
    conditions: ["production"],
    define: { CLIP_DOWNLOAD_VERSION: JSON.stringify(version) },
    banner: { js: `/*! clip-download ${version} sources ${hashOf(version)} */` },
    write: false,
  });
  return result.outputFiles[0].text;
};

const text = await bundle();
const gzipped = gzipSync(text).length;
if (gzipped > MOST_GZIPPED) {
  console.error(`The bundle has ${gzipped} bytes gzipped, more than ${MOST_GZIPPED}.`);
  process.exit(1);
}
if (process.argv.includes("--check")) {
  let there = "";
  try {
    there = readFileSync(target, "utf8");
  } catch {
    // Told below.
  }
  if (there !== text) {
    console.error("The bundle is not what its sources give. Run script/frontend.");
    process.exit(1);
  }
  console.log(`The bundle is fresh (${gzipped} bytes gzipped).`);
} else {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  console.log(`${relative(resolve(here, ".."), target)}: ${text.length} bytes, ${gzipped} gzipped`);
}
