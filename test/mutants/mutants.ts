/** Errors that somebody could make, and the tests that are there to catch them. `run.ts` plants them. */

import { evidence } from "./evidence.ts";
import { kernels } from "./kernels.ts";
import { landscape } from "./landscape.ts";
import { measures } from "./measures.ts";
import { measuring } from "./measuring.ts";
import type { Mutant } from "./mutant.ts";
import { pictures } from "./pictures.ts";
import { recipe } from "./recipe.ts";
import { searches } from "./searches.ts";
import { theory } from "./theory.ts";
import { training } from "./training.ts";
import { vvtq } from "./vvtq.ts";

export const mutants: readonly Mutant[] = [
  ...kernels,
  ...training,
  ...measures,
  ...searches,
  ...measuring,
  ...landscape,
  ...theory,
  ...evidence,
  ...pictures,
  ...recipe,
  ...vvtq,
];
