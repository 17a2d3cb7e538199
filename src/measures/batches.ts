import { constant, type Var } from "../autograd/op.ts";
import type { Images } from "../nn/images.ts";
import type { Tree } from "../nn/tree.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Some images, on the kernels and in the precision of a network's parameters. */
export interface Chunk {
  readonly labels: Int32Array;
  /** Their share of all images, 0 to 1. */
  readonly share: number;
  /** [N, C, H, W]; to be called inside the scope that uses it. */
  images(): Var;
}

/** All images, `batchSize` at a time, in order; the last batch may be smaller. */
export function* batches(images: Images, batchSize: number, params: Tree<Tensor>): Generator<Chunk> {
  const { kernels, dtype } = Object.values(params)[0]!;
  for (let from = 0; from < images.count; from += batchSize) {
    const n = Math.min(batchSize, images.count - from);
    const { images: pixels, labels } = images.batch(Int32Array.from({ length: n }, (_, i) => from + i));
    yield {
      labels,
      share: n / images.count,
      images: () =>
        constant(
          kernels.tensor(dtype === "float32" ? pixels : Float64Array.from(pixels), [n, ...images.shape]),
        ),
    };
  }
}
