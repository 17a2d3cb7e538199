/**
 * A training step of a network at the size that it was made for, in how much memory and time:
 *
 *   node --import tsx bench/networks.ts [--bits 4] swin-t 8 [deit-t 16 …]
 *
 * Each pair is a network and the images in a batch, 224 × 224 with 1000 classes. The memory is that of the kernels at
 * its largest; that of the whole process, which never shrinks, includes all pairs before.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { architecture } from "../src/experiments/architectures.ts";
import { adamw } from "../src/nn/optimizers.ts";
import { trainStep } from "../src/nn/step.ts";
import { startOf } from "../src/nn/train.ts";
import { prepare } from "../src/quant/prepare.ts";
import { createSimd } from "../src/tensor/kernels/simd/index.ts";
import { createRng } from "../src/tensor/random.ts";
import { loopScope } from "../src/tensor/scope.ts";

const shape = [3, 224, 224];
const wasm = readFileSync(new URL("../build/kernels.wasm", import.meta.url));

async function step(name: string, bits: number, count: number): Promise<string> {
  const kernels = createSimd(wasm);
  const float = architecture(name, { image: shape, classes: 1000 });
  const model = bits === 32 ? float : prepare(float, { bits });
  const rng = createRng(0);
  const optimizer = adamw({ weightDecay: 0.05 });
  const batch = {
    images: Float32Array.from({ length: count * 3 * 224 * 224 }, () => rng.normal()),
    labels: Int32Array.from({ length: count }, (_, i) => i),
  };
  const memory = loopScope();
  let state = startOf(model.init(kernels, rng), optimizer);
  const losses: string[] = [];
  const began = performance.now();
  for (let i = 0; i < 2; i++) {
    const trained = await trainStep(memory, model, optimizer, state, batch, shape, 1e-4);
    state = trained.state;
    losses.push(trained.loss.toFixed(4));
  }
  const seconds = (performance.now() - began) / 2000;
  memory.end();
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  return `${model.name} × ${count}: ${seconds.toFixed(1)} s a step, ${mib(kernels.memoryUsage().reserved)} of kernels, ${mib(process.resourceUsage().maxRSS * 1024)} of the process; losses ${losses.join(", ")}`;
}

const { values, positionals } = parseArgs({
  options: { bits: { type: "string", default: "32" } },
  allowPositionals: true,
});
for (let i = 0; i + 1 < positionals.length; i += 2)
  console.log(await step(positionals[i]!, Number(values.bits), Number(positionals[i + 1])));
