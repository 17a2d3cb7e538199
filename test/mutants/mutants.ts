/** Errors that somebody could make, and the tests that are there to catch them. `run.ts` plants them. */

import { corruptions } from "./corruptions.ts";
import { evidence } from "./evidence.ts";
import { kernels } from "./kernels.ts";
import { landscape } from "./landscape.ts";
import { measures } from "./measures.ts";
import { measuring } from "./measuring.ts";
import { memory } from "./memory.ts";
import type { Mutant } from "./mutant.ts";
import { networks } from "./networks.ts";
import { pictures } from "./pictures.ts";
import { recipe } from "./recipe.ts";
import { searches } from "./searches.ts";
import { sweep } from "./sweep.ts";
import { theory } from "./theory.ts";
import { threads } from "./threads.ts";
import { training } from "./training.ts";
import { vvtq } from "./vvtq.ts";

export const mutants: readonly Mutant[] = [
  ...kernels,
  ...training,
  ...memory,
  ...measures,
  ...searches,
  ...measuring,
  ...landscape,
  ...theory,
  ...threads,
  ...evidence,
  ...networks,
  ...corruptions,
  ...sweep,
  ...pictures,
  ...recipe,
  ...vvtq,
];
