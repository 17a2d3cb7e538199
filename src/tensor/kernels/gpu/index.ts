/**
 * Kernels on a GPU, through gpu.js. What a convolutional network does with its activations runs on the device and
 * stays there; weights, quantization, losses and optimizer steps are small, need exact rounding and logarithms, and
 * are left to the kernels of the host. A tensor lies on the host, on the device, or on both; it crosses when the
 * other side first needs it, and no second time.
 *
 * @packageDocumentation
 */

import { alias, enter, unscoped } from "../../scope.ts";
import {
  type ConvDims,
  type ConvGeometry,
  convDims,
  expectShape,
  gemmDims,
  type PoolGeometry,
  poolDims,
} from "../../shape.ts";
import { type Shape, sameShape, sizeOf, type Tensor } from "../../tensor.ts";
import { type Kernels, kernelsOf } from "../kernels.ts";
import { type Extents, extentsOf, outputOf, sameExtents, unpacked } from "./layout.ts";
import * as programs from "./programs.ts";
import type { Program, Resident, Runtime, Upload } from "./runtime.ts";

/** A result on the device; empty once it has been released. */
interface Slot {
  resident: Resident | null;
}

/** Where the numbers of a tensor are: on at least one of the two. */
interface Place {
  host: Tensor | null;
  device: Slot;
}

export interface GpuKernels extends Kernels {
  readonly runtime: Runtime;
}

/**
 * @param host - the kernels that do what the device does not, float32
 */
