import { golden, inFile, type Mutant, property } from "./mutant.ts";

/** Errors in what threads share, and in the functions that are ours for the sake of the same bits. */
export const threads: readonly Mutant[] = [
  ...inFile("src/experiments/device.ts", property("device"), [
    {
      what: "a GPU is opened even where there is no card",
      from: 'requested === "auto" && cardInSight?.() === false',
      to: "false",
    },
    {
      what: "a GPU that is asked for by name is not opened where there is no card",
      from: 'requested === "auto" && cardInSight?.() === false',
      to: "cardInSight?.() === false",
    },
    {
      what: "auto takes software",
      from: 'requested === "auto" && gpu.software',
      to: "false",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/ranges.ts", property("team"), [
    {
      what: "pieces of work overlap",
      from: "Math.min(n, (i + 1) * size)",
      to: "Math.min(n, (i + 1) * size + 1)",
    },
    { what: "a gap is left between pieces of work", from: "[i * size,", to: "[i * size + Number(i > 0)," },
    { what: "the last piece of work is left out", from: "Math.ceil(n / size)", to: "Math.floor(n / size)" },
  ]),
  ...inFile("src/tensor/kernels/simd/team.ts", property("team"), [
    {
      what: "the results of parts are told in the reverse order",
      from: "results[part] =",
      to: "results[63 - part] =",
    },
    {
      what: "a part that fails is taken for finished",
      from: "Atomics.store(board.failed, 0, text.length)",
      to: "Atomics.store(board.failed, 0, 0)",
    },
    { what: "a lost thread is waited for", from: "lost ??= `a thread", to: "void `a thread" },
    { what: "only the first 64 parts are computed", from: "i += MOST_PARTS", to: "i += parts.length" },
  ]),
  ...inFile("src/tensor/kernels/simd/team.ts", golden("same-bits"), [
    { what: "threads have one workspace", from: "workspace + me * pitch", to: "workspace" },
    { what: "threads have one place for partial tiles", from: "own: owns[me]!", to: "own: owns[0]!" },
  ]),
  ...inFile("src/tensor/kernels/simd/learning.ts", property("team"), [
    {
      what: "the parts of a sum depend on the number of threads",
      from: "ranges(size, SUMMED)",
      to: "ranges(size, Math.ceil(size / crew.threads))",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/random.ts", property("threads"), [
    {
      what: "every part of random numbers begins at counter 0",
      from: "i32x4.splat(from / 2)",
      to: "i32x4.splat(0)",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/weight-grad.ts", property("threads"), [
    {
      what: "the gradient to weights goes to the channels of the first group",
      from: "(first - g * c) * kh * kw",
      to: "first * kh * kw",
    },
  ]),
  ...inFile("src/tensor/kernels/simd/assembly/elementwise.ts", property("threads"), [
    {
      what: "a part of a broadcast begins with the first operand's beginning",
      from: "a += bytes(from * load<i32>(plan + bytes(rank)));",
      to: "",
    },
  ]),
  ...inFile("src/experiments/cores.ts", property("threads"), [
    {
      what: "cores of two chips with equal numbers are one",
      from: "{chip.trim()}/$",
      to: "",
    },
    {
      what: "cores that the process may not use are counted",
      from: "Math.min(cores.size, processors)",
      to: "cores.size",
    },
  ]),
  ...inFile("src/tensor/math.ts", golden("functions"), [
    { what: "erf has the polynomial around 1 too far from it", from: "a < 1.25", to: "a < 2.25" },
    { what: "erf has the far formula near", from: "x < 2.857142857142857", to: "x < 1.857142857142857" },
  ]),
  ...inFile("src/tensor/angles.ts", golden("functions"), [
    {
      what: "an angle is reduced to more than its polynomial is for",
      from: "a >= 2.4375",
      to: "a >= 1.4375",
    },
    {
      what: "a sine keeps its sign in the second half of the turn",
      from: "quadrant < 2 ? value : -value",
      to: "value",
    },
  ]),
];
