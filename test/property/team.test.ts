import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeTeam } from "../../src/experiments/threads.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createSimd } from "../../src/tensor/kernels/simd/index.ts";
import { pieces } from "../../src/tensor/kernels/simd/ranges.ts";
import {
  type Board,
  type Crew,
  type Exports,
  gather,
  type Team,
} from "../../src/tensor/kernels/simd/team.ts";
import { noise } from "../contract/subject.ts";
import { simd, threadedSimd } from "../kernels.ts";

const wasm = readFileSync("build/kernels-threads.wasm");

/** A crew and the kernels of the calling thread. */
function crewOf(team: Team): { crew: Crew; exports: Exports } {
  const module = new WebAssembly.Module(wasm);
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65535, shared: true });
  const env = { memory, abort() {} };
  const exports = new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
  const owns = Array.from({ length: team.threads }, (_, i) => exports.heapBase!() + 128 * i);
  exports.setOwn!(owns[0]!);
  return { crew: gather(team, exports, { module, memory }, owns), exports };
}

/** Team whose threads run something else. */
const impostors = (program: string, patience: number): Team => ({
  threads: 2,
  patience,
  start(_, duty, lost) {
    const worker = new Worker(`const { board } = require("node:worker_threads").workerData; ${program}`, {
      eval: true,
      workerData: duty,
    });
    worker.unref();
    worker.on("error", (error) => lost(String(error)));
    worker.on("exit", (code) => code !== 0 && lost(`it ended with code ${code}`));
  },
});

const until = async (true_: () => boolean): Promise<void> => {
  while (!true_()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe("work", () => {
  const problems = fc.tuple(
    fc.integer({ min: 1, max: 3000 }),
    fc.double({ min: 0, max: 40, noNaN: true }),
    fc.integer({ min: 1, max: 64 }),
  );
  test("is cut into pieces that follow each other without gap or overlap, of whole units but for the last", () => {
    fc.assert(
      fc.property(problems, ([n, most, unit]) => {
        const cut = pieces(n, most, unit);
        expect([cut[0]![0], cut.at(-1)![1]]).toEqual([0, n]);
        cut.forEach(([from, to], i) => {
          expect(from).toBeLessThan(to);
          expect(from % unit).toBe(0);
          if (i > 0) expect(from).toBe(cut[i - 1]![1]);
        });
        expect(cut.length).toBeLessThanOrEqual(Math.max(1, most));
      }),
    );
  });
  test("is cut into as many pieces as asked for, where there are enough units", () => {
    expect(pieces(128, 8, 1)).toHaveLength(8);
    expect(pieces(17, 100, 16)).toEqual([
      [0, 16],
      [16, 17],
    ]);
    expect(pieces(1000, 0.5, 16)).toEqual([[0, 1000]]);
  });
});

describe("a crew", () => {
  test.each([1, 2, 3, 4])(
    "of %i calls the kernel once for every part, and tells the results in their order",
    (threads) => {
      const { crew, exports } = crewOf(nodeTeam(threads));
      const parts = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 99 })), {
        minLength: 1,
        maxLength: 150,
        size: "max",
      });
      fc.assert(
        fc.property(parts, (pairs) => {
          const args = pairs.map(([n, c]) => [n, c, 8, 8, 3, 8, 8, 3, 3, 1, 1]);
          expect(crew.run("convWorkspace", args, 0, 0)).toEqual(
            args.map((part) => exports.convWorkspace!(...part)),
          );
        }),
        { numRuns: 60 },
      );
      crew.close();
    },
  );

  test("a kernel that fails in a thread fails the call, and every later one, in a sentence", () => {
    const { crew } = crewOf(nodeTeam(3));
    const beyond = Array.from({ length: 9 }, () => [0, 4e9, 4e9, 100, 0]);
    const sentence =
      /^a thread of the SIMD kernels is lost: RuntimeError: memory access out of bounds\. Start again/;
    expect(() => crew.run("unary", beyond, 0, 0)).toThrow(sentence);
    expect(() => crew.run("unary", [[0, 4096, 4096, 1, 0]], 0, 0)).toThrow(sentence);
    crew.close();
  });

  test("a thread that dies between two calls fails the next one in a sentence", async () => {
    const { crew } = crewOf(impostors("process.exit(7)", 60));
    let said = "";
    await until(() => {
      try {
        crew.run("unary", [[0, 4096, 4096, 1, 0]], 0, 0);
      } catch (error) {
        said = String(error);
      }
      return said !== "";
    });
    expect(said).toMatch(/a thread of the SIMD kernels is lost: it ended with code 7/);
  });

  test("a thread that dies with a part in hand is missed, not waited for without end", () => {
    const thief =
      "for (;;) { const n = board.left[0]; if (n > 0 && Atomics.compareExchange(board.left, 0, n, n - 1) === n) process.exit(1); }";
    const { crew } = crewOf(impostors(thief, 0.2));
    expect(() => {
      for (;;)
        crew.run(
          "unary",
          Array.from({ length: 9 }, () => [0, 4096, 4096, 400, 0]),
          0,
          0,
        );
    }).toThrow(/a thread of the SIMD kernels is lost: 1 parts are unfinished for 0\.2 s/);
  });

  test("threads that never begin hold nobody up", () => {
    const idle: Team = { threads: 4, start() {} };
    const { crew } = crewOf(idle);
    const parts = Array.from({ length: 9 }, () => [0, 4096, 4096, 400, 0]);
    expect(crew.run("unary", parts, 0, 0)).toHaveLength(9);
  });
});

