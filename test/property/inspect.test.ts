import { expect } from "vitest";
import { clippingOf } from "../../src/quant/inspect.ts";
import { signed } from "../../src/quant/lsq.ts";
import { defaultPolicy } from "../../src/quant/prepare.ts";
import { reference } from "../../src/tensor/kernels/reference/index.ts";
import { verifies } from "../spec.ts";
import { f64 } from "../tensors.ts";

const quantizer = { weight: "w", step: "s", bits: 2, levels: signed(2) };
/** Of weights in units of the step, 2 bits: levels −2, −1, 0, 1. */
const clipping = (...ratios: number[]) =>
  clippingOf(quantizer, defaultPolicy, {
    w: f64(ratios.map((r) => r / 4)),
    s: reference.tensor(Float64Array.of(1 / 4), []),
  });

verifies("QGen.eq.3", "a weight is clipped beyond half a step from the outermost levels, not before", () => {
  expect(clipping(-2.5, 1.5, 0)).toEqual({ clipped: 0, largestError: 0.5 });
  expect(clipping(-2.5001, 1.5001, 0.25, 0)).toEqual({ clipped: 0.5, largestError: 0.25 });
  expect(clipping(1.25, -2.25)).toEqual({ clipped: 0, largestError: 0.25 });
  expect(clipping(7, -7)).toEqual({ clipped: 1, largestError: 0 });
});
