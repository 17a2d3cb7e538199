// jax-js in WebAssembly: "product SIZE" or "step WIDTH" (a float training step of NiN 2 x WIDTH, batch 128) on standard
// input, answered with seconds. The first answer is the version. Evaluated in the folder where jax-js is installed.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  random,
  tree,
  valueAndGrad,
} from "@jax-js/jax";

await init("wasm");
defaultDevice("wasm");
console.log(JSON.parse(readFileSync("node_modules/@jax-js/jax/package.json", "utf8")).version);

const batch = 128;

async function product(size) {
  const operand = (seed) => random.uniform(random.key(seed), [size, size]);
  const [a, b] = [operand(0), operand(1)];
  await blockUntilReady(a.ref);
  await blockUntilReady(b.ref);
  return async () => {
    await np.matmul(a.ref, b.ref).data();
  };
}

function step(width) {
  const c = 25 * width;
  const block = (inputs) => [
    [c, inputs, 3, 2],
    [c, c, 1, 1],
    [c, c, 1, 1],
  ];
  const layers = [...block(3), ...block(c), [10, c, 1, 1]];
  const params = layers.map(([o, i, k], n) => ({
    w: random.normal(random.key(n), [o, i, k, k]).mul(Math.sqrt(2 / (i * k * k))),
    gamma: np.ones([o]),
    beta: np.zeros([o]),
  }));
  const loss = (params, x, y) => {
    layers.forEach(([o, , k, stride], n) => {
      const padding = k === 3 ? 1 : 0;
      const z = lax.convGeneralDilated(
        x,
        params[n].w,
        [stride, stride],
        [
          [padding, padding],
          [padding, padding],
        ],
      );
      const centred = z.ref.sub(z.mean([0, 2, 3], { keepdims: true }));
      const variance = centred.ref.mul(centred.ref).mean([0, 2, 3], { keepdims: true });
      const channel = [1, o, 1, 1];
      const normal = centred.div(np.sqrt(variance.add(1e-5)));
      x = nn.relu(normal.mul(params[n].gamma.reshape(channel)).add(params[n].beta.reshape(channel)));
    });
    return nn
      .logSoftmax(x.mean([2, 3]), 1)
      .mul(y)
      .sum()
      .mul(-1 / batch);
  };
  const slope = jit(valueAndGrad(loss));
  const x = random.normal(random.key(99), [batch, 3, 32, 32]);
  const labels = np.array(
    Array.from({ length: batch }, (_, i) => i % 10),
    { dtype: np.int32 },
  );
  const y = nn.oneHot(labels, 10);
  return async () => {
    const [value, grads] = slope(tree.ref(params), x.ref, y.ref);
    await blockUntilReady(grads);
    await value.data();
    tree.dispose(grads);
  };
}

const made = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [work, size] = line.split(" ");
  try {
    if (!made.has(line)) made.set(line, await { product, step }[work](Number(size)));
    const began = performance.now();
    await made.get(line)();
    console.log((performance.now() - began) / 1000);
  } catch (error) {
    console.log(`cannot: ${error.message.split("\n")[0]}`);
  }
}
process.exit(0);
