import type { Tensor } from "../tensor/tensor.ts";
import type { Application, Var } from "./op.ts";

const allFinite = ({ data }: Tensor): boolean => {
  for (const x of data) if (!Number.isFinite(x)) return false;
  return true;
};

/**
 * Where a computation went wrong: the earliest value on the way to `y` that is not finite, in words.
 *
 * @param named - values that have a name of their own, such as parameters
 * @returns `null` where everything is finite
 */
export function firstNonFinite(y: Var, named: Readonly<Record<string, Tensor>>): string | null {
  const culprit = Object.entries(named).find(([, x]) => !allFinite(x));
  if (culprit !== undefined) return `in the parameter ${culprit[0]}`;
  const nameOf = (x: Var): string | undefined => Object.entries(named).find(([, t]) => t === x.value)?.[0];

  let found: Application | undefined;
  const seen = new Set<Var>();
  const stack = [y];
  for (let x = stack.pop(); x !== undefined; x = stack.pop()) {
    if (seen.has(x) || x.origin === undefined || allFinite(x.value)) continue;
    seen.add(x);
    // Inputs are looked at after their user, so that the last one found has finite inputs only.
    found = x.origin;
    stack.push(...x.origin.inputs);
  }
  if (found === undefined) return null;
  const parameters = found.inputs.map(nameOf).filter((name) => name !== undefined);
  const of = parameters.length > 0 ? ` with ${parameters.join(", ")}` : "";
  return `the output of ${found.name}${of}, of shape [${found.outputs[0]!.value.shape}]`;
}
