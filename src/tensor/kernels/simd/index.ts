/**
 * The SIMD kernels as the contract asks for them: shapes are checked and memory is found here; the arithmetic
 * is in `assembly/`.
 *
 * @packageDocumentation
 */

import { power } from "../../math.ts";
import { alias, enter } from "../../scope.ts";
import {
  broadcastPlan,
  broadcastShape,
  type ConvGeometry,
  convDims,
  expectShape,
  gemmDims,
  type Plan,
  type PoolGeometry,
  poolDims,
} from "../../shape.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import { type Binary, type Kernels, kernelsOf, type Quantizer, type Unary } from "../kernels.ts";
import { checkLabels } from "../reference/loss.ts";
import { createHeap, type Heap } from "./heap.ts";

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
];
const BINARY: readonly Binary[] = ["add", "sub", "mul", "div", "gate"];
const LAW = ["normal", "uniform"] as const;
const MASK = ["inside", "strict", "rounded"] as const;
const ROUNDING = ["half-even", "half-away"] as const;

type Exports = Record<string, (...args: number[]) => number>;

export interface SimdKernels extends Kernels {
  /** Bytes in living tensors, and bytes of WebAssembly memory. */
  memoryUsage(): { readonly used: number; readonly reserved: number };
}

/**
 * Compiles the kernels. Each call has a memory of its own.
 *
 * @param wasm - the compiled `assembly/index.ts`
 * @throws Error where the engine has no WebAssembly SIMD
 */
export function createSimd(wasm: BufferSource): SimdKernels {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65535 });
  const abort = (): never => {
    throw new Error("a SIMD kernel stopped: this is a defect of the kernels");
  };
  const module = new WebAssembly.Module(wasm);
  const wasmExports = new WebAssembly.Instance(module, { env: { memory, abort } })
    .exports as unknown as Exports;
  return kernelsOn(createHeap(memory, wasmExports.heapBase!()), wasmExports);
}

/** Where the numbers of a tensor, and of those that share its memory, lie. */
interface Place {
  readonly start: number;
  readonly state: { alive: boolean };
}

