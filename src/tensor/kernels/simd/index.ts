/**
 * The SIMD kernels as the contract asks for them: shapes are checked and memory is found here, one family a file; the
 * arithmetic is in `assembly/`.
 *
 * @packageDocumentation
 */

import { alias } from "../../scope.ts";
import { sizeOf } from "../../tensor.ts";
import type { Kernels } from "../kernels.ts";
import { expectSingle } from "./dtype.ts";
import { createElementwise } from "./elementwise.ts";
import { createGround } from "./ground.ts";
import { createHeap, type Heap } from "./heap.ts";
import { createImages } from "./images.ts";
import { createLayout } from "./layout.ts";
import { createLearning } from "./learning.ts";
import { createMemory } from "./memory.ts";
import { createProducts } from "./products.ts";
import { alone, type Crew, type Exports, gather, type Team } from "./team.ts";

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

function kernelsOn(heap: Heap, wasm: Exports, crew: Crew): SimdKernels {
  const ground = createGround(
    createMemory(heap, () => simd),
    wasm,
    crew,
  );
  const { placeOf, tensorAt, empty, filled } = ground;
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
      expectSingle(dtype);
      return filled(value, shape);
    },
    reshape(x, shape) {
      if (sizeOf(shape) !== sizeOf(x.shape))
        throw new RangeError(`reshape: [${x.shape}] cannot become [${shape}]`);
      const y = tensorAt(placeOf(x), shape);
      alias(y, x);
      return y;
    },

    ...createElementwise(ground),
    ...createLayout(ground),
    ...createProducts(ground),
    ...createImages(ground),
    ...createLearning(ground),
  };
  return simd;
}