export function createGpu(runtime: Runtime, host: Kernels): GpuKernels {
  const { lanes } = runtime;
  const places = new WeakMap<Tensor, Place>();
  const garbage = new FinalizationRegistry<() => void>((release) => release());

  function placeOf(x: Tensor): Place {
    const place = places.get(x);
    if (place === undefined)
      throw new TypeError(`expected a tensor of "${gpu.name}", got one of "${x.kernels.name}"`);
    if (place.host === null && place.device.resident === null)
      throw new Error(
        `a tensor of shape [${x.shape}] was used after its scope had ended: return it from the scope to keep it`,
      );
    return place;
  }

  function tensorAt(place: Place, shape: Shape): Tensor {
    const x: Tensor = {
      shape,
      dtype: "float32",
      kernels: gpu,
      get data() {
        const own = placeOf(x).host;
        if (own === null)
          throw new Error(`the numbers of a tensor of shape [${shape}] are on the GPU: use await x.read()`);
        return own.data;
      },
      async read() {
        const { host: own, device } = placeOf(x);
        if (own !== null) return own.read();
        return unpacked(await runtime.read(device.resident!), extentsOf(shape)!, lanes);
      },
    };
    places.set(x, place);
    return x;
  }

  /** Gives numbers on the device to a tensor, until the scope at hand ends or the tensor is garbage. */
  function put(x: Tensor, place: Place, resident: Resident): void {
    const slot: Slot = { resident };
    place.device = slot;
    const release = (): void => {
      if (slot.resident !== null) runtime.release(slot.resident);
      slot.resident = null;
    };
    enter(x, { release });
    garbage.register(place, release);
  }

  function onHost(own: Tensor): Tensor {
    const x = tensorAt({ host: own, device: { resident: null } }, own.shape);
    alias(x, own);
    return x;
  }

  function onDevice(resident: Resident, shape: Shape): Tensor {
    const place: Place = { host: null, device: { resident } };
    const x = tensorAt(place, shape);
    put(x, place, resident);
    return x;
  }

  /** The numbers for the host. */
  function hostOf(x: Tensor): Tensor {
    const place = placeOf(x);
    if (place.host === null) {
      const values = unpacked(runtime.readNow(place.device.resident!), extentsOf(x.shape)!, lanes);
      // It may outlive the scope at hand, as `x` may.
      place.host = unscoped(() => host.tensor(values, x.shape));
    }
    return place.host;
  }

  /** Refuses what the device has no room for, before anything runs. */
  function checkSize(what: string, output: readonly number[]): void {
    const texels = output.reduce((a, b) => a * b, 1);
    if (texels > runtime.maxTexels)
      throw new RangeError(
        `${what}: a result of ${texels} texels is more than ${runtime.mode} holds (${runtime.maxTexels}). Use a smaller batch or model.`,
      );
  }

  function run(key: string, make: () => Program, ...args: readonly (Resident | Upload)[]): Resident {
    return runtime.run(
      key,
      () => {
        const program = make();
        checkSize(key, program.output);
        return program;
      },
      args,
    );
  }

  /** `inner` while `make` makes a result from it, and not longer. */
  function using<T>(inner: readonly Resident[], make: () => T): T {
    try {
      return make();
    } finally {
      for (const x of inner) runtime.release(x);
    }
  }

  const text = ({ n, c, h, w }: Extents): string => `${n},${c},${h},${w}`;

  /** The numbers for the device. */
  function deviceOf(x: Tensor): Resident {
    const place = placeOf(x);
    if (place.device.resident === null) {
      const d = extentsOf(x.shape)!;
      checkSize(`upload of [${x.shape}]`, outputOf(d, lanes));
      const values = place.host!.data as Float32Array;
      put(
        x,
        place,
        run(`pack ${text(d)}`, () => programs.pack(d, lanes), runtime.upload(values)),
      );
    }
    return place.device.resident!;
  }

  /** Does the device have the numbers, and the host not? */
  const isAway = (x: Tensor): boolean => placeOf(x).host === null;

  const channels = (d: Extents): Extents => ({ n: 1, c: d.c, h: 1, w: 1 });
  const pooledPixels = (d: Extents): Extents => ({ n: d.n, c: d.c, h: 1, w: 1 });

  /** Sums over pixels and images, for each channel. */
  function channelSums(
    what: programs.Summand,
    d: Extents,
    { count = 1, offset }: { readonly count?: number; readonly offset?: Resident },
    ...args: readonly Resident[]
  ): Resident {
    const pixels = run(`sum ${what} ${text(d)}`, () => programs.sumPixels(what, d, lanes), ...args);
    const [flat, given] = [pooledPixels(d), offset === undefined ? [] : [offset]];
    return using([pixels], () =>
      run(
        `images ${text(flat)} ${count} ${given.length}`,
        () => programs.sumImages(flat, count, given.length > 0, lanes),
        pixels,
        ...given,
      ),
    );
  }

  function imagesOf(what: string, x: Shape): Extents {
    if (x.length < 2) throw new RangeError(`${what}: expected x to be [N, C, …], got [${x}]`);
    return {
      n: x[0]!,
      c: x[1]!,
      h: 1,
      w: sizeOf(x.slice(2)),
      ...(x.length === 4 ? { h: x[2]!, w: x[3]! } : {}),
    };
  }

  /** Operands of a convolution in groups: in texels of one number, where channels of a group can be told apart. */
  function ungrouped<T>(operands: readonly (readonly [Resident, Extents])[], make: (xs: Resident[]) => T): T {
    if (lanes === 1) return make(operands.map(([x]) => x));
    const spread = operands.map(([x, d]) => run(`spread ${text(d)}`, () => programs.spread(d), x));
    return using(spread, () => make(spread));
  }
  function regrouped(x: Resident, d: Extents): Resident {
    if (lanes === 1) return x;
    return using([x], () => run(`gather ${text(d)}`, () => programs.gather(d), x));
  }

  const conv = (d: ConvDims): string => Object.values(d).join();
  const input = (d: ConvDims): Extents => ({ n: d.n, c: d.c, h: d.h, w: d.w });
  const output = (d: ConvDims): Extents => ({ n: d.n, c: d.o, h: d.oh, w: d.ow });
  const window = (d: ConvDims): Extents => ({ n: d.o, c: d.c / d.groups, h: d.kh, w: d.kw });

  function weightGrad(d: ConvDims, width: 1 | 4, x: Resident, g: Resident): Resident {
    const parts = programs.partsOf(d, width);
    const gradient = width === 4 ? run(`rows ${conv(d)}`, () => programs.rows(d), g) : g;
    const key = `${conv(d)} ${parts} ${width}`;
    const partial = using(width === 4 ? [gradient] : [], () =>
      run(`weightGrad ${key}`, () => programs.conv2dWeightGrad(d, parts, width), x, gradient),
    );
    if (parts === 1) return partial;
    return using([partial], () => run(`parts ${key}`, () => programs.sumParts(d, parts, width), partial));
  }

  const empty = (shape: Shape): Tensor => onHost(host.fill(0, shape, "float32"));
  const nothing = (...shapes: readonly Shape[]): boolean => shapes.some((shape) => sizeOf(shape) === 0);

  const gpu: GpuKernels = {
    name: runtime.mode,
    dtypes: ["float32"],
    runtime,

    tensor: (data, shape) => onHost(host.tensor(data, shape)),
    fill: (value, shape, dtype) => onHost(host.fill(value, shape, dtype)),
    reshape(x, shape) {
      if (sizeOf(shape) !== sizeOf(x.shape))
        throw new RangeError(`reshape: [${x.shape}] cannot become [${shape}]`);
      const place = placeOf(x);
      const [from, to] = [extentsOf(x.shape), extentsOf(shape)];
      const moves = isAway(x) && from !== null && to !== null && sameExtents(from, to);
      if (!moves) return onHost(host.reshape(hostOf(x), shape));
      const y = tensorAt(place, shape);
      alias(y, x);
      return y;
    },

    unary(f, x, c = 0) {
      const d = extentsOf(x.shape);
      if (!isAway(x) || d === null || !programs.knowsUnary(f)) return onHost(host.unary(f, hostOf(x), c));
      return onDevice(
        run(`${f} ${c} ${text(d)}`, () => programs.unary(f, c, d, lanes), deviceOf(x)),
        x.shape,
      );
    },
    binary(f, a, b) {
      kernelsOf(a, b);
      const d = extentsOf(a.shape);
      if (
        (!isAway(a) && !isAway(b)) ||
        d === null ||
        !sameShape(a.shape, b.shape) ||
        !programs.knowsBinary(f)
      )
        return onHost(host.binary(f, hostOf(a), hostOf(b)));
      return onDevice(
        run(`${f} ${text(d)}`, () => programs.binary(f, d, lanes), deviceOf(a), deviceOf(b)),
        a.shape,
      );
    },
    broadcastTo(x, shape) {
      const [from, to] = [extentsOf(x.shape), extentsOf(shape)];
      const spreads =
        from !== null &&
        to !== null &&
        from.h * from.w === 1 &&
        from.c === to.c &&
        (from.n === 1 || from.n === to.n);
      // To the pixels of images: on the device even from the host, because the result is larger.
      if (!spreads || x.shape.length < 3 || shape.length !== 4 || nothing(shape))
        return onHost(host.broadcastTo(hostOf(x), shape));
      const key = `broadcast ${text(from)} ${text(to)}`;
      return onDevice(
        run(key, () => programs.broadcast(from, to, lanes), deviceOf(x)),
        shape,
      );
    },
    sumTo(x, shape) {
      const d = extentsOf(x.shape);
      const away = isAway(x) && d !== null && x.shape.length === 4;
      const [n, c] = x.shape as [number, number];
      if (away && sameShape(shape, [n, c, 1, 1]))
        return onDevice(
          run(`sum plain ${text(d)}`, () => programs.sumPixels("plain", d, lanes), deviceOf(x)),
          shape,
        );
      if (away && (sameShape(shape, [c, 1, 1]) || sameShape(shape, [1, c, 1, 1])))
        return onDevice(channelSums("plain", d, {}, deviceOf(x)), shape);
      return onHost(host.sumTo(hostOf(x), shape));
    },

    gemm(a, b, transposes = {}) {
      kernelsOf(a, b);
      const d = gemmDims(a.shape, b.shape, transposes);
      if (nothing(a.shape, b.shape)) return empty([d.m, d.n]);
      const stored = (x: Tensor, transposed: boolean | undefined): readonly [Resident, boolean] => {
        if (!transposed) return [deviceOf(x), false];
        const from = extentsOf(x.shape)!;
        return [run(`transpose ${text(from)}`, () => programs.transpose(from, lanes), deviceOf(x)), true];
      };
      const [left, right] = [stored(a, transposes.transposeA), stored(b, transposes.transposeB)];
      const temporary = [left, right].filter(([, made]) => made).map(([x]) => x);
      return using(temporary, () =>
        onDevice(
          run(`gemm ${d.m},${d.n},${d.k}`, () => programs.gemm(d, lanes), left[0], right[0]),
          [d.m, d.n],
        ),
      );
    },

    conv2d(x, w, bias, geometry: ConvGeometry) {
      kernelsOf(x, w, bias ?? x);
      const d = convDims(x.shape, w.shape, geometry);
      expectShape("conv2d", { bias }, [d.o]);
      const shape = [d.n, d.o, d.oh, d.ow];
      if (nothing(x.shape, shape)) return empty(shape);
      const width = d.groups === 1 ? lanes : 1;
      const program = (): Program => programs.conv2d(d, bias !== null, width);
      const key = `conv2d ${conv(d)} ${bias !== null} ${width}`;
      const operands = [
        [deviceOf(x), input(d)],
        [deviceOf(w), window(d)],
        ...(bias === null ? [] : [[deviceOf(bias), channels(output(d))] as const]),
      ] as const;
      if (d.groups === 1) return onDevice(run(key, program, ...operands.map(([t]) => t)), shape);
      return onDevice(
        ungrouped(operands, (xs) => regrouped(run(key, program, ...xs), output(d))),
        shape,
      );
    },
    conv2dInputGrad(g, w, x, geometry) {
      kernelsOf(g, w);
      const d = convDims(x, w.shape, geometry);
      expectShape("conv2dInputGrad", { g }, [d.n, d.o, d.oh, d.ow]);
      if (nothing(x)) return empty(x);
      const width = d.groups === 1 ? lanes : 1;
      const program = (): Program => programs.conv2dInputGrad(d, width);
      const key = `inputGrad ${conv(d)} ${width}`;
      const operands = [
        [deviceOf(g), output(d)],
        [deviceOf(w), window(d)],
      ] as const;
      if (d.groups === 1) return onDevice(run(key, program, ...operands.map(([t]) => t)), x);
      return onDevice(
        ungrouped(operands, (xs) => regrouped(run(key, program, ...xs), input(d))),
        x,
      );
    },
    conv2dWeightGrad(g, x, w, geometry) {
      kernelsOf(g, x);
      const d = convDims(x.shape, w, geometry);
      expectShape("conv2dWeightGrad", { g }, [d.n, d.o, d.oh, d.ow]);
      if (nothing(x.shape)) return empty(w);
      if (d.groups === 1) return onDevice(weightGrad(d, lanes, deviceOf(x), deviceOf(g)), w);
      const operands = [
        [deviceOf(x), input(d)],
        [deviceOf(g), output(d)],
      ] as const;
      return onDevice(
        ungrouped(operands, ([a, b]) => regrouped(weightGrad(d, 1, a!, b!), window(d))),
        w,
      );
    },

    avgPool2d(x, geometry: PoolGeometry) {
      const d = poolDims(x.shape, geometry);
      const key = `avgPool ${Object.values(d).join()}`;
      return onDevice(
        run(key, () => programs.avgPool2d(d, lanes), deviceOf(x)),
        [d.n, d.c, d.oh, d.ow],
      );
    },
    avgPool2dGrad(g, x, geometry) {
      const d = poolDims(x, geometry);
      expectShape("avgPool2dGrad", { g }, [d.n, d.c, d.oh, d.ow]);
      const key = `avgPoolGrad ${Object.values(d).join()}`;
      return onDevice(
        run(key, () => programs.avgPool2dGrad(d, lanes), deviceOf(g)),
        x,
      );
    },
    maxPool2d(v, x, geometry) {
      kernelsOf(v, x);
      const d = poolDims(x.shape, geometry);
      expectShape("maxPool2d", { v }, x.shape);
      const key = `maxPool ${Object.values(d).join()}`;
      const shape = [d.n, d.c, d.oh, d.ow];
      return onDevice(
        run(key, () => programs.maxPool2d(d, lanes), deviceOf(v), deviceOf(x)),
        shape,
      );
    },
    maxPool2dGrad(g, x, geometry) {
      kernelsOf(g, x);
      const d = poolDims(x.shape, geometry);
      expectShape("maxPool2dGrad", { g }, [d.n, d.c, d.oh, d.ow]);
      const key = `maxPoolGrad ${Object.values(d).join()}`;
      return onDevice(
        run(key, () => programs.maxPool2dGrad(d, lanes), deviceOf(g), deviceOf(x)),
        x.shape,
      );
    },

    moments(x) {
      const d = imagesOf("batch norm", x.shape);
      const [a, count] = [deviceAs(x, d), d.n * d.h * d.w];
      const first = run(`first ${text(d)}`, () => programs.firstOf(d, lanes), a);
      const mean = using([first], () => channelSums("fromFirst", d, { count, offset: first }, a, first));
      const variance = channelSums("square", d, { count }, a, mean);
      return [onDevice(mean, [d.c]), onDevice(variance, [d.c])];
    },
    normalize(x, mean, variance, gamma, beta, eps) {
      kernelsOf(x, mean, variance, gamma, beta);
      const d = imagesOf("batch norm", x.shape);
      expectShape("normalize", { mean, variance, gamma, beta }, [d.c]);
      const vectors = [mean, variance, gamma, beta].map(deviceOf);
      const key = `normalize ${text(d)} ${eps}`;
      const y = run(key, () => programs.normalize(d, eps, lanes), deviceAs(x, d), ...vectors);
      return imagesAs(y, d, x.shape);
    },
    batchNormGrad(g, x, mean, variance, gamma, eps) {
      kernelsOf(g, x, mean, variance, gamma);
      const d = imagesOf("batch norm", x.shape);
      expectShape("batchNormGrad", { g }, x.shape);
      expectShape("batchNormGrad", { mean, variance, gamma }, [d.c]);
      const [u, a] = [deviceAs(g, d), deviceAs(x, d)];
      const [m, v, p] = [mean, variance, gamma].map(deviceOf) as [Resident, Resident, Resident];
      const total = channelSums("plain", d, {}, u);
      const against = channelSums("against", d, {}, a, m, u);
      const one = channels(d);
      const slope = run(
        `deviation ${text(one)} ${eps}`,
        () => programs.overDeviation(one, eps, lanes),
        against,
        v,
      );
      const key = `batchNormInput ${text(d)} ${eps}`;
      const dx = using([against], () =>
        run(key, () => programs.batchNormInput(d, eps, lanes), u, a, m, v, p, total, against),
      );
      return [imagesAs(dx, d, x.shape), onDevice(slope, [d.c]), onDevice(total, [d.c])];
    },

    quantize(v, s, q) {
      kernelsOf(v, s);
      return onHost(host.quantize(hostOf(v), hostOf(s), q));
    },
    quantizeGrad(g, v, s, q) {
      kernelsOf(g, v, s);
      const [dv, ds] = host.quantizeGrad(hostOf(g), hostOf(v), hostOf(s), q);
      return [onHost(dv), onHost(ds)];
    },
    crossEntropy: (logits, labels) => onHost(host.crossEntropy(hostOf(logits), labels)),
    crossEntropyGrad: (logits, labels) => onHost(host.crossEntropyGrad(hostOf(logits), labels)),
    sgd(p, g, buf, step) {
      kernelsOf(p, g, buf ?? p);
      const [next, nextBuf] = host.sgd(hostOf(p), hostOf(g), buf && hostOf(buf), step);
      return [onHost(next), onHost(nextBuf)];
    },
    adam(p, g, m, v, step) {
      kernelsOf(p, g, m, v);
      const [next, nextM, nextV] = host.adam(hostOf(p), hostOf(g), hostOf(m), hostOf(v), step);
      return [onHost(next), onHost(nextM), onHost(nextV)];
    },
    rmsprop(p, g, v, buf, step) {
      kernelsOf(p, g, v, buf ?? p);
      const [next, nextV, nextBuf] = host.rmsprop(hostOf(p), hostOf(g), hostOf(v), buf && hostOf(buf), step);
      return [onHost(next), onHost(nextV), nextBuf && onHost(nextBuf)];
    },
  };

  /** x [N, C, …] as images of these extents, which for other ranks than 4 are one row of pixels. */
  function deviceAs(x: Tensor, d: Extents): Resident {
    const own = extentsOf(x.shape);
    if (own !== null && sameExtents(own, d)) return deviceOf(x);
    return deviceOf(onHost(host.reshape(hostOf(x), [d.n, d.c, d.h, d.w])));
  }
  const imagesAs = (x: Resident, d: Extents, shape: Shape): Tensor =>
    gpu.reshape(onDevice(x, [d.n, d.c, d.h, d.w]), shape);

  return gpu;
}
