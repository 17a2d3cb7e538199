/**
 * gpu.js, behind the little that the kernels need of it: programs that are compiled once, results that stay on the
 * device until they are released, and a count of the bytes that cross.
 *
 * Sources of programs are strings: they survive every compiler and minifier on the way.
 *
 * @packageDocumentation
 */

/** What gpu.js calls a mode. `cpu` and `webasm` are no GPUs: they serve tests. */
export type GpuMode = "cpu" | "webasm" | "headlessgl" | "webgl2" | "webgpu";

type Output = readonly number[];

/** A kernel of gpu.js. */
interface Kernel {
  (...args: unknown[]): unknown;
  readonly kernel: {
    readonly constructor: { readonly mode: string; readonly name: string };
    readonly fallbackReason?: string | null;
    readonly context?: unknown;
  };
  destroy(): void;
}

/** The part of gpu.js that is used. Its own typings are wrong in places. */
export interface GpuJs {
  readonly GPU: new (settings: {
    mode: string;
  }) => {
    createKernel(source: string, settings: object): Kernel;
    destroy(): Promise<void>;
  };
  readonly Input: new (values: Float32Array, size: readonly number[]) => object;
}

/** A result on the device. */
interface Texture {
  /** The numbers in the order of memory; only in the GL modes. */
  renderValues?(): Float32Array;
  toArray?(): unknown;
  delete?(): void;
}

/** The source of a kernel of gpu.js, and the extents of its output, innermost first. */
export interface Program {
  readonly source: string;
  readonly output: Output;
}

/** Numbers on the device, or on their way: `texture` is set once the work that makes them has been submitted. */
export interface Resident {
  texture: unknown;
}

/** Numbers of the host that a program reads, as soon as they are there. */
export interface Upload {
  readonly input: object | Promise<object>;
}

export interface Traffic {
  /** Bytes from the host to the device. */
  up: number;
  /** Bytes from the device to the host. */
  down: number;
}

export interface Runtime {
  readonly mode: GpuMode;
  /** Numbers in one texel: 4 in the GL modes, else 1. */
  readonly lanes: 1 | 4;
  /** Can results be read without waiting? */
  readonly synchronous: boolean;
  /** The most texels in one result. */
  readonly maxTexels: number;
  readonly traffic: Traffic;
  /** How many programs have been compiled. */
  readonly compiled: () => number;
  /** How many results are on the device. */
  readonly resident: () => number;
  /** @param values - may be promised where results come later */
  upload(values: Float32Array | Promise<Float32Array>): Upload;
  /**
   * Runs a program on operands.
   *
   * @param key - names the program; `make` is called the first time only
   */
  run(key: string, make: () => Program, args: readonly (Resident | Upload)[]): Resident;
  read(x: Resident): Promise<Float32Array>;
  /** @throws Error where reading takes time */
  readNow(x: Resident): Float32Array;
  release(x: Resident): void;
  end(): Promise<void>;
}

function flatten(x: unknown, out: number[]): void {
  if (typeof x === "number") out.push(x);
  else for (const part of x as ArrayLike<unknown> & Iterable<unknown>) flatten(part, out);
}

/** What a kernel tells of the backend that ran it. */
export interface Probe<T> {
  readonly backend: string;
  readonly fallbackReason: string | null;
  /** What was asked of the context. */
  readonly answer: T;
  /** Did it compute what it should? */
  readonly works: boolean;
}

/**
 * Runs a kernel of one number, to see where kernels run.
 *
 * @param ask - is given the context that ran it, while it lives
 */
export async function probe<T>(
  { GPU, Input }: GpuJs,
  mode: GpuMode,
  ask: (context: unknown) => T,
): Promise<Probe<T>> {
  const gpu = new GPU({ mode });
  try {
    const kernel = gpu.createKernel("function(a){ return a[this.thread.x]*2; }", {
      output: [1],
      precision: "single",
      tactic: "precision",
    });
    const [result] = (await kernel(new Input(new Float32Array([21]), [1]))) as ArrayLike<number> &
      Iterable<number>;
    const { fallbackReason = null, context } = kernel.kernel;
    const backend = kernel.kernel.constructor.name;
    return { backend, fallbackReason, answer: ask(context), works: result === 42 };
  } finally {
    await gpu.destroy();
  }
}

