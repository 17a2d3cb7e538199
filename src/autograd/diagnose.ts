import type { Tensor } from "../tensor/tensor.ts";
import type { Application, Var } from "./op.ts";

async function allFinite(x: Tensor): Promise<boolean> {
  for (const value of await x.read()) if (!Number.isFinite(value)) return false;
  return true;
}

/**
 * Where a computation went wrong: the earliest value on the way to `y` that is not finite, in words.
 *
 * @param named - values that have a name of their own, such as parameters
 * @returns `null` where everything is finite
 */
export async function firstNonFinite(
  y: Var,
  named: Readonly<Record<string, Tensor>>,
): Promise<string | null> {
  for (const [name, x] of Object.entries(named)) if (!(await allFinite(x))) return `in the parameter ${name}`;
  const nameOf = (x: Var): string | undefined => Object.entries(named).find(([, t]) => t === x.value)?.[0];

  let found: Application | undefined;
  const seen = new Set<Var>();
  const stack = [y];
  for (let x = stack.pop(); x !== undefined; x = stack.pop()) {
    if (seen.has(x) || x.origin === undefined || (await allFinite(x.value))) continue;
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
