import type { Aggregate } from "./aggregate.ts";
import type { Claim } from "./claim.ts";
import { explained, onPar, sameTestLoss, trend } from "./claims-on-losses.ts";
import { noiseBound, widerBins } from "./claims-on-steps.ts";
import type { Reference } from "./reference.ts";

/** Every claim of the paper that these runs can be asked about, in the order of the report. */
export const claimsOf = ({ precisions }: Aggregate, reference: Reference): readonly Claim[] => [
  trend(precisions, "trainLoss", 1, {
    id: "training-loss",
    statement: "The training loss rises as the bits fall",
    place: "section 3.1, after eq. 7; Table 1",
  }),
  explained(
    precisions,
    trend(precisions, "gap", -1, {
      id: "gap",
      statement: "The generalization gap shrinks as the bits fall",
      place: "section 4.2; Table 1",
    }),
  ),
  onPar(precisions, reference),
  sameTestLoss(precisions, reference),
  widerBins(precisions),
  noiseBound(precisions),
];
