/**
 * The weights of the networks of Table 2, counted from their layers: how many there are, and what the squared
 * norm of fresh ones is on average.
 *
 * @packageDocumentation
 */

/** A convolution or a linear layer. */
interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** Side of the window; 1 for a linear layer. */
  readonly kernel: number;
  readonly role: "main" | "shortcut" | "head";
}

export interface Architecture {
  readonly layers: readonly Layer[];
  /** How its convolutions start: PyTorch's default, or He's normal law over the outputs, as in torchvision. */
  readonly init: "default" | "fan-out";
}

const layer = (inputs: number, outputs: number, kernel: number, role: Layer["role"] = "main"): Layer => ({
  inputs,
  outputs,
  kernel,
  role,
});

/** d × w: `depth` blocks of a 3×3 and two 1×1 convolutions with 25 `width` channels, and a 1×1 to the classes. */
export function ninWeights(depth: number, width: number, classes: number): Architecture {
  const c = 25 * width;
  const blocks = Array.from({ length: depth }, (_, i) => [
    layer(i === 0 ? 3 : c, c, 3),
    layer(c, c, 1),
    layer(c, c, 1),
  ]);
  return { layers: [...blocks.flat(), layer(c, classes, 1, "head")], init: "default" };
}

/** ResNet-18 or ResNet-50: stages of `width`, 2, 4 and 8 times that. */
export function resnetWeights(
  depth: 18 | 50,
  width: number,
  classes: number,
  stem: 3 | 7,
  init: Architecture["init"],
): Architecture {
  const expansion = depth === 18 ? 1 : 4;
  const counts = depth === 18 ? [2, 2, 2, 2] : [3, 4, 6, 3];
  const layers = [layer(3, width, stem)];
  let inputs = width;
  counts.forEach((count, stage) => {
    const inner = width * 2 ** stage;
    for (let i = 0; i < count; i++) {
      const outputs = inner * expansion;
      layers.push(
        ...(depth === 18
          ? [layer(inputs, inner, 3), layer(inner, inner, 3)]
          : [layer(inputs, inner, 1), layer(inner, inner, 3), layer(inner, outputs, 1)]),
      );
      if (i === 0 && (stage > 0 || inputs !== outputs)) layers.push(layer(inputs, outputs, 1, "shortcut"));
      inputs = outputs;
    }
  });
  return { layers: [...layers, layer(inputs, classes, 1, "head")], init };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

export const weightCount = ({ layers }: Architecture): number =>
  sum(layers.map(({ inputs, outputs, kernel }) => inputs * outputs * kernel ** 2));

/** The scales of the batch norms in the shortcuts. Their names have no "bn" in them: `downsample.1.weight`. */
export const shortcutScales = ({ layers }: Architecture): number =>
  sum(layers.filter(({ role }) => role === "shortcut").map(({ outputs }) => outputs));

export const withoutShortcuts = (of: Architecture): Architecture => ({
  ...of,
  layers: of.layers.filter(({ role }) => role !== "shortcut"),
});

/**
 * E‖w₀‖². PyTorch's default has variance 1/(3 fan-in), so that a layer adds outputs/3; He's law over the outputs
 * has variance 2/fan-out, so that a convolution adds 2 inputs.
 */
export const initialSquaredNorm = ({ layers, init }: Architecture): number =>
  sum(
    layers.map(({ inputs, outputs, role }) =>
      init === "fan-out" && role !== "head" ? 2 * inputs : outputs / 3,
    ),
  );
