import { afterAll, describe, expect, test } from "vitest";
import { physicalCores } from "../../src/experiments/cores.ts";
import { openDevice } from "../../src/experiments/node-device.ts";
import { checkedThreads, gainOf, saidThreads, worthwhile } from "../../src/experiments/threads.ts";
import type { Kernels } from "../../src/tensor/kernels/kernels.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import type { SimdKernels } from "../../src/tensor/kernels/simd/index.ts";
import { obeysTheContract } from "../kernel-contract.ts";
import { threadedSimd } from "../kernels.ts";

describe.each([2, 3])("%i threads", (threads) => {
  const kernels = threadedSimd(threads, 1);
  afterAll(() => kernels.close());
  obeysTheContract(kernels);
});

describe("the number of threads", () => {
  /** Linux with processors on these cores of these chips. */
  const linux = (processors: readonly string[]) => (path: string) => {
    const [, i, what] = /cpu(\d+)\/topology\/(\w+)$/.exec(path)!;
    const place = processors[Number(i)]?.split("/");
    return place === undefined ? null : `${place[what === "physical_package_id" ? 0 : 1]}\n`;
  };
  const nothing = () => null;

  test("two processors of one core are one, two chips with equal numbers are not", () => {
    const read = linux(["0/0", "0/1", "0/0", "0/1", "1/0", "1/1", "1/0", "1/1"]);
    expect(physicalCores(8, { read })).toEqual({ count: 4, from: "system" });
  });
  test("no more cores are counted than the process may use", () => {
    expect(physicalCores(1, { read: linux(["0/0", "0/1"]) })).toEqual({ count: 1, from: "system" });
  });
  test("where the system says nothing, it is a guess", () => {
    expect(physicalCores(8, { read: nothing, arch: "x64" })).toEqual({ count: 4, from: "guess" });
    expect(physicalCores(1, { read: nothing, arch: "x64" })).toEqual({ count: 1, from: "guess" });
    expect(physicalCores(8, { read: nothing, arch: "arm64" })).toEqual({ count: 8, from: "guess" });
  });
  test("QGEN_THREADS is taken where it is set", () => {
    expect(saidThreads("3")).toBe(3);
    expect(saidThreads("")).toBe(null);
  });
  test.each([
    [1, 9, 1, []],
    [4, 1.3, 4, []],
    [4, 1.1, 1, [4]],
  ] as const)(
    "on %i cores with a gain of %f it is %i, and threads that gain nothing are ended",
    (count, gain, expected, ended) => {
      const closed: number[] = [];
      const open = (threads: number) => ({ ...reference, threads, close: () => void closed.push(threads) });
      expect(worthwhile(open, { count, from: "system" }, () => gain).threads).toBe(expected);
      expect(closed).toEqual(ended);
    },
  );
  test("the gain is the time of one over the time of several", () => {
    const busy = (ms: number): Kernels => ({
      ...reference,
      gemm(a) {
        for (const end = performance.now() + ms; performance.now() < end; );
        return a;
      },
    });
    expect(gainOf(busy(4), busy(1))).toBeGreaterThan(2);
    expect(gainOf(busy(1), busy(4))).toBeLessThan(0.5);
  });
  test.each(["0", "-1", "1.5", "two", "65", " "])("%j is refused in a sentence", (text) => {
    expect(() => checkedThreads(text, "--threads")).toThrow(
      `--threads ${text}: expected a whole number of threads, 1 to 64`,
    );
  });
});

describe("openDevice", () => {
  test("opens simd with the threads that are asked for, and says so", async () => {
    const { kernels, info } = await openDevice("simd", 2);
    expect([info.backend, info.threads]).toEqual(["simd", 2]);
    (kernels as SimdKernels).close();
  });
  test("refuses threads to kernels that have one", async () => {
    await expect(openDevice("reference", 2)).rejects.toThrow(
      "--threads 2: only simd computes with several, reference with one",
    );
    expect((await openDevice("reference", 1)).info.threads).toBe(1);
  });
});
