import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Job, schemaId, shownAddress } from "../../src/experiments/sweep/redis.ts";
import { createRng } from "../../src/tensor/random.ts";
import { qgen, scratch, scratchOfFile, start } from "./qgen.ts";
import { childrenOf, endedIn, namesIn, sleep, tablesOf, until, writeGrid } from "./sweep-tools.ts";

const absent = spawnSync("redis-server", ["--version"]).status !== 0;
if (absent) console.log("redis-server is not here: what needs it is skipped");

const seconds = (n: number): { timeout: number } => ({ timeout: n * 1000 });
const password = "not-to-be-shown";

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** A Redis of its own that keeps what it is told in a file. */
function redis(folder: string, port: number, ...more: string[]): ChildProcess {
  const args = ["--dir", folder, "--appendonly", "yes", "--save", "", "--requirepass", password, ...more];
  return spawn("redis-server", [...args, ...(more.includes("--tls-port") ? [] : ["--port", String(port)])], {
    stdio: "ignore",
  });
}

const home = scratchOfFile();
let [port, url, server]: [number, string, ChildProcess | undefined] = [0, "", undefined];
const grid = writeGrid(home);
const undisturbed = join(home, "undisturbed");

beforeAll(async () => {
  if (absent) return;
  port = await freePort();
  url = `redis://:${password}@127.0.0.1:${port}`;
  server = redis(home, port);
  await qgen("sweep", grid, "--out", undisturbed);
}, 120_000);
afterAll(() => void server?.kill("SIGKILL"));

function worker(out: string, more: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const started = start(["worker", "--workers", "2", "--lease", "4", "--out", out, ...more], {
    QGEN_REDIS: url,
    ...env,
  });
  onTestFinished(() => void started.child.kill("SIGKILL"));
  let text = "";
  started.child.stderr!.on("data", (part: string) => {
    text += part;
  });
  return { ...started, atWork: () => until(() => text.includes("at work")) };
}

const isTrainer = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("sweep-worker");

const sweep = (out: string, ...more: string[]) =>
  start(["sweep", grid, "--out", out, "--redis", url, "--lease", "4", ...more]);

function expectWhole(out: string): void {
  expect(tablesOf(out)).toEqual(tablesOf(undisturbed));
  expect(namesIn(join(out, "failures"))).toEqual([]);
  expect(namesIn(join(out, "runs")).sort()).toEqual(namesIn(join(undisturbed, "runs")).sort());
}

async function withRedis<T>(what: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    return await what(client);
  } finally {
    client.disconnect();
  }
}

