/**
 * The empirical claims of the paper: which findings on its own tables speak of each, and which claims of our reports.
 *
 * @packageDocumentation
 */

/** A claim as the paper makes it. */
export interface PaperClaim {
  readonly id: string;
  readonly statement: string;
  readonly place: string;
  /** Findings on the paper's own tables, by id. */
  readonly findings: readonly string[];
  /** Claims in the summary of a report that bear on it, by the beginning of their ids. */
  readonly answers: readonly string[];
}

export const paperClaims: readonly PaperClaim[] = [
  {
    id: "regularization",
    statement: "Quantization regularizes: the training loss rises as the bits fall",
    place: "section 3.1, after eq. 7; Table 1",
    findings: ["training-loss"],
    answers: ["training-loss"],
  },
  {
    id: "gap",
    statement: "The generalization gap shrinks as the bits fall",
    place: "section 4.2; Table 1",
    findings: ["smaller-gap", "gap-by-bits", "int2-smallest"],
    answers: ["gap"],
  },
  {
    id: "int8",
    statement: "8 bits are on a par with full precision",
    place: "section 4.2; Tables 1 and 3",
    findings: ["int8-on-par", "int8-on-par-table-3"],
    answers: ["int8"],
  },
  {
    id: "test-loss",
    statement: "The test loss is almost the same at every precision",
    place: "section 4.2; Table 1",
    findings: ["same-test-loss", "overfitting"],
    answers: ["test-loss"],
  },
  {
    id: "bins",
    statement: "The bins of the quantizer are wider with fewer bits",
    place: "section 3.1; Figure 1",
    findings: [],
    answers: ["bins"],
  },
  {
    id: "noise-bound",
    statement: "Quantization moves a weight by half a step at most",
    place: "section 3.1, eq. 3",
    findings: [],
    answers: ["noise-bound"],
  },
  {
    id: "norms",
    statement: "The norms of the weights are very different among the levels of quantization",
    place: "section 4.1; Table 2",
    findings: ["norm-by-level", "norm-by-rounding"],
    answers: ["norms"],
  },
  {
    id: "flatter",
    statement:
      "Quantized networks lie in flatter minima when the magnitude of the weights is taken into account",
    place: "section 4.1; Table 3; Figure 2",
    findings: [
      "flatter",
      "flatter-mag",
      "misleading-without-magnitude",
      "flatter-with-fewer-bits",
      "figure-2",
    ],
    answers: ["flatter"],
  },
  {
    id: "h1",
    statement: "At some level of quantization the minimum is at least as flat as at full precision",
    place: "hypothesis 1, section 4; Table 3",
    findings: ["h1"],
    answers: ["h1-"],
  },
  {
    id: "corrupted-gap",
    statement: "On corrupted images, too, quantized networks have the smaller gap",
    place: "section 4.3; Tables 4 to 6",
    findings: ["most-distortions", "int8-int4-almost-all", "cifar-100-c", "constant-predictor"],
    answers: ["corrupted-gap-"],
  },
  {
    id: "mobilenet-int2",
    statement: "MobileNet-V2 at 2 bits is the exception: it has the largest gap under most distortions",
    place: "appendix C.5; Table 6",
    findings: ["mobilenet-int2"],
    answers: ["mobilenet-int2"],
  },
];
