import { inFile, type Mutant, property } from "./mutant.ts";

export const memory: readonly Mutant[] = [
  ...inFile("src/autograd/grad.ts", property("pull-back-once"), [
    {
      what: "the backward pass holds on to its temporaries",
      from: "        sweep([...cotangents.values()].map((g) => g.value));\n",
      to: "",
    },
    {
      what: "the backward pass holds on to what it has used",
      from: "for (const y of outputs) values.letGo(y.value);",
      to: "void outputs;",
    },
    {
      what: "a value that an op hands back as a cotangent is released",
      from: "        values.hold(g.value);\n",
      to: "",
    },
    {
      what: "a constant that an op passes on is released",
      from: "if (!made.has(x)) values.hold(x.value);",
      to: "void x;",
    },
    {
      what: "cotangents that are asked for inside the computation are dropped",
      from: "if (!asked.has(y)) cotangent.delete(y)",
      to: "cotangent.delete(y)",
    },
  ]),
  ...inFile("src/nn/parts.ts", property("parts"), [
    {
      what: "parts count alike, however many images they have",
      from: "sum[i]! + share * part[i]!",
      to: "sum[i]! + part[i]! / parts.length",
    },
    {
      what: "the loss of a batch in parts is the sum over its parts",
      from: "sum + share * loss",
      to: "sum + loss",
    },
    {
      what: "the last image of a batch is in no part",
      from: "part * labels.length",
      to: "part * (labels.length - 1)",
    },
  ]),
  ...inFile("src/nn/train.ts", property("parts"), [
    {
      what: "evaluation takes whole batches",
      from: "data.train, partSize(recipe.batchSize, accumulate)",
      to: "data.train, recipe.batchSize",
    },
  ]),
  ...inFile("src/nn/step.ts", property("parts"), [
    { what: "only the last part teaches the running moments", from: "    buffers = after;\n", to: "" },
  ]),
  ...inFile("src/tensor/scope.ts", property("pull-back-once"), [
    {
      what: "memory that is shared is released with the first that lets go of it",
      from: "if (count === 0) block.release();",
      to: "if (n < 0) block.release();",
    },
  ]),
  ...inFile("src/tensor/kernels/watched.ts", property("profile"), [
    {
      what: "a reshape counts as new memory",
      from: "const made = shares ? [] : outputs",
      to: "const made = outputs",
    },
    {
      what: "a reshape does not keep the memory that it shares",
      from: "alias(y, lies);",
      to: "alias(y, x);",
    },
    {
      what: "the end of a kernel's call is not waited for",
      from: "watcher.now() - began",
      to: "began - began",
    },
  ]),
  ...inFile("src/experiments/profile.ts", property("profile"), [
    { what: "what is released stays in the peak", from: "      alive -= bytes;\n", to: "" },
    {
      what: "the backward pass needs what it makes itself",
      from: "if (made.has(memory)) passed.add(memory);",
      to: "passed.add(memory);",
    },
    { what: "what was called before the start is counted", from: "      uses = new Map();\n", to: "" },
  ]),
  ...inFile("src/tensor/kernels/simd/heap.ts", property("scope"), [
    {
      what: "memory that cannot grow by much does not grow at all",
      from: "[generous, missing]",
      to: "[generous]",
    },
    {
      what: "what no address reaches is asked of the machine",
      from: "if (missing > generous) return false;",
      to: "",
    },
  ]),
];