export function createRuntime(
  { GPU, Input }: GpuJs,
  mode: GpuMode,
  { maxTextureSize = 4096 }: { readonly maxTextureSize?: number } = {},
): Runtime {
  const gpu = new GPU({ mode });
  const kernels = new Map<string, Kernel>();
  const traffic: Traffic = { up: 0, down: 0 };
  const gl = mode === "headlessgl" || mode === "webgl2";
  const synchronous = mode !== "webgpu";
  let residents = 0;
  // Where results come later, everything goes in line: what is submitted first is done first.
  let line: Promise<unknown> = Promise.resolve();

  const kernelFor = (key: string, make: () => Program): Kernel => {
    let kernel = kernels.get(key);
    if (kernel === undefined) {
      const { source, output } = make();
      kernel = gpu.createKernel(source, {
        output,
        precision: "single",
        tactic: "precision",
        pipeline: true,
        // Results are not overwritten by the next run.
        immutable: true,
        loopMaxIterations: 1 << 24,
      });
      kernels.set(key, kernel);
    }
    return kernel;
  };
  const operand = (x: Resident | Upload): unknown => ("input" in x ? x.input : x.texture);
  const kind = (x: Resident | Upload): string => ("input" in x ? "i" : "t");

  const numbers = (values: unknown): Float32Array => {
    if (values instanceof Float32Array) return values;
    const flat: number[] = [];
    flatten(values, flat);
    return Float32Array.from(flat);
  };
  const counted = (values: Float32Array): Float32Array => {
    traffic.down += values.byteLength;
    return values;
  };

  return {
    mode,
    lanes: gl ? 4 : 1,
    synchronous,
    maxTexels: maxTextureSize * maxTextureSize,
    traffic,
    compiled: () => kernels.size,
    resident: () => residents,

    upload(values) {
      const input = (ready: Float32Array): object => {
        traffic.up += ready.byteLength;
        return new Input(ready, [ready.length]);
      };
      if (values instanceof Promise) return { input: values.then(input) };
      // Where they are read later, the memory that they lie in may have become another's.
      return { input: input(synchronous ? values : values.slice()) };
    },

    run(key, make, args) {
      const result: Resident = { texture: undefined };
      residents++;
      const kernel = kernelFor(`${key} ${args.map(kind).join("")}`, make);
      if (synchronous) result.texture = kernel(...args.map(operand));
      else
        line = line.then(async () => {
          result.texture = await kernel(...(await Promise.all(args.map(operand))));
        });
      return result;
    },

    readNow({ texture }) {
      if (!synchronous) throw new Error(`results of ${mode} cannot be read at once: use await x.read()`);
      const { renderValues, toArray } = texture as Texture;
      if (renderValues !== undefined) return counted((texture as Required<Texture>).renderValues());
      return counted(numbers(toArray === undefined ? texture : (texture as Required<Texture>).toArray()));
    },

    async read(x) {
      if (synchronous) return this.readNow(x);
      const values = line.then(() => (x.texture as Required<Texture>).toArray());
      line = values.catch(() => undefined);
      return counted(numbers(await values));
    },

    release(x) {
      residents--;
      const free = (): void => {
        (x.texture as Texture | undefined)?.delete?.();
        x.texture = undefined;
      };
      if (synchronous) free();
      else line = line.then(free);
    },

    async end() {
      await line;
      await gpu.destroy();
    },
  };
}

/** Makes something from results of the device that are not needed after it. */
export const using =
  (runtime: Runtime) =>
  <T>(inner: readonly Resident[], make: () => T): T => {
    try {
      return make();
    } finally {
      for (const x of inner) runtime.release(x);
    }
  };
