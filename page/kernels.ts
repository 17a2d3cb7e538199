/** Kernels of NiN, to be timed. */
import { type Call, square } from "../src/experiments/rate.ts";
import { sizeOf } from "../src/tensor/tensor.ts";

const PICTURES = 64;

/** The three convolutions of a layer: from `c` to `o` channels of h × h pixels, by windows of k × k. */
function convolution(c: number, o: number, h: number, k: number, stride: number): Call[] {
  const name = `conv ${k} × ${k}${stride === 1 ? "" : `, stride ${stride}`}, ${c} to ${o} channels`;
  const [geometry, out] = [{ stride, padding: (k - 1) / 2, groups: 1 }, h / stride];
  const [x, w, y] = [
    [PICTURES, c, h, h],
    [o, c, k, k],
    [PICTURES, o, out, out],
  ];
  const operations = 2 * sizeOf(y) * c * k * k;
  return [
    { name, operations, operands: [x, w], run: (kernels, [x, w]) => kernels.conv2d(x!, w!, null, geometry) },
    {
      name: `${name}, gradient to the pictures`,
      operations,
      operands: [y, w],
      run: (kernels, [g, w]) => kernels.conv2dInputGrad(g!, w!, x, geometry),
    },
    {
      name: `${name}, gradient to the weights`,
      operations,
      operands: [y, x],
      run: (kernels, [g, x]) => kernels.conv2dWeightGrad(g!, x!, w, geometry),
    },
  ];
}

export const calls: readonly Call[] = [
  square(256),
  square(512),
  ...convolution(50, 50, 16, 3, 2),
  ...convolution(50, 50, 16, 1, 1),
];
