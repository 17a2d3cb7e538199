// A program of this repository as one file of JavaScript in build/programs, which starts in a third of the time that its hundreds of
// files of TypeScript take. It is made anew when one of them has changed.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const self = fileURLToPath(import.meta.url);
const repository = fileURLToPath(new URL("..", import.meta.url));
/** @param {string} path */
const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs;
/** Before the list of the files that a bundle was made of, at its end: a bundle and its list cannot come apart. */
const listed = "\n// made of ";

/** @param {string} bundle */
function isFresh(bundle) {
  try {
    const text = readFileSync(bundle, "utf8");
    const files = JSON.parse(text.slice(text.lastIndexOf(listed) + listed.length));
    return Object.entries(files).every(([file, time]) => changed(file) === time);
  } catch {
    return false;
  }
}

/**
 * The address of the bundle of a program.
 *
 * @param {string} entry - of the program, from the root: `src/…/NAME.ts`
 */
export async function bundled(entry, root = repository) {
  const bundle = join(root, "build/programs", entry.replace(/^.*\/(.*)\.ts$/, "$1.mjs"));
  if (!isFresh(bundle)) await make(join(root, entry), bundle);
  process.setSourceMapsEnabled(true);
  return pathToFileURL(bundle).href;
}

/**
 * @param {string} entry
 * @param {string} bundle
 */
async function make(entry, bundle) {
  const { build } = await import("esbuild");
  /** @type {Record<string, number | undefined>} */
  const files = { [self]: changed(self) };
  /** @type {(file: import("esbuild").OnLoadArgs) => import("esbuild").OnLoadResult} */
  const load = ({ path }) => {
    files[path] = changed(path);
    // A module finds the files beside it by its own address.
    const here = JSON.stringify(pathToFileURL(path).href);
    return {
      contents: readFileSync(path, "utf8").replaceAll("import.meta.url", here),
      loader: "ts",
    };
  };
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile: bundle,
    write: false,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "linked",
    sourcesContent: false,
    plugins: [{ name: "addresses", setup: ({ onLoad }) => onLoad({ filter: /\.ts$/ }, load) }],
  });
  mkdirSync(dirname(bundle), { recursive: true });
  for (const { path, text } of outputFiles) {
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, path === bundle ? `${text}${listed}${JSON.stringify(files)}\n` : text);
    // Whoever reads it finds all of it.
    renameSync(fresh, path);
  }
}
