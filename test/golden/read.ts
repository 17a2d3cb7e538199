/** Readers of the files in this folder. README.md says what is in them. */
import { readFileSync } from "node:fs";
import { decodeSafetensors, type SafeTensor } from "../../src/experiments/safetensors.ts";

const file = (name: string): Buffer => readFileSync(new URL(name, import.meta.url));

export interface LsqCase {
  readonly bits: number;
  readonly v: number[];
  readonly s: number;
  readonly upstream: number[];
  readonly Qn: number;
  readonly Qp: number;
  readonly grad_scale: number;
  readonly codes: number[];
  readonly vhat: number[];
  readonly grad_v: number[];
  readonly grad_s: number;
  readonly init_s: number;
}

interface LsqBoundary {
  readonly v: number;
  readonly vhat: number[];
  readonly grad_v: number[];
  readonly grad_s: number;
  readonly grad_s_unscaled: number;
}

export interface Trajectory {
  readonly kwargs: { readonly lr: number; readonly momentum?: number; readonly weight_decay?: number };
  readonly x0: number[];
  readonly grads: number[][];
  readonly trajectory: number[][];
}

interface Golden {
  readonly lsq_autograd_composition: LsqCase[];
  readonly lsq_boundary_unit_step_b4: LsqBoundary[];
  readonly optim: Readonly<
    Record<"sgd_mom_wd" | "sgd_plain" | "adam_wd" | "rmsprop_wd" | "rmsprop_mom" | "adamw", Trajectory>
  >;
  readonly batchnorm2d: {
    readonly x: number[][][][];
    readonly weight: number[];
    readonly bias: number[];
    readonly train_out: number[][][][];
    readonly running_mean: number[];
    readonly running_var: number[];
    readonly eval_out: number[][][][];
  };
  readonly measures: {
    readonly w: number[];
    readonly w0: number[];
    readonly m: number;
    readonly omega: number;
    readonly eps: number;
    readonly sigma: number;
    readonly sigma_mag: number;
    readonly alpha: number;
    readonly alpha_mag: number;
    readonly delta: number;
    /** By measure and constant term. */
    readonly values: Readonly<
      Record<string, { readonly raw: number; readonly reported_sqrt_x_over_m: number }>
    >;
  };
  readonly sam_quadratic: {
    readonly w: number[];
    readonly H: number[][];
    readonly rho: number;
    readonly grad: number[];
    readonly eps_w: number[];
    readonly sam_grad: number[];
    readonly w_after_sgd_lr_0p1: number[];
  };
  readonly filter_normalisation: {
    readonly direction: number[][];
    readonly weight: number[][];
    readonly out: number[][];
  };
  readonly cross_entropy: { readonly logits: number[][]; readonly target: number[]; readonly mean: number };
}

export const golden = JSON.parse(file("golden.json").toString()) as Golden;

export interface NetworkMeasures {
  readonly m: number;
  readonly image: readonly [channels: number, height: number, width: number];
  readonly classes: number;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly weights: readonly string[];
  readonly seed: number;
  readonly labels: readonly number[];
  readonly margin: number;
  readonly raw: Readonly<Record<string, number>>;
  readonly reported: Readonly<Record<string, number>>;
  readonly loss: number;
  readonly eigenvalues: readonly [smallest: number, largest: number];
  readonly trace: number;
  readonly relative_flatness: Readonly<Record<string, number>>;
  readonly radius: { readonly l2: number; readonly linf: number };
  readonly one_step: { readonly l2: number; readonly linf: number };
}

export const networkMeasures = JSON.parse(file("network-measures.json").toString()) as NetworkMeasures;

export interface LayerCase {
  readonly name: string;
  readonly op: "conv2d" | "avg_pool2d" | "max_pool2d";
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
  readonly size: number;
  readonly bias?: readonly number[];
}

export const layers = JSON.parse(file("layers.json").toString()) as LayerCase[];

/** One tensor of a file of this folder, as numbers with a shape. */
export interface Stored {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The tensors of a file, by name. */
export function tensorsIn(name: string): {
  readonly names: readonly string[];
  (tensor: string): Stored;
} {
  const { tensors } = decodeSafetensors(file(name));
  const read = (tensor: string): Stored => {
    const found: SafeTensor | undefined = tensors[tensor];
    if (found === undefined) throw new Error(`${name} has no tensor "${tensor}"`);
    return { shape: found.shape, values: Float64Array.from(found.data as Float64Array) };
  };
  return Object.assign(read, { names: Object.keys(tensors) });
}
