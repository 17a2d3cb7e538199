/**
 * Where the numbers of tensors are: on the host, on the device, or on both. They cross when the other side first needs
 * them, and no second time.
 *
 * @packageDocumentation
 */

import { alias, enter, unscoped } from "../../scope.ts";
import { type Buffer, type Shape, sameShape, sizeOf, type Tensor } from "../../tensor.ts";
import type { Kernels } from "../kernels.ts";
import { extentsOf, outputOf, sameExtents, unpacked } from "./layout.ts";
import * as programs from "./programs/index.ts";
import type { Program, Resident, Runtime, Upload } from "./runtime.ts";

/** A result on the device; empty once it has been released. */
interface Slot {
  resident: Resident | null;
}

interface Place {
  host: Tensor | null;
  device: Slot;
  /** What the host will have made, where it waits for numbers of the device. */
  coming: Promise<Tensor> | null;
}

/** A program, to be run on operands. `make` is called the first time only. */
export type Run = (key: string, make: () => Program, ...args: readonly (Resident | Upload)[]) => Resident;

export interface Places {
  /** A tensor of numbers on the host. */
  onHost(own: Tensor): Tensor;
  /** A tensor of numbers on the device, until the scope at hand ends or the tensor is garbage. */
  onDevice(resident: Resident, shape: Shape): Tensor;
  /** The numbers for the device. */
  deviceOf(x: Tensor): Resident;
  /** Does the host lack the numbers? */
  isAway(x: Tensor): boolean;
  /** What the host makes of tensors: at once where it has or can read their numbers, and else when they have come. */
  byHost(
    xs: readonly Tensor[],
    shapes: readonly Shape[],
    make: (...own: readonly Tensor[]) => readonly Tensor[],
  ): Tensor[];
  /** The same numbers under another shape of the same size, wherever they are. */
  reshape(x: Tensor, shape: Shape): Tensor;
  readonly run: Run;
}

/**
 * @param gpu - the kernels that the tensors belong to
 * @param host - the kernels of the host
 */
export function createPlaces(gpu: () => Kernels, runtime: Runtime, host: Kernels): Places {
  const { lanes } = runtime;
  const places = new WeakMap<Tensor, Place>();
  const garbage = new FinalizationRegistry<() => void>((release) => release());

  function placeOf(x: Tensor): Place {
    const place = places.get(x);
    if (place === undefined)
      throw new TypeError(`expected a tensor of "${gpu().name}", got one of "${x.kernels.name}"`);
    if (place.host === null && place.device.resident === null && place.coming === null)
      throw new Error(
        `a tensor of shape [${x.shape}] was used after its scope had ended: return it from the scope to keep it`,
      );
    return place;
  }

  function tensorAt(place: Place, shape: Shape): Tensor {
    const x: Tensor = {
      shape,
      dtype: "float32",
      kernels: gpu(),
      get data() {
        const own = placeOf(x).host;
        if (own === null)
          throw new Error(`the numbers of a tensor of shape [${shape}] are on the GPU: use await x.read()`);
        return own.data;
      },
      async read() {
        const { host: own, device, coming } = placeOf(x);
        if (own !== null) return own.read();
        if (coming !== null) return (await coming).read();
        return unpacked(await runtime.read(device.resident!), extentsOf(shape)!, lanes);
      },
    };
    places.set(x, place);
    return x;
  }

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
    const x = tensorAt({ host: own, device: { resident: null }, coming: null }, own.shape);
    alias(x, own);
    return x;
  }

  function onDevice(resident: Resident, shape: Shape): Tensor {
    const place: Place = { host: null, device: { resident }, coming: null };
    const x = tensorAt(place, shape);
    put(x, place, resident);
    return x;
  }

  /** Numbers that the host has or can read at once. */
  function hostOf(x: Tensor): Tensor {
    const place = placeOf(x);
    if (place.host === null) {
      const values = unpacked(runtime.readNow(place.device.resident!), extentsOf(x.shape)!, lanes);
      // It may outlive the scope at hand, as `x` may.
      place.host = unscoped(() => host.tensor(values, x.shape));
    }
    return shaped(place.host, x.shape);
  }

  /** Tensors of different shapes may share a place. */
  const shaped = (own: Tensor, shape: Shape): Tensor =>
    sameShape(own.shape, shape) ? own : host.reshape(own, shape);

  /** Refuses what the device has no room for, before anything runs. */
  function checkSize(what: string, output: readonly number[]): void {
    const texels = output.reduce((a, b) => a * b, 1);
    if (texels > runtime.maxTexels)
      throw new RangeError(
        `${what}: a result of ${texels} texels is more than ${runtime.mode} holds (${runtime.maxTexels}). Use a smaller batch or model.`,
      );
  }

  const run: Run = (key, make, ...args) =>
    runtime.run(
      key,
      () => {
        const program = make();
        checkSize(key, program.output);
        return program;
      },
      args,
    );

  function deviceOf(x: Tensor): Resident {
    const place = placeOf(x);
    if (place.device.resident === null) {
      const d = extentsOf(x.shape)!;
      checkSize(`upload of [${x.shape}]`, outputOf(d, lanes));
      const values = (own: Tensor): Float32Array => own.data as Float32Array;
      const upload = runtime.upload(
        place.host === null ? place.coming!.then((own) => values(own).slice()) : values(place.host),
      );
      put(
        x,
        place,
        run(`pack ${Object.values(d)}`, () => programs.pack(d, lanes), upload),
      );
    }
    return place.device.resident!;
  }

  const isAway = (x: Tensor): boolean => placeOf(x).host === null;

  /** A tensor whose numbers the host will have. */
  function onceMade(made: Promise<Tensor>, shape: Shape): Tensor {
    const place: Place = { host: null, device: { resident: null }, coming: made };
    made.then(
      (own) => {
        place.host = own;
      },
      // Whoever reads the tensor is told.
      () => undefined,
    );
    return tensorAt(place, shape);
  }

  function byHost(
    xs: readonly Tensor[],
    shapes: readonly Shape[],
    make: (...own: readonly Tensor[]) => readonly Tensor[],
  ): Tensor[] {
    if (runtime.synchronous || !xs.some(isAway)) return make(...xs.map(hostOf)).map(onHost);
    // Read now, because the scope at hand may end before they come.
    const made = Promise.all(xs.map((x) => x.read())).then((values: readonly Buffer[]) =>
      unscoped(() => make(...values.map((own, i) => host.tensor(own, xs[i]!.shape)))),
    );
    return shapes.map((shape, i) =>
      onceMade(
        made.then((results) => results[i]!),
        shape,
      ),
    );
  }

  function reshape(x: Tensor, shape: Shape): Tensor {
    if (sizeOf(shape) !== sizeOf(x.shape))
      throw new RangeError(`reshape: [${x.shape}] cannot become [${shape}]`);
    const [from, to] = [extentsOf(x.shape), extentsOf(shape)];
    if (!isAway(x) || from === null || to === null)
      return byHost([x], [shape], (own) => [host.reshape(own!, shape)])[0]!;
    if (sameExtents(from, to)) {
      const y = tensorAt(placeOf(x), shape);
      alias(y, x);
      return y;
    }
    const key = `relayout ${Object.values(from)} ${Object.values(to)}`;
    return onDevice(
      run(key, () => programs.relayout(from, to, lanes), deviceOf(x)),
      shape,
    );
  }

  return { onHost, onDevice, deviceOf, isAway, byHost, reshape, run };
}
