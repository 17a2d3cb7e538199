/**
 * Tensors in the memory of the SIMD kernels: where their numbers lie, and how long.
 *
 * @packageDocumentation
 */

import { enter } from "../../scope.ts";
import { type Shape, sizeOf, type Tensor } from "../../tensor.ts";
import type { Kernels } from "../kernels.ts";
import type { Heap } from "./heap.ts";

/** Where the numbers of a tensor, and of those that share its memory, lie. */
export interface Place {
  readonly start: number;
  readonly state: { alive: boolean };
}

export interface Memory {
  readonly heap: Heap;
  /** The place of a living tensor. */
  placeOf(x: Tensor): Place;
  /** Where its numbers begin. */
  at(x: Tensor): number;
  /** Where item i of n lies in an array; 0 where there is none. */
  addressOf(x: Tensor | null, i: number, n: number): number;
  tensorAt(place: Place, shape: Shape): Tensor;
  /** A new tensor with unspecified contents. */
  empty(shape: Shape): Tensor;
  zeros(shape: Shape): Tensor;
  filled(value: number, shape: Shape): Tensor;
  /** Numbers for a kernel to read, after `offset` bytes of scratch. */
  integers(values: ArrayLike<number>, offset?: number): number;
}

/** @param kernels - whose tensors they are */
export function createMemory(heap: Heap, kernels: () => Kernels): Memory {
  const places = new WeakMap<Tensor, Place>();
  const garbage = new FinalizationRegistry<() => void>((release) => release());

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
      kernels: kernels(),
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

  const zeros = (shape: Shape): Tensor => filled(0, shape);

  function filled(value: number, shape: Shape): Tensor {
    const x = empty(shape);
    x.data.fill(value);
    return x;
  }

  const addressOf = (x: Tensor | null, i: number, n: number): number =>
    x === null ? 0 : i === 0 ? at(x) : at(x) + (4 * i * sizeOf(x.shape)) / n;

  function integers(values: ArrayLike<number>, offset = 0): number {
    const start = heap.scratch(offset + values.length * 4) + offset;
    new Int32Array(heap.memory.buffer, start, values.length).set(values);
    return start;
  }

  return { heap, placeOf, at, addressOf, tensorAt, empty, zeros, filled, integers };
}