describe("simd with threads", () => {
  test("small ops are not split", () => {
    const boards: Board[] = [];
    const kernels = createSimd(wasm, { threads: 2, start: (_, { board }) => boards.push(board) });
    const product = (n: number): void => {
      const x = kernels.fill(1, [n, n], "float32");
      kernels.gemm(x, x);
    };
    const job = (): number[] => [...boards[0]!.job];
    product(64);
    expect(job()).toEqual([0, 0, 0, 0]);
    product(256);
    expect(job()).not.toEqual([0, 0, 0, 0]);
  });

  test("the gradient of a step is a sum whose parts depend on the problem alone", () => {
    const n = 200_003;
    const numbers = (seed: number): Float32Array => Float32Array.from({ length: n }, noise(seed));
    const quantizer = { qn: 8, qp: 7, rounding: "half-even", mask: "inside", gradScale: 1 } as const;
    const slope = (kernels: Kernels): number => {
      const [g, v] = [1, 2].map((seed) => kernels.tensor(numbers(seed), [n]));
      const [, ds] = kernels.quantizeGrad(g!, v!, kernels.fill(0.3, [], "float32"), quantizer);
      return ds.data[0]!;
    };
    const threaded = threadedSimd(3, 1);
    expect(slope(threaded)).toBe(slope(simd));
    expect(threaded.taken().reduce((a, b) => a + b)).toBe(4);
    expect(slope(simd)).toBeCloseTo(slope(reference), 2);
    threaded.close();
  });

  test("tensors stay readable, and kernels right, while the shared memory grows", () => {
    const kernels = threadedSimd(3, 1);
    const x = kernels.tensor(
      Float32Array.from({ length: 1000 }, (_, i) => i),
      [1000],
    );
    for (let grown = 0; grown < 3; ) {
      const { reserved } = kernels.memoryUsage();
      const y = kernels.binary(
        "add",
        kernels.fill(1, [1_000_003], "float32"),
        kernels.fill(2, [1], "float32"),
      );
      expect([y.data[0], y.data.at(-1)]).toEqual([3, 3]);
      if (kernels.memoryUsage().reserved > reserved) grown++;
    }
    expect(x.data.every((value, i) => value === i)).toBe(true);
    kernels.close();
  });
});
