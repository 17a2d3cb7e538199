import fc from "fast-check";
import { expect, test } from "vitest";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { createRng } from "../../src/tensor/random.ts";
import { scope } from "../../src/tensor/scope.ts";
import { convDims } from "../../src/tensor/shape.ts";
import { type Shape, sizeOf, type Tensor } from "../../src/tensor/tensor.ts";
import { simd } from "../kernels.ts";

const side = fc.integer({ min: 3, max: 10 });
const cases = fc.record({
  n: fc.integer({ min: 1, max: 3 }),
  c: fc.integer({ min: 2, max: 18 }),
  h: side,
  w: side,
  stride: fc.constantFrom(1, 2),
  padding: fc.constantFrom(0, 1),
});

/** Runs `kernel` where its result, of this shape, has a living neighbour, which must stay as it is. */
function beside(shape: Shape, kernel: () => Tensor): Float32Array {
  const { neighbour } = scope(() => {
    simd.fill(NaN, shape, "float32");
    return { neighbour: simd.fill(7, [64], "float32") };
  });
  const result = Float32Array.from(kernel().data);
  expect(new Set(neighbour.data)).toEqual(new Set([7]));
  return result;
}

test("depthwise windows of 3x3 give what the definition gives, and write nothing beyond their results", () => {
  fc.assert(
    fc.property(cases, ({ n, c, h, w, stride, padding }) =>
      scope(() => {
        const geometry = { stride, padding, groups: c };
        const [xShape, wShape]: Shape[] = [
          [n, c, h, w],
          [c, 1, 3, 3],
        ];
        const { oh, ow } = convDims(xShape!, wShape!, geometry);
        const rng = createRng("depthwise");
        const drawn = (shape: Shape) =>
          Float32Array.from({ length: sizeOf(shape) }, () => rng.uniform() - 0.5);
        const numbers = [drawn(xShape!), drawn(wShape!), drawn([c]), drawn([n, c, oh, ow])] as const;
        const [x, weights, bias, g] = [xShape!, wShape!, [c], [n, c, oh, ow]].map((shape, i) => [
          simd.tensor(numbers[i]!, shape),
          reference.tensor(Float64Array.from(numbers[i]!), shape),
        ]) as [Tensor, Tensor][];
        const pairs = [
          [
            beside([n, c, oh, ow], () => simd.conv2d(x![0], weights![0], bias![0], geometry)),
            reference.conv2d(x![1], weights![1], bias![1], geometry),
          ],
          [
            beside(xShape!, () => simd.conv2dInputGrad(g![0], weights![0], xShape!, geometry)),
            reference.conv2dInputGrad(g![1], weights![1], xShape!, geometry),
          ],
          [
            beside(wShape!, () => simd.conv2dWeightGrad(g![0], x![0], wShape!, geometry)),
            reference.conv2dWeightGrad(g![1], x![1], wShape!, geometry),
          ],
        ] as const;
        for (const [found, { data }] of pairs)
          data.forEach((exact, i) => {
            // At most 300 products of numbers below 1/2.
            expect(Math.abs(found[i]! - exact)).toBeLessThan(300 * 2 ** -24 * 2);
          });
      }),
    ),
    { numRuns: 150 },
  );
});