function kernelsOn(heap: Heap, wasm: Exports): SimdKernels {
  const places = new WeakMap<Tensor, Place>();
  const garbage = new FinalizationRegistry<() => void>((release) => release());

  /** The place of a living tensor. */
  function placeOf(x: Tensor): Place {
    const place = places.get(x);
    if (place === undefined)
      throw new TypeError(`expected a tensor of "simd", got one of "${x.kernels.name}"`);
    if (!place.state.alive)
      throw new Error(
        `a tensor of shape [${x.shape}] was used after its scope had ended: return it from the scope to keep it`,
      );
    return place;
  }
  const at = (x: Tensor): number => placeOf(x).start;

  function tensorAt(place: Place, shape: Shape): Tensor {
    let view: Float32Array | undefined;
    const x: Tensor = {
      shape,
      dtype: "float32",
      kernels: simd,
      get data() {
        const start = at(x);
        // A view goes stale when the memory grows.
        if (view === undefined || view.buffer !== heap.memory.buffer)
          view = new Float32Array(heap.memory.buffer, start, sizeOf(shape));
        return view;
      },
      read: async () => x.data.slice(),
    };
    places.set(x, place);
    return x;
  }

  /** A new tensor with unspecified contents. */
  function empty(shape: Shape): Tensor {
    const bytes = sizeOf(shape) * 4;
    const state = { alive: true };
    const start = heap.allocate(bytes);
    const release = (): void => {
      if (state.alive) heap.free(start, bytes);
      state.alive = false;
    };
    const place: Place = { start, state };
    const x = tensorAt(place, shape);
    enter(x, { release });
    garbage.register(place, release);
    return x;
  }

  function zeros(shape: Shape): Tensor {
    const x = empty(shape);
    x.data.fill(0);
    return x;
  }

  /** Numbers for a kernel to read, after `offset` bytes of scratch. */
  function integers(values: ArrayLike<number>, offset = 0): number {
    const start = heap.scratch(offset + values.length * 4) + offset;
    new Int32Array(heap.memory.buffer, start, values.length).set(values);
    return start;
  }

  const planIntegers = ({ extents, strides }: Plan, offset = 0): number =>
    integers([...extents, ...strides.flat()], offset);

  /** f of `a` and `b`, both broadcast to `shape`. */
  function binaryOn(shape: Shape, f: Binary, a: Tensor, b: Tensor): Tensor {
    const plan = broadcastPlan(shape, a.shape, b.shape);
    const y = empty(shape);
    if (sizeOf(shape) > 0)
      wasm.binary!(BINARY.indexOf(f), at(a), at(b), at(y), plan.extents.length, planIntegers(plan));
    return y;
  }

  /** Runs a kernel that is given by x [N, C, …] as n, c and the rest. */
  function channels(x: Shape): readonly [n: number, c: number, inner: number] {
    if (x.length < 2) throw new RangeError(`batch norm: expected x to be [N, C, …], got [${x}]`);
    return [x[0]!, x[1]!, sizeOf(x.slice(2))];
  }

  /** The arguments that the three convolution kernels share, workspace last. */
  function convArguments(x: Shape, w: Shape, geometry: ConvGeometry) {
    const d = convDims(x, w, geometry);
    const [c, o] = [d.c / d.groups, d.o / d.groups];
    const one = [c, d.h, d.w, o, d.oh, d.ow, d.kh, d.kw, d.stride, d.padding];
    const scratch = (): number => heap.scratch(wasm.convWorkspace!(d.n, ...one) * 4);
    return { y: [d.n, d.o, d.oh, d.ow], args: [d.n, d.groups, ...one], scratch };
  }

  function poolArguments(x: Shape, geometry: PoolGeometry) {
    const d = poolDims(x, geometry);
    return { y: [d.n, d.c, d.oh, d.ow], args: [d.planes, d.h, d.w, d.oh, d.ow, d.size, d.stride, d.padding] };
  }

  function stepOf(s: Tensor): number {
    const step = s.data[0]!;
    if (sizeOf(s.shape) !== 1)
      throw new RangeError(`quantize: expected one step size, got shape [${s.shape}]`);
    if (!(step > 0)) throw new RangeError(`quantize: expected a step size above 0, got ${step}`);
    return step;
  }
  const levels = (q: Quantizer): number[] => [q.qn, q.qp, ROUNDING.indexOf(q.rounding)];

  const simd: SimdKernels = {
    name: "simd",
    dtypes: ["float32"],
    memoryUsage: heap.usage,

    tensor(data, shape) {
      if (!(data instanceof Float32Array))
        throw new TypeError("the SIMD kernels hold float32: use the reference kernels for float64");
      if (data.length !== sizeOf(shape))
        throw new RangeError(`tensor: ${data.length} values cannot fill shape [${shape}]`);
      // Room for the new tensor may make the memory grow, which empties every view of it.
      const values = data.buffer === heap.memory.buffer ? data.slice() : data;
      const x = empty(shape);
      x.data.set(values);
      return x;
    },
    fill(value, shape, dtype) {
      if (dtype !== "float32")
        throw new TypeError("the SIMD kernels hold float32: use the reference kernels for float64");
      const x = empty(shape);
      x.data.fill(value);
      return x;
    },
    reshape(x, shape) {
      if (sizeOf(shape) !== sizeOf(x.shape))
        throw new RangeError(`reshape: [${x.shape}] cannot become [${shape}]`);
      const y = tensorAt(placeOf(x), shape);
      alias(y, x);
      return y;
    },

    random(law, [k0, k1], shape, dtype) {
      if (dtype !== "float32")
        throw new TypeError("the SIMD kernels hold float32: use the reference kernels for float64");
      const y = empty(shape);
      wasm.random!(LAW.indexOf(law), k0, k1, at(y), sizeOf(shape));
      return y;
    },
    displace(w, z, { square, constant, root }) {
      kernelsOf(w, z);
      expectShape("displace", { z }, w.shape);
      const y = empty(w.shape);
      wasm.displace!(at(w), at(z), at(y), sizeOf(w.shape), square, constant, Number(root));
      return y;
    },

    unary(f, x, c = 0) {
      const y = empty(x.shape);
      wasm.unary!(UNARY.indexOf(f), at(x), at(y), sizeOf(x.shape), c);
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
      const where = planIntegers(plan, size * 8);
      const total = where - size * 8;
      new Float64Array(heap.memory.buffer, total, size).fill(0);
      wasm.sumInto!(at(x), total, plan.extents.length, where);
      wasm.demote!(total, at(y), size);
      return y;
    },

    gemm(a, b, transposes = {}) {
      kernelsOf(a, b);
      const { batch, m, n, k, shape } = gemmDims(a.shape, b.shape, transposes);
      const c = empty(shape);
      const [ar, ac] = transposes.transposeA ? [1, m] : [k, 1];
      const [br, bc] = transposes.transposeB ? [1, k] : [n, 1];
      const workspace = heap.scratch(wasm.gemmWorkspace!() * 4);
      const [as, bs, cs] = [at(a), at(b), at(c)];
      for (let z = 0; z < batch; z++) {
        const [az, bz, cz] = [as + 4 * z * m * k, bs + 4 * z * k * n, cs + 4 * z * m * n];
        wasm.gemm!(az, ar, ac, bz, br, bc, cz, m, n, k, workspace);
      }
      return c;
    },

    conv2d(x, w, bias, geometry) {
      kernelsOf(x, w, bias ?? x);
      const { y, args, scratch } = convArguments(x.shape, w.shape, geometry);
      expectShape("conv2d", { bias }, [y[1]!]);
      const out = empty(y);
      wasm.conv2d!(at(x), at(w), bias === null ? 0 : at(bias), at(out), ...args, scratch());
      return out;
    },
    conv2dInputGrad(g, w, x, geometry) {
      kernelsOf(g, w);
      const { y, args, scratch } = convArguments(x, w.shape, geometry);
      expectShape("conv2dInputGrad", { g }, y);
      const dx = empty(x);
      wasm.conv2dInputGrad!(at(g), at(w), at(dx), ...args, scratch());
      return dx;
    },
    conv2dWeightGrad(g, x, w, geometry) {
      kernelsOf(g, x);
      const { y, args, scratch } = convArguments(x.shape, w, geometry);
      expectShape("conv2dWeightGrad", { g }, y);
      const dw = x.shape[0] === 0 ? zeros(w) : empty(w);
      wasm.conv2dWeightGrad!(at(g), at(x), at(dw), ...args, scratch());
      return dw;
    },

    avgPool2d(x, geometry) {
      const { y, args } = poolArguments(x.shape, geometry);
      const out = empty(y);
      wasm.avgPool2d!(at(x), at(out), ...args);
      return out;
    },
    avgPool2dGrad(g, x, geometry) {
      const { y, args } = poolArguments(x, geometry);
      expectShape("avgPool2dGrad", { g }, y);
      const dx = zeros(x);
      wasm.avgPool2dGrad!(at(g), at(dx), ...args);
      return dx;
    },
    maxPool2d(v, x, geometry) {
      kernelsOf(v, x);
      const { y, args } = poolArguments(x.shape, geometry);
      expectShape("maxPool2d", { v }, x.shape);
      const out = empty(y);
      wasm.maxPool2d!(at(v), at(x), at(out), ...args);
      return out;
    },
    maxPool2dGrad(g, x, geometry) {
      kernelsOf(g, x);
      const { y, args } = poolArguments(x.shape, geometry);
      expectShape("maxPool2dGrad", { g }, y);
      const dx = zeros(x.shape);
      wasm.maxPool2dGrad!(at(g), at(x), at(dx), ...args);
      return dx;
    },

    moments(x) {
      const [n, c, inner] = channels(x.shape);
      const [mean, variance] = [empty([c]), empty([c])];
      wasm.moments!(at(x), at(mean), at(variance), n, c, inner);
      return [mean, variance];
    },
    normalize(x, mean, variance, gamma, beta, eps) {
      kernelsOf(x, mean, variance, gamma, beta);
      const dims = channels(x.shape);
      expectShape("normalize", { mean, variance, gamma, beta }, [dims[1]]);
      const y = empty(x.shape);
      wasm.normalize!(at(x), at(mean), at(variance), at(gamma), at(beta), eps, at(y), ...dims);
      return y;
    },
    batchNormGrad(g, x, mean, variance, gamma, eps) {
      kernelsOf(g, x, mean, variance, gamma);
      const [n, c, inner] = channels(x.shape);
      expectShape("batchNormGrad", { g }, x.shape);
      expectShape("batchNormGrad", { mean, variance, gamma }, [c]);
      const [dx, dgamma, dbeta] = [empty(x.shape), empty([c]), empty([c])];
      wasm.batchNormGrad!(
        at(g),
        at(x),
        at(mean),
        at(variance),
        at(gamma),
        eps,
        at(dx),
        at(dgamma),
        at(dbeta),
        n,
        c,
        inner,
      );
      return [dx, dgamma, dbeta];
    },

    quantize(v, s, q) {
      kernelsOf(v, s);
      const y = empty(v.shape);
      wasm.quantize!(at(v), stepOf(s), ...levels(q), at(y), sizeOf(v.shape));
      return y;
    },
    quantizeGrad(g, v, s, q) {
      kernelsOf(g, v, s);
      expectShape("quantizeGrad", { g }, v.shape);
      const dv = empty(v.shape);
      const ds = wasm.quantizeGrad!(
        at(g),
        at(v),
        stepOf(s),
        ...levels(q),
        MASK.indexOf(q.mask),
        at(dv),
        sizeOf(v.shape),
      );
      return [dv, simd.fill(ds * q.gradScale, s.shape, "float32")];
    },

    crossEntropy(logits, labels) {
      const { n, k } = checkLabels(logits, labels);
      return simd.fill(wasm.crossEntropy!(at(logits), integers(labels), n, k), [], "float32");
    },
    crossEntropyGrad(logits, labels) {
      const { n, k } = checkLabels(logits, labels);
      const dz = empty([n, k]);
      wasm.crossEntropyGrad!(at(logits), integers(labels), at(dz), n, k);
      return dz;
    },

    sgd(p, g, buf, h) {
      kernelsOf(p, g, buf ?? p);
      expectShape("sgd", { g, buf }, p.shape);
      const [next, nextBuf] = [empty(p.shape), empty(p.shape)];
      const hyper = [h.lr, h.momentum, 1 - h.dampening, Number(h.nesterov), h.weightDecay];
      wasm.sgd!(at(p), at(g), buf === null ? 0 : at(buf), at(next), at(nextBuf), sizeOf(p.shape), ...hyper);
      return [next, nextBuf];
    },
    adam(p, g, m, v, h) {
      kernelsOf(p, g, m, v);
      expectShape("adam", { g, m, v }, p.shape);
      const [next, nextM, nextV] = [empty(p.shape), empty(p.shape), empty(p.shape)];
      const [rate, root] = [h.lr / (1 - power(h.beta1, h.step)), Math.sqrt(1 - power(h.beta2, h.step))];
      const moments = [h.beta1, 1 - h.beta1, h.beta2, 1 - h.beta2, h.eps];
      const decay = h.decoupled ? [0, 1 - h.lr * h.weightDecay] : [h.weightDecay, 1];
      const tensors = [p, g, m, v, next, nextM, nextV].map(at);
      wasm.adam!(...tensors, sizeOf(p.shape), rate, root, ...moments, ...decay);
      return [next, nextM, nextV];
    },
    rmsprop(p, g, v, buf, h) {
      kernelsOf(p, g, v, buf ?? p);
      expectShape("rmsprop", { g, v, buf }, p.shape);
      const [next, nextV] = [empty(p.shape), empty(p.shape)];
      const nextBuf = h.momentum === 0 ? null : empty(p.shape);
      const address = (x: Tensor | null): number => (x === null ? 0 : at(x));
      const hyper = [h.lr, h.alpha, 1 - h.alpha, h.eps, h.momentum, h.weightDecay];
      wasm.rmsprop!(
        at(p),
        at(g),
        at(v),
        address(buf),
        at(next),
        at(nextV),
        address(nextBuf),
        sizeOf(p.shape),
        ...hyper,
      );
      return [next, nextV, nextBuf];
    },
  };

  return simd;
}
