/** Maps, broadcasts and sums, and random numbers. */
import { broadcastPlan, broadcastShape, expectShape, flatPlan } from "../../shape.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import { type Binary, type Kernels, kernelsOf, type Unary } from "../kernels.ts";
import { expectSingle } from "./dtype.ts";
import type { Ground } from "./ground.ts";

// The order of these is that of the constants in assembly/.
const UNARY: readonly Unary[] = [
  "neg",
  "exp",
  "log",
  "sqrt",
  "tanh",
  "abs",
  "relu",
  "positive",
  "scale",
  "shift",
  "atLeast",
  "gelu",
  "geluSlope",
];
/** Those that are computed one by one, in float64. */
const inDoubles: ReadonlySet<Unary> = new Set(["exp", "log", "tanh", "gelu", "geluSlope"]);
const BINARY: readonly Binary[] = ["add", "sub", "mul", "div", "gate"];
const LAW = ["normal", "uniform"] as const;

export type Elementwise = Pick<Kernels, "random" | "displace" | "unary" | "binary" | "broadcastTo" | "sumTo">;

export function createElementwise(ground: Ground): Elementwise {
  const { heap, wasm, at, empty, zeros, integers, spread, spreadMap } = ground;

  /** f of `a` and `b`, both broadcast to `shape`. */
  function binaryOn(shape: Shape, f: Binary, a: Tensor, b: Tensor): Tensor {
    const plan = broadcastPlan(shape, a.shape, b.shape);
    const y = empty(shape);
    if (sizeOf(shape) === 0) return y;
    const [outer, ...inner] = plan.extents;
    const args = [BINARY.indexOf(f), at(a), at(b), at(y), plan.extents.length, integers(flatPlan(plan))];
    const unit = inner.length === 0 ? 16 : 1;
    spread("binary", outer ?? 1, 8 * sizeOf(inner), (from, to) => [...args, from, to], { unit });
    return y;
  }

  return {
    random(law, [k0, k1], shape, dtype) {
      expectSingle(dtype);
      const y = empty(shape);
      const args = [LAW.indexOf(law), k0, k1, at(y)];
      spread("random", sizeOf(shape), 16, (from, to) => [...args, from, to], { unit: 16 });
      return y;
    },
    displace(w, z, { square, constant, root }) {
      kernelsOf(w, z);
      expectShape("displace", { z }, w.shape);
      const y = empty(w.shape);
      spreadMap("displace", sizeOf(w.shape), 16, [], [w, z, y], [square, constant, Number(root)]);
      return y;
    },

    unary(f, x, c = 0) {
      const y = empty(x.shape);
      const cost = inDoubles.has(f) ? 200 : 8;
      spreadMap("unary", sizeOf(x.shape), cost, [UNARY.indexOf(f)], [x, y], [c]);
      return y;
    },
    binary(f, a, b) {
      kernelsOf(a, b);
      return binaryOn(broadcastShape(a.shape, b.shape), f, a, b);
    },
    // x − 0 is x for every x; x + 0 would lose the sign of −0.
    broadcastTo: (x, shape) => binaryOn(shape, "sub", x, zeros([])),
    sumTo(x, shape) {
      const plan = broadcastPlan(x.shape, shape);
      const y = empty(shape);
      const size = sizeOf(shape);
      const where = integers(flatPlan(plan), size * 8);
      const total = where - size * 8;
      new Float64Array(heap.memory.buffer, total, size).fill(0);
      wasm.sumInto!(at(x), total, plan.extents.length, where);
      wasm.demote!(total, at(y), size);
      return y;
    },
  };
}
