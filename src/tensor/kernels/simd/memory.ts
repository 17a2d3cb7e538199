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

/** Whose tensors they are, and where the numbers lie. */
interface Home {
  readonly kernels: Kernels;
  readonly heap: Heap;
}

/** A class, since a training step makes hundreds of them: its objects have their getters in common. */
class Stored implements Tensor {
  readonly dtype = "float32";
  readonly shape: Shape;
  readonly place: Place;
  readonly home: Home;
  private view: Float32Array | undefined;

  constructor(shape: Shape, place: Place, home: Home) {
    this.shape = shape;
    this.place = place;
    this.home = home;
  }

  get kernels(): Kernels {
    return this.home.kernels;
  }

  get data(): Float32Array {
    const { memory } = this.home.heap;
    expectAlive(this);
    // A view goes stale when the memory grows.
    if (this.view?.buffer !== memory.buffer)
      this.view = new Float32Array(memory.buffer, this.place.start, sizeOf(this.shape));
    return this.view;
  }

  async read(): Promise<Float32Array> {
    return this.data.slice();
  }
}

function expectAlive(x: Stored): void {
  if (!x.place.state.alive)
    throw new Error(
      `a tensor of shape [${x.shape}] was used after its scope had ended: return it from the scope to keep it`,
    );
}

/** @param kernels - whose tensors they are */
export function createMemory(heap: Heap, kernels: () => Kernels): Memory {
  const home: Home = {
    heap,
    get kernels() {
      return kernels();
    },
  };
  const garbage = new FinalizationRegistry<() => void>((release) => release());

  function placeOf(x: Tensor): Place {
    if (!(x instanceof Stored) || x.home !== home)
      throw new TypeError(`expected a tensor of "simd", got one of "${x.kernels.name}"`);
    expectAlive(x);
    return x.place;
  }
  const at = (x: Tensor): number => placeOf(x).start;
  const tensorAt = (place: Place, shape: Shape): Tensor => new Stored(shape, place, home);

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
