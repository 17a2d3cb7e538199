/**
 * `npm run soak [-- overhead | faults [ROUNDS] | jobs [COUNT]]`: what takes too long for a test of sweeps.
 *
 * overhead  which share of their time workers train, in runs of a usual length
 * faults    workers and sweeps killed at random, round after round; the tables have to be the same to the bit
 * jobs      many tiny jobs through Redis (redis-server has to be installed): every result has to arrive, once
 *
 * @packageDocumentation
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const home = mkdtempSync(join(tmpdir(), "qgen-soak-"));
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});
process.on("SIGINT", () => process.exit(130));

const base = {
  name: "soak",
  data: { name: "synthetic", train: 32, test: 16 },
  depths: [1],
  widths: [1],
  optimizers: [{ optimizer: "sgd", momentum: 0.9, lrs: [0.1] }],
  weightDecays: [1e-4],
  bits: [32, 8, 4, 2],
  seeds: [0],
  epochs: 2,
  batchSize: 16,
  milestones: [1],
  gamma: 0.1,
};

function gridFile(name: string, change: object): string {
  const path = join(home, `${name}.json`);
  writeFileSync(path, JSON.stringify({ ...base, name, ...change }));
  return path;
}

interface Started {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly done: Promise<number | null>;
}

function command(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Started {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  const done = new Promise<number | null>((resolve) =>
    child.on("close", (code) => {
      running.delete(child);
      resolve(code);
    }),
  );
  return { child, text: () => text, done };
}

const qgen = (args: readonly string[], env?: Readonly<Record<string, string>>): Started =>
  command(process.execPath, ["bin/qgen.mjs", ...args], env);

async function succeed({ done, text }: Started): Promise<string> {
  const code = await done;
  if (code !== 0) throw new Error(`exit code ${code}:\n${text()}`);
  return text();
}

const tablesOf = (dir: string): string =>
  JSON.stringify(
    readdirSync(join(dir, "tables"))
      .sort()
      .map((name) => [name, readFileSync(join(dir, "tables", name), "base64")]),
  );

const childrenOf = (child: ChildProcess): number[] => {
  try {
    const list = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
    return list.split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

async function overhead(): Promise<void> {
  const grid = gridFile("overhead", {
    data: { name: "synthetic", train: 2048, test: 512 },
    depths: [2],
    batchSize: 128,
    epochs: 30,
    milestones: [10, 20],
  });
  const text = await succeed(qgen(["sweep", grid, "--out", join(home, "overhead"), "--workers", "2"]));
  console.log(
    `overhead: 4 runs of NiN 2×1, 30 epochs of 2,048 images: ${/workers trained for .*/.exec(text)?.[0]}`,
  );
}

async function faults(rounds: number): Promise<void> {
  const grid = gridFile("faults", { weightDecays: [0, 1e-4, 2e-4, 3e-4, 4e-4], seeds: [0, 1] });
  const whole = join(home, "undisturbed");
  await succeed(qgen(["sweep", grid, "--out", whole]));
  let kills = 0;
  for (let round = 0; round < rounds; round++) {
    const out = join(home, `round-${round}`);
    // Two at a time on one folder. Those that are killed are started again.
    const sweeps = [0, 1].map(() => qgen(["sweep", grid, "--out", out, "--workers", "1", "--lease", "10"]));
    const codes: (number | null | undefined)[] = [undefined, undefined];
    const follow = (i: number): void => {
      codes[i] = undefined;
      void sweeps[i]!.done.then((code) => {
        codes[i] = code;
      });
    };
    [0, 1].forEach(follow);
    for (let left = 10; codes.some((code) => code === undefined || code === null); ) {
      await sleep(100 + Math.random() * 900);
      for (const i of [0, 1]) {
        if (codes[i] !== null) continue;
        sweeps[i] = qgen(["sweep", grid, "--out", out, "--workers", "1", "--lease", "10"]);
        follow(i);
      }
      const victim = sweeps[Math.floor(Math.random() * 2)]!;
      const workers = childrenOf(victim.child);
      if (left === 0 || workers.length === 0) continue;
      if (Math.random() < 0.25) victim.child.kill("SIGKILL");
      else process.kill(workers[0]!, "SIGKILL");
      left--;
      kills++;
    }
    if (codes.some((code) => code !== 0)) throw new Error(sweeps.map(({ text }) => text()).join("\n"));
    if (tablesOf(out) !== tablesOf(whole)) throw new Error(`round ${round}: the tables differ: ${out}`);
    console.log(`faults: round ${round + 1} of ${rounds}, ${kills} killed so far: 40 runs, the same tables`);
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

async function jobs(count: number): Promise<void> {
  const port = await freePort();
  const QGEN_REDIS = `redis://127.0.0.1:${port}`;
  command("redis-server", ["--port", String(port), "--dir", home, "--appendonly", "yes", "--save", ""]);
  const grid = gridFile("jobs", {
    data: { name: "synthetic", train: 2, test: 1 },
    seeds: Array.from({ length: Math.ceil(count / 4) }, (_, seed) => seed),
    epochs: 1,
    batchSize: 2,
    milestones: [],
  });
  const out = join(home, "jobs");
  const workers = [0, 1].map((i) =>
    qgen(["worker", "--workers", "1", "--out", join(home, `worker-${i}`)], { QGEN_REDIS }),
  );
  const began = performance.now();
  await succeed(qgen(["sweep", grid, "--out", out, "--redis"], { QGEN_REDIS }));
  const seconds = (performance.now() - began) / 1000;
  for (const { child } of workers) child.kill("SIGINT");
  await Promise.all(workers.map(({ done }) => done));
  const ended = workers.map(({ text }) => text().match(/: complete$/gm)?.length ?? 0);
  const rows = readFileSync(join(out, "tables/runs.csv"), "utf8").trim().split("\n").slice(1);
  const complete = rows.filter((row) => row.includes(",complete,")).length;
  console.log(
    `jobs: ${rows.length} through Redis in ${seconds.toFixed(0)} s, ${complete} results complete; trained by two workers: ${ended.join(" + ")}`,
  );
  if (complete !== rows.length || ended[0]! + ended[1]! !== rows.length) process.exitCode = 1;
}

const [what = "all", n] = process.argv.slice(2);
if (what === "all" || what === "overhead") await overhead();
if (what === "all" || what === "faults") await faults(Number(n ?? 10));
if (what === "all" || what === "jobs") await jobs(Number(n ?? 10_000));
process.exit();
