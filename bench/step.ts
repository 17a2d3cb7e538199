import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { openSimd } from "../src/experiments/node-device.ts";
import { evaluate } from "../src/nn/evaluate.ts";
import { nin } from "../src/nn/models/nin.ts";
import { sgd } from "../src/nn/optimizers.ts";
import { trainStep } from "../src/nn/step.ts";
import { startOf } from "../src/nn/train.ts";
import { prepare } from "../src/quant/prepare.ts";
import { createRng } from "../src/tensor/random.ts";
import { loopScope } from "../src/tensor/scope.ts";
import { median, noiseOf } from "./timing.ts";

export interface StepTime {
  readonly name: string;
  /** Median milliseconds of one training step or evaluation pass. */
  readonly ms: number;
  /** The same of PyTorch, eager, on one thread; `null` where it is not installed. */
  readonly torchMs: number | null;
  /** Median of PyTorch's time over ours, step by step; above 1 is faster than PyTorch. */
  readonly speed: number | null;
  /** How far our times lie apart, as a share of their median. */
  readonly noise: number;
}

/** `train`: a training step. `eval`: a batch in eval mode without gradients, its loss and its accuracy. */
export type Pass = "train" | "eval";

/** A pass of NiN 2 × width on random images, as a function that runs one. */
export function ourPass(
  mode: Pass,
  width: number,
  bits: number,
  batch: number,
  threads = 1,
): () => Promise<void> {
  const kernels = openSimd(threads);
  const rng = createRng("bench");
  const float = nin({ depth: 2, width, classes: 10 });
  const model = bits === 32 ? float : prepare(float, { bits });
  const images = Float32Array.from({ length: batch * 3 * 32 * 32 }, () => 2 * rng.uniform() - 1);
  const labels = Int32Array.from({ length: batch }, () => rng.below(10));
  const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  const memory = loopScope();
  let state = startOf(model.init(kernels, rng), optimizer);
  if (mode === "eval") {
    const all = { count: batch, shape: [3, 32, 32], batch: () => ({ images, labels }) };
    return async () => {
      await evaluate(model, state.weights, all, batch);
    };
  }
  return async () => {
    ({ state } = await trainStep(memory, model, optimizer, state, { images, labels }, [3, 32, 32], 0.1));
  };
}

export interface Torch {
  readonly version: string;
  /** Seconds of one pass. */
  pass(): Promise<number>;
  end(): void;
}

/** PyTorch on the same network, in a process of its own that works only when asked; `null` where it is not installed. */
export async function startTorch(
  mode: Pass,
  width: number,
  bits: number,
  batch: number,
): Promise<Torch | null> {
  const script = ["bench/peers/torch_step.py", mode, ...[width, bits, batch].map(String)];
  const python: ChildProcess = spawn(process.env.PYTHON ?? "/usr/bin/python3", script, {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const answers = createInterface({ input: python.stdout! })[Symbol.asyncIterator]();
  const gone = new Promise<null>((resolve) => python.on("error", () => resolve(null)));
  const answer = async (): Promise<string | null> => {
    const line = await Promise.race([gone, answers.next()]);
    return line === null || line.done === true ? null : (line.value as string);
  };
  const version = await answer();
  if (version === null) return null;
  return {
    version,
    async pass() {
      python.stdin!.write("pass\n");
      const seconds = await answer();
      if (seconds === null) throw new Error("PyTorch's process ended before it had answered");
      return Number(seconds);
    },
    end: () => python.stdin!.end(),
  };
}

const each = (mode: Pass, widths: readonly number[]) => widths.map((width) => [mode, width] as const);

/** Training steps and evaluation passes of NiN, ours and PyTorch's in turn. */
export async function stepTimes(
  passes = [...each("train", [1, 2, 8]), ...each("eval", [1, 2, 8])],
  { batch = 128, rounds = 15, bits = 4 } = {},
): Promise<StepTime[]> {
  const times: StepTime[] = [];
  for (const [mode, width] of passes) {
    const torch = await startTorch(mode, width, bits, batch);
    const pass = ourPass(mode, width, bits, batch);
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = -2; round < rounds; round++) {
      const began = performance.now();
      await pass();
      const seconds = (performance.now() - began) / 1000;
      const other = await torch?.pass();
      if (round < 0) continue;
      ours.push(seconds);
      if (other !== undefined) theirs.push(other);
    }
    torch?.end();
    times.push({
      name: `${mode} NiN 2×${width}, ${bits === 32 ? "FP32" : `Int${bits}`}, batch ${batch}`,
      ms: 1000 * median(ours),
      torchMs: torch === null ? null : 1000 * median(theirs),
      speed: torch === null ? null : median(theirs.map((seconds, i) => seconds / ours[i]!)),
      noise: noiseOf(ours),
    });
  }
  return times;
}

/** The version of PyTorch; `null` where it is not installed. */
export async function torchVersion(): Promise<string | null> {
  const torch = await startTorch("eval", 1, 32, 2);
  torch?.end();
  return torch?.version ?? null;
}
