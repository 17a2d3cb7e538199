import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pullBack, pullBackOnce } from "../../src/autograd/grad.ts";
import { constant, defineOp, type Op1, type Var } from "../../src/autograd/op.ts";
import { add, broadcastTo, mul, relu, reshape, sum, tanh } from "../../src/autograd/ops/arithmetic.ts";
import { scope } from "../../src/tensor/scope.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { freshSimd } from "../kernels.ts";

const GONE = /was used after its scope had ended/;
const SIZE = 1024;
const BYTES = 4 * SIZE;

function setUp() {
  const kernels = freshSimd();
  let [counter, peak] = [0, 0];
  const leaf = (): Var =>
    constant(
      kernels.tensor(
        Float32Array.from({ length: SIZE }, () => Math.sin(++counter)),
        [SIZE],
      ),
    );
  const used = (): number => kernels.memoryUsage().used;
  /** The value itself; in a backward pass, notes how much memory is in use. */
  const probe: Op1 = defineOp({
    name: "probe",
    gradient: "exact",
    forward: (x) => x,
    vjp: ({ g }) => [
      () => {
        peak = Math.max(peak, used());
        return g;
      },
    ],
  });
  return { kernels, leaf, used, probe, peak: () => peak };
}

const numbers = (x: Tensor | null): number[] | null => x && Array.from(x.data);

/** Ops of one or two values of any shape of `SIZE` numbers, some of whose results share memory with their input. */
const steps: readonly ((a: Var, b: Var) => Var)[] = [
  (a, b) => add(flat(a), flat(b)),
  (a, b) => mul(flat(a), flat(b)),
  (a) => tanh(a),
  (a) => relu(a),
  (a) => reshape([SIZE / 4, 4])(a),
  (a) => broadcastTo(a.value.shape)(a),
];
const flat = (x: Var): Var => reshape([SIZE])(x);

describe("pullBackOnce", () => {
  test("has the bits of pullBack, whatever the computation", () => {
    const graph = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(), fc.nat()), {
      minLength: 1,
      maxLength: 15,
    });
    fc.assert(
      fc.property(graph, fc.nat(2), (choices, asked) => {
        const { leaf } = setUp();
        const values = [leaf(), leaf(), leaf()];
        for (const [step, a, b] of choices)
          values.push(steps[step]!(values[a % values.length]!, values[b % values.length]!));
        // One leaf, or one and another, or one and a value inside.
        const wrt = [values[0]!, values[[0, 1, Math.floor(values.length / 2)][asked]!]!];
        const y = flat(values.at(-1)!);
        const g = leaf();
        const expected = pullBack([y], [g], wrt).map((x) => numbers(x?.value ?? null));
        const once = pullBackOnce([y], [g], wrt);
        expect(once.map(numbers)).toEqual(expected);
        // What the caller has made and asked for is still there.
        for (const x of [...values.slice(0, 3), ...wrt, g]) expect(x.value.data).toHaveLength(SIZE);
      }),
      { numRuns: 200 },
    );
  });

  test("holds of a chain of n products what is still to come, where pullBack holds that and all that came", () => {
    const peaks = [pullBack, pullBackOnce].map((pull) => {
      const { leaf, used, probe, peak } = setUp();
      const [x, g] = [leaf(), leaf()];
      return scope(() => {
        const before = used();
        let y: Var = x;
        for (let i = 0; i < 20; i++) y = tanh(probe(y));
        expect(used() - before).toBe(20 * BYTES);
        pull([y], [g], [x]);
        return (peak() - before) / BYTES;
      });
    });
    // Of a tanh, four temporaries, y² among them, are alive when its gradient is made.
    expect(peaks[0]).toBe(20 + 20 * 4);
    expect(peaks[1]).toBeLessThanOrEqual(20 + 1);
  });

  test("leaves of the computation nothing but what was given and what is asked for", () => {
    const { leaf, used } = setUp();
    const [x, g] = [leaf(), leaf()];
    scope(() => {
      const before = used();
      const inner = tanh(x);
      const y = relu(inner);
      const [dx] = pullBackOnce([y], [g], [x]);
      expect(used() - before).toBe(BYTES);
      expect(dx!.data).toHaveLength(SIZE);
      expect(() => inner.value.data).toThrow(GONE);
      expect(() => y.value.data).toThrow(GONE);
    });
  });

  test("lets go of memory that several values share only with the last of them", () => {
    const { leaf, kernels } = setUp();
    const [x, g] = [leaf(), leaf()];
    // The reshaped tanh is used up first; the product before it needs the same memory.
    const t = tanh(x);
    const y = flat(reshape([4, SIZE / 4])(mul(t, flat(reshape([SIZE / 2, 2])(t)))));
    const [dx] = pullBackOnce([y], [g], [x]);
    const expected = Array.from(x.value.data, (v, i) => {
      const th = Math.tanh(v);
      return 2 * th * (1 - th * th) * g.value.data[i]!;
    });
    expected.forEach((v, i) => {
      expect(dx!.data[i]).toBeCloseTo(v, 5);
    });
    // A parameter that appears reshaped is not the computation's to release.
    const [dw] = pullBackOnce(
      [sum(flat(reshape([2, SIZE / 2])(x)))],
      [constant(kernels.fill(1, [], "float32"))],
      [x],
    );
    expect([dw!.data[0], x.value.data.length]).toEqual([1, SIZE]);
  });

  test("keeps what is asked for inside the computation, and its cotangent", () => {
    const { leaf } = setUp();
    const [x, g] = [leaf(), leaf()];
    const inner = tanh(x);
    const y = tanh(inner);
    const expected = pullBack([y], [g], [x, inner]).map((v) => numbers(v!.value));
    expect(pullBackOnce([y], [g], [x, inner]).map(numbers)).toEqual(expected);
    expect(inner.value.data).toHaveLength(SIZE);
  });

  test("keeps a constant that an op has passed on as its value", () => {
    const straightThrough = defineOp<readonly [a: Var, b: Var]>({
      name: "straightThrough",
      gradient: { surrogate: "the identity in a" },
      forward: (_a, b) => b,
      vjp: ({ g }) => [() => g, null],
    });
    const { leaf } = setUp();
    const [x, b, g] = [leaf(), leaf(), leaf()];
    const [dx] = pullBackOnce([tanh(straightThrough(x, b))], [g], [x]);
    expect(dx!.data).toHaveLength(SIZE);
    expect(b.value.data).toHaveLength(SIZE);
  });

  test("keeps a value that an op hands back as its cotangent", () => {
    // The slope of a product in one factor is the other factor itself, where the cotangent is 1.
    const handsBack = defineOp<readonly [a: Var, b: Var]>({
      name: "handsBack",
      gradient: "exact",
      forward: (a, b) => a.kernels.binary("mul", a, b),
      vjp: (_out, a, b) => [() => b, () => a],
    });
    const { leaf, kernels } = setUp();
    const [x, w] = [leaf(), leaf()];
    const build = (): Var => handsBack(tanh(relu(x)), tanh(w));
    const one = constant(kernels.fill(1, [SIZE], "float32"));
    const y = build();
    const expected = pullBack([y], [one], [x, w]).map((v) => numbers(v!.value));
    expect(pullBackOnce([y], [one], [x, w]).map(numbers)).toEqual(expected);
  });
});
