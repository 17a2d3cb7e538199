// TensorFlow.js, its backend (cpu or wasm) as the last argument: "product SIZE" or "step WIDTH" (a float training step of
// NiN 2 x WIDTH, batch 128) on standard input, answered with seconds. The first answer is the version. Evaluated in the
// folder where TensorFlow.js is installed.
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

console.warn = () => undefined;
setWasmPaths(`${resolve("node_modules/@tensorflow/tfjs-backend-wasm/dist")}/`);
await tf.setBackend(process.argv.at(-1));
await tf.ready();
console.log(tf.version.tfjs);

const batch = 128;

function product(size) {
  const [a, b] = [tf.randomNormal([size, size]), tf.randomNormal([size, size])];
  return () => {
    const c = tf.matMul(a, b);
    c.dataSync();
    c.dispose();
  };
}

function step(width) {
  const c = 25 * width;
  const model = tf.sequential();
  const layer = (filters, kernelSize, strides, input = {}) => {
    model.add(tf.layers.conv2d({ filters, kernelSize, strides, padding: "same", useBias: true, ...input }));
    model.add(tf.layers.batchNormalization());
    model.add(tf.layers.reLU());
  };
  for (let depth = 0; depth < 2; depth++) {
    layer(c, 3, 2, depth === 0 ? { inputShape: [32, 32, 3] } : {});
    layer(c, 1, 1);
    layer(c, 1, 1);
  }
  layer(10, 1, 1);
  model.add(tf.layers.globalAveragePooling2d({}));
  const optimizer = tf.train.momentum(0.1, 0.9);
  const x = tf.randomNormal([batch, 32, 32, 3]);
  const y = tf.oneHot(tf.randomUniform([batch], 0, 10, "int32"), 10);
  return () => {
    const loss = optimizer.minimize(
      () => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true })),
      true,
    );
    loss.dataSync();
    loss.dispose();
  };
}

const made = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [work, size] = line.split(" ");
  try {
    if (!made.has(line)) made.set(line, { product, step }[work](Number(size)));
    const began = performance.now();
    made.get(line)();
    console.log((performance.now() - began) / 1000);
  } catch (error) {
    console.log(`cannot: ${error.message.split("\n")[0]}`);
  }
}
process.exit(0);
