/**
 * The same work by other systems, in turns with ours: matrix products and training steps of NiN. Each runs in a process of
 * its own that works only when asked. None is a dependency: who wants to compare installs them.
 *
 * @packageDocumentation
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openSimd } from "../src/experiments/node-device.ts";
import { createRng } from "../src/tensor/random.ts";
import { scope } from "../src/tensor/scope.ts";
import { ourPass } from "./step.ts";
import { median, noiseOf } from "./timing.ts";

export interface PeerTime {
  readonly name: string;
  readonly device: string;
  readonly ms: number | null;
  readonly theirMs: number | null;
  /** Median of their time over ours, turn by turn. */
  readonly speed: number | null;
  readonly noise: number | null;
  /** Why there is no time. */
  readonly note: string | null;
}

interface Peer {
  readonly name: string;
  /** Seconds of one piece of work, or why it cannot be done. */
  ask(work: string): Promise<number | string>;
  end(): void;
}

const here = (name: string): string => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

/** A process that says its version, and then answers every line with one; `null` where it does not start. */
async function start(
  name: string,
  command: string,
  args: readonly string[],
  cwd?: string,
): Promise<Peer | null> {
  const child: ChildProcess = spawn(command, args, {
    ...(cwd && { cwd }),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const gone = new Promise<null>((done) => child.on("error", () => done(null)));
  child.stdin!.on("error", () => undefined);
  const answer = async (): Promise<string | null> => {
    const line = await Promise.race([gone, lines.next()]);
    return line === null || line.done === true ? null : (line.value as string);
  };
  const version = await answer();
  if (version === null) return null;
  return {
    name: `${name} ${version}`,
    async ask(work) {
      child.stdin!.write(`${work}\n`);
      const line = await answer();
      if (line === null) return "cannot: its process has ended";
      return line.startsWith("cannot") ? line : Number(line);
    },
    end: () => child.stdin!.end(),
  };
}

const python = process.env.PYTHON ?? "/usr/bin/python3";
/** Where peers of npm are installed. */
const folder = resolve(process.env.QGEN_PEERS ?? here("."));

/** Node runs a script as if it lay in the folder where its packages are. */
const inNode = (name: string, script: string, packages: readonly string[], ...args: string[]) => ({
  install: `npm install --prefix DIR ${packages.join(" ")}, then QGEN_PEERS=DIR`,
  open: async (): Promise<Peer | null> =>
    packages.every((each) => existsSync(join(folder, "node_modules", each)))
      ? start(
          name,
          process.execPath,
          ["--input-type=module", "--eval", readFileSync(here(script), "utf8"), "--", ...args],
          folder,
        )
      : null,
});
const tensorflow = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"];

/** How long a piece of work may take before it is done in fewer rounds. */
const LONG = 1;

interface Kind {
  readonly title: string;
  readonly works: readonly string[];
  readonly install: string;
  open(work: string): Promise<Peer | null>;
}

const inPython = (script: string, ...args: string[]) => start("PyTorch", python, [here(script), ...args]);
const products = ["product 192", "product 384", "product 768"];

const kinds: readonly Kind[] = [
  {
    title: "PyTorch",
    works: [...products, "step 1", "step 2", "step 8", "step 1 4", "step 2 4", "step 8 4"],
    install: "apt-get install python3-torch, or PYTHON=… for another Python",
    open(work) {
      const [kind, width, bits = "32"] = work.split(" ") as [string, string, string?];
      return kind === "product"
        ? inPython("torch_products.py")
        : inPython("torch_step.py", "train", width, bits, "128");
    },
  },
  {
    title: "jax-js, wasm",
    works: [...products, "step 1"],
    ...inNode("jax-js (wasm)", "jaxjs.mjs", ["@jax-js/jax"]),
  },
  {
    title: "TensorFlow.js, wasm",
    works: [...products, "step 1"],
    ...inNode("TensorFlow.js (wasm)", "tfjs.mjs", tensorflow, "wasm"),
  },
  {
    title: "TensorFlow.js, cpu",
    works: [...products.slice(0, 2), "step 1"],
    ...inNode("TensorFlow.js (cpu)", "tfjs.mjs", tensorflow, "cpu"),
  },
];

/** The same work by us. */
function ours(work: string): () => void | Promise<void> {
  const [kind, size, bits = "32"] = work.split(" ") as [string, string, string?];
  if (kind === "step") return ourPass("train", Number(size), Number(bits), 128);
  const [kernels, rng, n] = [openSimd(), createRng("peers"), Number(size)];
  const random = () =>
    kernels.tensor(
      Float32Array.from({ length: n * n }, () => rng.uniform()),
      [n, n],
    );
  const [a, b] = [random(), random()];
  return () => {
    scope(() => {
      kernels.gemm(a, b);
    });
  };
}

function titleOf(work: string): string {
  const [kind, size, bits = "32"] = work.split(" ");
  if (kind === "product") return `product, ${size}²`;
  return `training step, NiN 2×${size}, ${bits === "32" ? "FP32" : `Int${bits}`}, batch 128`;
}

async function inTurns(work: string, peer: Peer): Promise<PeerTime> {
  const run = ours(work);
  const [mine, theirs]: [number[], number[]] = [[], []];
  const row = { name: titleOf(work), device: peer.name };
  for (let round = -2, rounds = 9; round < rounds; round++) {
    const began = performance.now();
    await run();
    const seconds = (performance.now() - began) / 1000;
    const other = await peer.ask(work);
    if (typeof other === "string")
      return { ...row, ms: null, theirMs: null, speed: null, noise: null, note: other };
    if (other > LONG) rounds = other > 10 * LONG ? 1 : 3;
    if (round < 0) continue;
    mine.push(seconds);
    theirs.push(other);
  }
  const ratios = theirs.map((seconds, i) => seconds / mine[i]!);
  return {
    ...row,
    ms: 1000 * median(mine),
    theirMs: 1000 * median(theirs),
    speed: median(ratios),
    noise: ratios.length < 3 ? null : noiseOf(ratios),
    note: null,
  };
}

/** Every peer that is installed; says how to install the others. */
export async function peerTimes(): Promise<PeerTime[]> {
  const rows: PeerTime[] = [];
  for (const { title, works, install, open } of kinds)
    for (const work of works) {
      const peer = await open(work);
      if (peer === null) {
        console.error(`${title} is not installed: ${install}`);
        break;
      }
      const row = await inTurns(work, peer);
      peer.end();
      console.error(`${row.device}: ${row.name}: ${row.note ?? `${row.speed!.toFixed(2)} times our time`}`);
      rows.push(row);
    }
  return rows;
}