describe.skipIf(absent)("a sweep by way of Redis", () => {
  test(
    "gives the tables of a sweep at home while workers, the sweep and Redis are killed",
    seconds(240),
    async () => {
      const out = join(scratch(), "out");
      const rng = createRng(3);
      const folders = [scratch(), scratch()];
      const workers = folders.map((folder) => worker(folder));
      let collecting = sweep(out);
      let over = false;
      const texts: string[] = [];
      for (let round = 0; round < 6; round++) {
        const before = namesIn(join(out, "runs")).length;
        await Promise.race([
          until(() => over || namesIn(join(out, "runs")).length > before + 2),
          sleep(8000),
        ]);
        if (round === 1 || round === 4) {
          server!.kill("SIGKILL");
          await sleep(300);
          server = redis(home, port);
        } else if (round === 3) {
          collecting.child.kill("SIGKILL");
          texts.push((await collecting.done).stderr);
          collecting = sweep(out);
        } else {
          const which = rng.below(2);
          workers[which]!.child.kill("SIGKILL");
          texts.push((await workers[which]!.done).stderr);
          workers[which] = worker(folders[which]!);
        }
        void collecting.done.then(() => {
          over = true;
        });
        over = false;
      }
      const { code, stderr } = await collecting.done;
      expect(stderr).not.toMatch(/Error|at .*\.ts:/);
      expect(code).toBe(0);
      expectWhole(out);
      for (const { child, atWork } of workers) {
        await atWork();
        child.kill("SIGINT");
      }
      for (const { done } of workers) {
        const { code, stderr } = await done;
        expect(code).toBe(130);
        texts.push(stderr);
      }
      expect([...texts, stderr].join("\n")).not.toContain(password);
    },
  );

  test(
    "two that ask for the same runs get each of them once, with the weights where they are wanted",
    seconds(120),
    async () => {
      // Redis may remember what was done before it was killed.
      await withRedis((client) => client.flushall());
      const few = writeGrid(scratch(), { bits: [32, 2], weightDecays: [0] });
      const ask = (out: string, ...more: string[]) =>
        start(["sweep", few, "--out", out, "--redis", url, "--lease", "4", ...more]).done;
      const out = join(scratch(), "out");
      const at = worker(scratch());
      const [a, b] = await Promise.all([ask(out, "--weights"), ask(out, "--weights")]);
      expect([a.code, b.code]).toEqual([0, 0]);
      expect(await withRedis((client) => client.keys("*:nin-*")), "nothing is left in the queue").toEqual([]);
      at.child.kill("SIGINT");
      expect(endedIn((await at.done).stderr).length, "trained once").toBe(10);
      for (const id of namesIn(join(out, "runs"))) {
        const here = (name: string) => readFileSync(join(out, "runs", id, name));
        const there = (name: string) => readFileSync(join(undisturbed, "runs", id, name));
        expect(here("weights.safetensors")).toEqual(there("weights.safetensors"));
        expect(here("events.jsonl")).toEqual(there("events.jsonl"));
        expect(here("config.json")).toEqual(there("config.json"));
      }
    },
  );

  test("a worker whose clock is put back by days keeps the run that it has", seconds(120), async () => {
    await withRedis((client) => client.flushall());
    const one = {
      optimizers: [{ optimizer: "sgd", momentum: 0.9, lrs: [0.1] }],
      weightDecays: [0],
      bits: [4],
    };
    const single = writeGrid(scratch(), one);
    const [here, out] = [join(scratch(), "here"), join(scratch(), "out")];
    await qgen("sweep", single, "--out", here);

    const preload = `--import ${pathToFileURL("test/e2e/falling-clock.mjs")}`;
    const falling = worker(scratch(), ["--workers", "1"], { NODE_OPTIONS: preload });
    await falling.atWork();
    const collecting = start(["sweep", single, "--out", out, "--redis", url, "--lease", "4"]);
    // A run as long as one likes: its process sleeps, and the one that has the job does not.
    const trainers = (): number[] => childrenOf(falling.child).filter(isTrainer);
    await until(() => trainers().length > 0);
    const [trainer] = trainers();
    process.kill(trainer!, "SIGSTOP");
    const other = worker(scratch());
    await other.atWork();
    // The lock on a job holds for two seconds, and every two seconds somebody looks for those that have run out.
    await sleep(7000);
    process.kill(trainer!, "SIGCONT");
    const { code, stderr } = await collecting.done;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const { child } of [falling, other]) child.kill("SIGINT");
    const [mine, theirs] = await Promise.all([falling.done, other.done]);
    expect([endedIn(mine.stderr).length, endedIn(theirs.stderr).length]).toEqual([1, 0]);
    expect(tablesOf(out)).toEqual(tablesOf(here));
  });

  test(
    "a worker refuses a job of other code with a sentence, and leaves it to others",
    seconds(60),
    async () => {
      const client = new Redis(url, { maxRetriesPerRequest: null });
      const queue = new Queue<Job>("qgen-runs", { connection: client });
      onTestFinished(async () => {
        await queue.close();
        client.disconnect();
      });
      const job = await queue.add("run", {
        version: "0.0.1",
        schema: "0123456789ab",
        config: {} as Job["config"],
        weights: false,
      });
      const { code, stderr } = await worker(scratch()).done;
      expect(code).toBe(1);
      expect(stderr).toMatch(
        new RegExp(
          `the job was made by qgen 0\\.0\\.1 with configurations of schema 0123456789ab, this worker is qgen \\S+ with ${schemaId()}`,
        ),
      );
      expect(await job.getState()).toBe("waiting");
      await job.remove();
    },
  );

  test("a wrong password, and no Redis at all, are sentences without secrets", seconds(60), async () => {
    const wrong = await start(["worker", "--redis", `redis://me:wrong-secret@127.0.0.1:${port}`]).done;
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/qgen: Redis at redis:\/\/127\.0\.0\.1:\d+ cannot be used: WRONGPASS/);
    expect(wrong.stderr).not.toMatch(/wrong-secret/);
    const none = await start(["worker", "--redis", `redis://:wrong-secret@127.0.0.1:${await freePort()}`])
      .done;
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/cannot be used: .*ECONNREFUSED/);
    expect(none.stderr).not.toMatch(/wrong-secret/);
  });

  test("TLS works, and a certificate that nobody vouches for is refused", seconds(60), async () => {
    const folder = scratch();
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const made = spawnSync("openssl", [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost",
      "-keyout",
      key,
      "-out",
      cert,
    ]);
    if (made.status !== 0) return;
    const at = await freePort();
    const tls = redis(
      folder,
      at,
      "--port",
      "0",
      "--tls-port",
      String(at),
      "--tls-cert-file",
      cert,
      "--tls-key-file",
      key,
      "--tls-auth-clients",
      "no",
    );
    onTestFinished(() => void tls.kill("SIGKILL"));
    await until(() => existsSync(join(folder, "appendonlydir")));
    const address = `rediss://:${password}@localhost:${at}`;
    const refused = await start(["worker", "--redis", address]).done;
    expect(refused.stderr).toMatch(/cannot be used: .*certificate/);
    const { child, done } = start(["worker", "--redis", address, "--out", folder], {
      NODE_EXTRA_CA_CERTS: cert,
    });
    let text = "";
    child.stderr!.on("data", (part: string) => {
      text += part;
    });
    await until(() => text.includes("at work"));
    child.kill("SIGINT");
    expect((await done).code).toBe(130);
    expect(text).not.toContain(password);
  });
});

test("an address is shown without its secrets", () => {
  expect(shownAddress("rediss://user:secret@queue.example:6380/2")).toBe("rediss://queue.example:6380/2");
  expect(shownAddress("redis://queue")).toBe("redis://queue:6379");
});
