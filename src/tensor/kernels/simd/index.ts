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
  permutationPlan,
  poolDims,
  takeDims,
} from "../../shape.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import { type Binary, type Kernels, kernelsOf, type Quantizer, type Unary } from "../kernels.ts";
import { checkLabels, lastExtent } from "../reference/loss.ts";
import { createHeap, type Heap } from "./heap.ts";
import { pieces, type Range, ranges } from "./ranges.ts";
import { alone, type Crew, type Exports, gather, type Part, type Team } from "./team.ts";

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
const MASK = ["inside", "strict", "rounded"] as const;
const ROUNDING = ["half-even", "half-away"] as const;

/** Numbers that are summed in one go: a longer sum is that of the sums of so many. */
const SUMMED = 2 ** 16;

export interface SimdKernels extends Kernels {
  /** Bytes in living tensors, and bytes of WebAssembly memory. */
  memoryUsage(): { readonly used: number; readonly reserved: number };
  /** How many threads compute. */
  readonly threads: number;
  /** How many parts of ops that were split each thread has computed. */
  taken(): readonly number[];
  /** Ends the threads; without any, it does nothing. */
  close(): void;
}

/**
 * Compiles the kernels. Each call has a memory of its own.
 *
 * @param wasm - the compiled `assembly/index.ts`: for a team, the build that shares its memory
 * @param team - threads that work together; without them, the calling one works alone
 * @throws Error where the engine has no WebAssembly SIMD
 */
export function createSimd(wasm: BufferSource, team?: Team): SimdKernels {
  const shared = team !== undefined;
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65535, shared });
  const abort = (): never => {
    throw new Error("a SIMD kernel stopped: this is a defect of the kernels");
  };
  const module = new WebAssembly.Module(wasm);
  const exports = new WebAssembly.Instance(module, { env: { memory, abort } }).exports as unknown as Exports;
  const [base, bytes] = [exports.heapBase!(), exports.ownBytes!()];
  const owns = Array.from({ length: team?.threads ?? 1 }, (_, i) => base + i * bytes);
  exports.setOwn!(base);
  const crew = team === undefined ? alone(exports) : gather(team, exports, { module, memory }, owns);
  return kernelsOn(createHeap(memory, base + owns.length * bytes), exports, crew);
}

/** Where the numbers of a tensor, and of those that share its memory, lie. */
interface Place {
  readonly start: number;
  readonly state: { alive: boolean };
}

