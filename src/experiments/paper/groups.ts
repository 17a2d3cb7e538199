import type { Group } from "./finding.ts";
import { onCorruptions } from "./findings/corruptions.ts";
import { denominators } from "./findings/denominators.ts";
import { initialWeights } from "./findings/initial-weights.ts";
import { rederived } from "./findings/rederived.ts";
import { sizes } from "./findings/sizes.ts";
import { days, evaluations, severities, slips } from "./findings/slips.ts";
import { onTable1 } from "./findings/table1.ts";
import { onTable2 } from "./findings/table2.ts";
import { onTable3 } from "./findings/table3.ts";
import { recoveries } from "./radii.ts";

/** Everything that the paper's tables say of each other and of its text. */
export function groups(): readonly Group[] {
  const rows = recoveries();
  return [
    { title: "Table 1: losses and gaps", findings: onTable1() },
    { title: "Table 1 and the counts: what does not go together", findings: slips() },
    { title: "Table 2: norms of the weights", findings: onTable2() },
    { title: "Table 3: what the text says of it", findings: onTable3() },
    { title: "Table 3, derived again from Table 2", findings: rederived(rows) },
    { title: "Table 3: which m and which ω", findings: sizes(rows) },
    { title: "Table 3: where the weights started", findings: initialWeights(rows) },
    { title: "Table 3: what its columns owe each other", findings: denominators(rows) },
    { title: "Tables 4 to 6: corrupted images", findings: [...onCorruptions(), severities()] },
    { title: "Appendix B.4: cost", findings: [days(), evaluations()] },
  ];
}
