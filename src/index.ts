/**
 * QGen as a library: tensors and kernels, differentiation, networks, quantization, measures.
 *
 * @packageDocumentation
 */

export { firstNonFinite } from "./autograd/diagnose.ts";
export { grad, hessianVectorProduct, pullBack, pullBackOnce } from "./autograd/grad.ts";
export { gradcheck } from "./autograd/gradcheck.ts";
export {
  constant,
  defineOp,
  defineOps,
  detach,
  type Op,
  type OpDef,
  type Ops,
  type OpsDef,
  type Var,
} from "./autograd/op.ts";
export * as arithmetic from "./autograd/ops/arithmetic.ts";
export * as fused from "./autograd/ops/fused.ts";
export * as layout from "./autograd/ops/layout.ts";
export * as linear from "./autograd/ops/linear.ts";
export { softmax } from "./autograd/ops/softmax.ts";
export {
  type BootstrapInterval,
  type BootstrapOptions,
  bootstrapIntervals,
  fewestSeeds,
} from "./measures/bootstrap.ts";
export * as bounds from "./measures/bounds.ts";
export * as magnitudeBounds from "./measures/bounds-magnitude.ts";
export {
  type Direction,
  direction,
  type Normalization,
  normalized,
  rawDirection,
} from "./measures/directions.ts";
export { generalizationGap } from "./measures/gap.ts";
export { type BySeed, type H1Level, type H1Test, type H1Verdict, testH1 } from "./measures/h1.ts";
export { hessianSpectrum, hessianTrace, relativeFlatness } from "./measures/hessian.ts";
export {
  displaced,
  type Grid,
  type Plane,
  type Point,
  placesOf,
  planeOf,
  surface,
} from "./measures/landscape.ts";
export { type LossSurface, lossSurface } from "./measures/loss-surface.ts";
export { marginOf, margins } from "./measures/margin.ts";
export { l2Distance, l2Norm } from "./measures/norms.ts";
export { pathNorm } from "./measures/path-norm.ts";
export {
  type Environment,
  hoeffdingWeight,
  type SignErrors,
  signErrors,
} from "./measures/ranking/environments.ts";
export { conditionalInformation, leastInformation } from "./measures/ranking/information.ts";
export { type Granulated, granulatedKendall, kendall } from "./measures/ranking/kendall.ts";
export type { Run as RankedRun } from "./measures/ranking/pairs.ts";
export {
  lazily,
  type Measure,
  type Measured,
  measureAll,
  measuresNamed,
  measuresWith,
  type Needs,
  needsOf,
  registry,
  type Suppliers,
} from "./measures/registry/index.ts";
export { type Reported, reported } from "./measures/reported.ts";
export { type Arranged, arrange } from "./measures/search/accuracy.ts";
export {
  complete,
  type SearchResult as RadiusSearchResult,
  type Step as RadiusSearchStep,
} from "./measures/search/bisect.ts";
export {
  magnitudeAware,
  type PacBayesOptions,
  pacBayesDefaults,
  pacBayesRadius,
  pacBayesReference,
} from "./measures/search/pac-bayes.ts";
export {
  magnitudeAwareBox,
  type SharpnessOptions,
  sharpnessDefaults,
  sharpnessRadius,
} from "./measures/search/sharpness.ts";
export { circularSpectralNorm, spectralNorm } from "./measures/spectral.ts";
export { type SurfaceShape, shapeOf } from "./measures/surface-shape.ts";
export * as balls from "./measures/theory/balls.ts";
export * as theory from "./measures/theory/bounds.ts";
export { h, type Sampling, widthInBall } from "./measures/theory/h.ts";
export { existsFlatter, type Flatness, type Minimum } from "./measures/theory/h1.ts";
export { type Quadratic, quadratic } from "./measures/theory/quadratic.ts";
export { flatten, treeLoss, unflatten } from "./measures/theory/tree-loss.ts";
export { type WorstCase, worstCase } from "./measures/worst-case.ts";
export { marginallySmoothed, softLabels, type Teacher } from "./nn/distill.ts";
export { evaluate } from "./nn/evaluate.ts";
export { foldBatchNorm } from "./nn/fold.ts";
export type { Images } from "./nn/images.ts";
export * as layers from "./nn/layers.ts";
export type { Metrics } from "./nn/metrics.ts";
export type { Mode, Model, Weights } from "./nn/model.ts";
export { type NinConfig, nin } from "./nn/models/nin.ts";
export { type Objective, smoothed, softCrossEntropy, toLabels, toTargets } from "./nn/objectives.ts";
export { adam, adamw, type Optimizer, rmsprop, sgd } from "./nn/optimizers.ts";
export { ascentOf, defaultSam, type Sam } from "./nn/sam.ts";
export { type Cosine, cosine, multiStep } from "./nn/schedules.ts";
export { Diverged, type Recipe, startOf, type TrainEvent, type TrainState, train } from "./nn/train.ts";
export { mapTree, type Tree } from "./nn/tree.ts";
export { type PaperRef, paperItems } from "./paper.ts";
export { binPenalty, binRegularization, binWeight } from "./quant/bin-regularization.ts";
export { convert, restore } from "./quant/convert.ts";
export { clippingOf } from "./quant/inspect.ts";
export { codes, initialStep, type Levels, lsq, signed, stepGradScale, unsigned } from "./quant/lsq.ts";
export { mseStep } from "./quant/mse-step.ts";
export * as noise from "./quant/noise.ts";
export { defaultPolicy, dequantized, type Policy, prepare, type QuantizedModel } from "./quant/prepare.ts";
export * as regularization from "./quant/regularization.ts";
export type { Kernels } from "./tensor/kernels/kernels.ts";
export { reference } from "./tensor/kernels/reference/index.ts";
export { createSimd } from "./tensor/kernels/simd/index.ts";
export { createRng, type Rng } from "./tensor/random.ts";
export { loopScope, scope } from "./tensor/scope.ts";
export type { Buffer, DType, Shape, Tensor } from "./tensor/tensor.ts";