function kernelsOn(heap: Heap, wasm: Exports, crew: Crew): SimdKernels {
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
    const start = heap.allocate(bytes, () => `a tensor of shape [${shape}]`);
    const release = (): void => {
      if (!state.alive) return;
      heap.free(start, bytes);
      state.alive = false;
      // A registry keeps what it waits for until the next full collection, and every small one would carry it along.
      garbage.unregister(state);
    };
    const place: Place = { start, state };
    const x = tensorAt(place, shape);
    enter(x, { release });
    garbage.register(place, release, state);
    return x;
  }

  function zeros(shape: Shape): Tensor {
    const x = empty(shape);
    x.data.fill(0);
    return x;
  }

  /**
   * Runs a kernel on all of [0, n): in ranges of whole units, where there are threads and it is worth it. `cost` is that of one of
   * the n, in multiplications; `workspace` the bytes that a thread needs.
   */
  function spread(
    kernel: string,
    n: number,
    cost: number,
    argumentsOf: (from: number, to: number) => Part,
    { unit = 1, workspace = 0 } = {},
  ): void {
    if (n === 0) return;
    // More parts than threads, so that a thread which is held up leaves its share to the others.
    const most = Math.min(3 * crew.threads, (n * cost) / crew.grain);
    const pitch = Math.ceil(workspace / 64) * 64;
    const start = workspace === 0 ? 0 : heap.scratch(pitch * crew.threads);
    if (most < 2) {
      wasm[kernel]!(...argumentsOf(0, n), start);
      return;
    }
    const parts = pieces(n, most, unit).map(([from, to]) => argumentsOf(from, to));
    crew.run(kernel, parts, start, pitch);
  }

  /**
   * As `spread`, for a kernel that takes arrays of n items each, then their number; `before` and `behind` are its other arguments.
   */
  function spreadMap(
    kernel: string,
    n: number,
    cost: number,
    before: Part,
    arrays: readonly (Tensor | null)[],
    behind: Part,
  ): void {
    // Kernels read numbers by the vector, and go beyond the last ones.
    spread(
      kernel,
      n,
      cost,
      (from, to) => [...before, ...arrays.map((x) => addressOf(x, from, n)), to - from, ...behind],
      { unit: 16 },
    );
  }

  /** Where item i of n lies in an array; 0 where there is none. */
  const addressOf = (x: Tensor | null, i: number, n: number): number =>
    x === null ? 0 : i === 0 ? at(x) : at(x) + (4 * i * sizeOf(x.shape)) / n;

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
    if (sizeOf(shape) === 0) return y;
    const [outer, ...inner] = plan.extents;
    const args = [BINARY.indexOf(f), at(a), at(b), at(y), plan.extents.length, planIntegers(plan)];
    const unit = inner.length === 0 ? 16 : 1;
    spread("binary", outer ?? 1, 8 * sizeOf(inner), (from, to) => [...args, from, to], { unit });
    return y;
  }

  /** Runs a kernel that is given by x [N, C, …] as n, c and the rest. */
  function channels(x: Shape): readonly [n: number, c: number, inner: number] {
    if (x.length < 2) throw new RangeError(`batch norm: expected x to be [N, C, …], got [${x}]`);
    return [x[0]!, x[1]!, sizeOf(x.slice(2))];
  }

  /** Runs a kernel of batch normalization, whose last arguments are n, c, the rest, and a range of channels. */
  function spreadChannels(kernel: string, x: Shape, cost: number, args: Part): void {
    const [n, c, inner] = channels(x);
    spread(kernel, c, cost * n * inner, (from, to) => [...args, n, c, inner, from, to], {
      workspace: wasm.normWorkspace!(c) * 4,
    });
  }

  function normalized(
    relu: boolean,
    ...[x, mean, variance, gamma, beta, eps]: Parameters<Kernels["normalize"]>
  ): Tensor {
    kernelsOf(x, mean, variance, gamma, beta);
    expectShape("normalize", { mean, variance, gamma, beta }, [channels(x.shape)[1]]);
    const y = empty(x.shape);
    const read = [x, mean, variance, gamma, beta].map(at);
    spreadChannels("normalize", x.shape, 8, [...read, eps, Number(relu), at(y)]);
    return y;
  }

  /** With `beta`, through a ReLU after the normalization. */
  function batchNormSlopes(
    g: Tensor,
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    gamma: Tensor,
    beta: Tensor | null,
    eps: number,
  ): readonly [Tensor, Tensor, Tensor] {
    kernelsOf(g, x, mean, variance, gamma, beta ?? gamma);
    const [, c] = channels(x.shape);
    expectShape("batchNormGrad", { g }, x.shape);
    expectShape("batchNormGrad", { mean, variance, gamma, beta }, [c]);
    const made = [empty(x.shape), empty([c]), empty([c])] as const;
    const read = [g, x, mean, variance, gamma].map(at);
    const args = [...read, addressOf(beta, 0, 1), eps, ...made.map(at)];
    spreadChannels("batchNormGrad", x.shape, 16, args);
    return made;
  }

  /** The arguments that the three convolution kernels share, workspace last. */
  function convArguments(x: Shape, w: Shape, geometry: ConvGeometry) {
    const d = convDims(x, w, geometry);
    const [c, o] = [d.c / d.groups, d.o / d.groups];
    const one = [c, d.h, d.w, o, d.oh, d.ow, d.kh, d.kw, d.stride, d.padding];
    // A part has enough images for panels of columns to be full.
    const unit = Math.ceil(64 / (d.oh * d.ow));
    const options = { unit, workspace: wasm.convWorkspace!(d.n, ...one) * 4 };
    const y = [d.n, d.o, d.oh, d.ow];
    return { d, y, one, cost: sizeOf(y.slice(1)) * c * d.kh * d.kw, options };
  }

  function poolArguments(x: Shape, geometry: PoolGeometry) {
    const d = poolDims(x, geometry);
    const [y, one] = [
      [d.n, d.c, d.oh, d.ow],
      [d.h, d.w, d.oh, d.ow, d.size, d.stride, d.padding],
    ];
    const run = (kernel: string, ...arrays: readonly Tensor[]): void =>
      spreadMap(kernel, d.planes, 8 * d.oh * d.ow * d.size * d.size, [], arrays, one);
    return { y, run };
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
    threads: crew.threads,
    taken: crew.taken,
    close: crew.close,

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
      const where = planIntegers(plan, size * 8);
      const total = where - size * 8;
      new Float64Array(heap.memory.buffer, total, size).fill(0);
      wasm.sumInto!(at(x), total, plan.extents.length, where);
      wasm.demote!(total, at(y), size);
      return y;
    },

    permute(x, order) {
      const plan = permutationPlan(x.shape, order);
      const y = empty(plan.shape);
      if (sizeOf(plan.shape) > 0) wasm.permute!(at(x), at(y), plan.extents.length, planIntegers(plan));
      return y;
    },
    take(x, axis, indices) {
      const { outer, extent, count, inner, shape } = takeDims(x.shape, axis, indices);
      const y = empty(shape);
      wasm.take!(at(x), at(y), integers(indices), outer, extent, count, inner);
      return y;
    },
    takeGrad(g, x, axis, indices) {
      const { outer, extent, count, inner, shape } = takeDims(x, axis, indices);
      expectShape("takeGrad", { g }, shape);
      const dx = zeros(x);
      wasm.takeGrad!(at(g), at(dx), integers(indices), outer, extent, count, inner);
      return dx;
    },
    softmax(x) {
      const k = lastExtent("softmax", x.shape);
      const y = empty(x.shape);
      spreadMap("softmax", sizeOf(x.shape) / k, 200 * k, [], [x, y], [k]);
      return y;
    },

    gemm(a, b, transposes = {}) {
      kernelsOf(a, b);
      const { batch, m, n, k, shape } = gemmDims(a.shape, b.shape, transposes);
      const c = empty(shape);
      const [ar, ac] = transposes.transposeA ? [1, m] : [k, 1];
      const [br, bc] = transposes.transposeB ? [1, k] : [n, 1];
      const args = [at(a), ar!, ac!, at(b), br!, bc!, at(c), m, n, k];
      // Every part packs the whole B, so that it should have some rows.
      const options = { unit: 32, workspace: wasm.gemmWorkspace!() * 4 };
      spread("gemm", batch * m, n * k, (from, to) => [...args, from, to], options);
      return c;
    },

    conv2d(x, w, bias, geometry) {
      kernelsOf(x, w, bias ?? x);
      const { d, y, one, cost, options } = convArguments(x.shape, w.shape, geometry);
      expectShape("conv2d", { bias }, [y[1]!]);
      const out = empty(y);
      const b = addressOf(bias, 0, 1);
      spread(
        "conv2d",
        d.n,
        cost,
        (from, to) => [
          addressOf(x, from, d.n),
          at(w),
          b,
          addressOf(out, from, d.n),
          to - from,
          d.groups,
          ...one,
        ],
        options,
      );
      return out;
    },
    conv2dInputGrad(g, w, x, geometry) {
      kernelsOf(g, w);
      const { d, y, one, cost, options } = convArguments(x, w.shape, geometry);
      expectShape("conv2dInputGrad", { g }, y);
      const dx = empty(x);
      spread(
        "conv2dInputGrad",
        d.n,
        cost,
        (from, to) => [addressOf(g, from, d.n), at(w), addressOf(dx, from, d.n), to - from, d.groups, ...one],
        options,
      );
      return dx;
    },
    conv2dWeightGrad(g, x, w, geometry) {
      kernelsOf(g, x);
      const { d, y, one, cost, options } = convArguments(x.shape, w, geometry);
      expectShape("conv2dWeightGrad", { g }, y);
      if (d.n === 0) return zeros(w);
      const dw = empty(w);
      const args = [at(g), at(x), at(dw), d.n, d.groups, ...one];
      // Over input channels: what each adds up, it adds up over all images.
      spread("conv2dWeightGrad", d.c, (cost * d.n) / d.c, (from, to) => [...args, from, to], {
        ...options,
        unit: 1,
      });
      return dw;
    },

    avgPool2d(x, geometry) {
      const { y, run } = poolArguments(x.shape, geometry);
      const out = empty(y);
      run("avgPool2d", x, out);
      return out;
    },
    avgPool2dGrad(g, x, geometry) {
      const { y, run } = poolArguments(x, geometry);
      expectShape("avgPool2dGrad", { g }, y);
      const dx = zeros(x);
      run("avgPool2dGrad", g, dx);
      return dx;
    },
    maxPool2d(v, x, geometry) {
      kernelsOf(v, x);
      const { y, run } = poolArguments(x.shape, geometry);
      expectShape("maxPool2d", { v }, x.shape);
      const out = empty(y);
      run("maxPool2d", v, x, out);
      return out;
    },
    maxPool2dGrad(g, x, geometry) {
      kernelsOf(g, x);
      const { y, run } = poolArguments(x.shape, geometry);
      expectShape("maxPool2dGrad", { g }, y);
      const dx = zeros(x.shape);
      run("maxPool2dGrad", g, x, dx);
      return dx;
    },

    moments(x) {
      const [, c] = channels(x.shape);
      const [mean, variance] = [empty([c]), empty([c])];
      spreadChannels("moments", x.shape, 8, [x, mean, variance].map(at));
      return [mean, variance];
    },
    normalize: (...xs) => normalized(false, ...xs),
    normalizeRelu: (...xs) => normalized(true, ...xs),
    batchNormGrad: (g, x, mean, variance, gamma, eps) =>
      batchNormSlopes(g, x, mean, variance, gamma, null, eps),
    batchNormReluGrad: (g, x, mean, variance, gamma, beta, eps) =>
      batchNormSlopes(g, x, mean, variance, gamma, beta, eps),

    quantize(v, s, q) {
      kernelsOf(v, s);
      const y = empty(v.shape);
      const [size, given] = [sizeOf(v.shape), [stepOf(s), ...levels(q)]];
      spread(
        "quantize",
        size,
        8,
        (from, to) => [addressOf(v, from, size), ...given, addressOf(y, from, size), to - from],
        { unit: 16 },
      );
      return y;
    },
    quantizeGrad(g, v, s, q) {
      kernelsOf(g, v, s);
      expectShape("quantizeGrad", { g }, v.shape);
      const dv = empty(v.shape);
      const [size, given] = [sizeOf(v.shape), [stepOf(s), ...levels(q), MASK.indexOf(q.mask)]];
      const part = ([from, to]: Range): Part => [
        addressOf(g, from, size),
        addressOf(v, from, size),
        ...given,
        addressOf(dv, from, size),
        to - from,
      ];
      // A sum over all of them: its parts depend on the problem alone, as the order of summation must.
      const ds = size === 0 ? [] : crew.run("quantizeGrad", ranges(size, SUMMED).map(part), 0, 0);
      const total = ds.reduce((sum, x) => sum + x, 0);
      return [dv, simd.fill(total * q.gradScale, s.shape, "float32")];
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
      spreadMap("sgd", sizeOf(p.shape), 16, [], [p, g, buf, next, nextBuf], hyper);
      return [next, nextBuf];
    },
    adam(p, g, m, v, h) {
      kernelsOf(p, g, m, v);
      expectShape("adam", { g, m, v }, p.shape);
      const [next, nextM, nextV] = [empty(p.shape), empty(p.shape), empty(p.shape)];
      const [rate, root] = [h.lr / (1 - power(h.beta1, h.step)), Math.sqrt(1 - power(h.beta2, h.step))];
      const moments = [h.beta1, 1 - h.beta1, h.beta2, 1 - h.beta2, h.eps];
      const decay = h.decoupled ? [0, 1 - h.lr * h.weightDecay] : [h.weightDecay, 1];
      const hyper = [rate, root, ...moments, ...decay];
      spreadMap("adam", sizeOf(p.shape), 24, [], [p, g, m, v, next, nextM, nextV], hyper);
      return [next, nextM, nextV];
    },
    rmsprop(p, g, v, buf, h) {
      kernelsOf(p, g, v, buf ?? p);
      expectShape("rmsprop", { g, v, buf }, p.shape);
      const [next, nextV] = [empty(p.shape), empty(p.shape)];
      const nextBuf = h.momentum === 0 ? null : empty(p.shape);
      const hyper = [h.lr, h.alpha, 1 - h.alpha, h.eps, h.momentum, h.weightDecay];
      spreadMap("rmsprop", sizeOf(p.shape), 24, [], [p, g, v, buf, next, nextV, nextBuf], hyper);
      return [next, nextV, nextBuf];
    },
  };

  return simd;
}
