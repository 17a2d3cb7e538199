import { expect } from "vitest";
import { sgd } from "../../src/nn/optimizers.ts";
import { ascentOf, climbed } from "../../src/nn/sam.ts";
import { verifies } from "../spec.ts";
import { dot, f64 } from "../tensors.ts";
import { golden } from "./read.ts";

verifies(
  "SAM.eq.3",
  "on a quadratic form, e, the gradient at w + e and the new w are those of PyTorch",
  () => {
    const { w, H, rho, grad, eps_w, sam_grad, w_after_sgd_lr_0p1 } = golden.sam_quadratic;
    const near = (xs: readonly number[]) => xs.map((x) => expect.closeTo(x, 12));
    const slope = (at: { data: ArrayLike<number> }) => H.map((row) => dot(f64(row), f64(at.data)));
    const params = { w: f64(w) };
    const g = slope(params.w);
    expect(g).toEqual(near(grad));
    const e = ascentOf(params, { w: { values: Float64Array.from(g) } }, { rho, adaptive: false }, ["w"]);
    expect(Array.from(e.w!)).toEqual(near(eps_w));
    const there = slope(climbed(params, e).w!);
    expect(there).toEqual(near(sam_grad));
    const rule = sgd();
    const next = rule.step(params, { w: f64(there) }, rule.init(params), 0.1);
    expect(Array.from(next.params.w!.data)).toEqual(near(w_after_sgd_lr_0p1));
  },
);
