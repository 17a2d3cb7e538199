/** What can be measured. */

export interface Suite {
  readonly title: string;
  readonly about: string;
  /** Measured only when asked for by name: needs what not every machine has, or much time. */
  readonly onRequest?: boolean;
}

export const suites = {
  roofline: {
    title: "Kernels under the roof of the machine",
    about:
      "kernels of some layers: operations for each byte of operands and results, and the share of what registers or a copy of memory allow, in turns with them (seconds of the processor)",
  },
  kernels: {
    title: "Products and convolutions",
    about: "matrix products and convolutions, beside the bare register tile (its limit), in turns",
  },
  bandwidth: {
    title: "Kernels that are bound by memory",
    about: "kernels that are bound by memory, beside copies of as many bytes (their limit), in turns",
  },
  implementations: {
    title: "The same work by each set of kernels",
    about: "results read; theirs / ours: time of the definition (reference) over that of the kernels named",
  },
  ops: {
    title: "Ops and their gradients",
    about: "ops with their gradients, on the default and on the defining kernels; what recording costs",
  },
  step: {
    title: "Training steps and evaluation passes",
    about:
      "training steps and evaluation passes of NiN, beside PyTorch on one thread (theirs / ours: its time over ours, in turns)",
  },
  threads: {
    title: "Threads",
    about:
      "a training step of NiN with several threads (theirs / ours: the time of one thread over it, in turns)",
  },
  peers: {
    title: "Other systems",
    about:
      "matrix products and training steps by other systems, one thread each, in turns with ours (theirs / ours above 1: we are faster)",
    onRequest: true,
  },
  gpu: {
    title: "Kernels on graphics",
    about: "kernels on each mode of gpu.js beside simd, in GFLOP/s, with and without transfers",
    onRequest: true,
  },
  "gpu-step": {
    title: "Training steps on graphics",
    about: "a training step on each mode of gpu.js beside simd, and the bytes that it moves",
    onRequest: true,
  },
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof suites;
export const suiteNames = Object.keys(suites) as SuiteName[];
