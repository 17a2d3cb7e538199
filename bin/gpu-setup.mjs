// Builds the package `gl`, which draws without a window, for `--device headlessgl`. An install leaves it out: it compiles
// native code (seconds; needs make, g++ and Python 3).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const say = (text) => process.stderr.write(`${text}\n`);

let folder;
try {
  folder = dirname(require.resolve("gl/package.json"));
} catch {
  say('the package "gl" is not installed: run "npm ci" (without --omit=optional)');
  process.exit(1);
}
const built = join(folder, "build/Release/webgl.node");
if (!existsSync(built)) {
  say(`building ${folder} …`);
  try {
    execFileSync(
      process.execPath,
      [require.resolve("node-gyp/bin/node-gyp.js", { paths: [folder] }), "rebuild"],
      {
        cwd: folder,
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
  } catch (error) {
    say(String(error.stderr ?? error.message));
    say(
      "it did not compile: it needs make, g++ and Python 3 (Debian: apt-get install build-essential python3)",
    );
    process.exit(1);
  }
}

// ANGLE looks for Vulkan beside itself.
const vulkan = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
]
  .map((directory) => join(directory, "libvulkan.so.1"))
  .find((file) => existsSync(file));
const link = join(folder, "build/Release/libvulkan.so.1");
if (vulkan === undefined)
  say(
    "built; there is no Vulkan here: it will need a display (xvfb-run -a …), or Vulkan (on Debian: apt-get install mesa-vulkan-drivers) and this command once more",
  );
else {
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(vulkan, link);
  say(`built, with ${vulkan}`);
}
say('"npm run qgen -- doctor" tells what it has found');
