import { golden, inFile, type Mutant, property } from "./mutant.ts";

export const recipe: readonly Mutant[] = [
  ...inFile("src/nn/schedules.ts", property("schedules"), [
    {
      what: "the rate falls one epoch after the milestone",
      from: "epoch >= milestone",
      to: "epoch > milestone",
    },
    {
      what: "the cosine counts its epochs from the start of the warm-up",
      from: "(epoch - warmup) / (epochs - warmup)",
      to: "epoch / epochs",
    },
    {
      what: "the warm-up starts from nothing",
      from: "start + ((1 - start) * epoch)",
      to: "(epoch * (1 + 0))",
    },
  ]),
  ...inFile("src/nn/objectives.ts", golden("recipe"), [
    {
      what: "smoothing spreads its share over the other classes only",
      from: "fill(epsilon / k)",
      to: "fill(epsilon / (k - 1))",
    },
    {
      what: "the cross-entropy to soft targets is not a mean",
      from: "(own - targets[i]!) / labels.length",
      to: "own - targets[i]!",
    },
  ]),
  ...inFile("src/experiments/data/placement.ts", property("placement"), [
    {
      what: "the window never moves to the far edge",
      from: "2 * PADDING + 1) - PADDING,\n  left",
      to: "2 * PADDING) - PADDING,\n  left",
    },
    {
      what: "the sides of the window are swapped",
      from: "const w = roundHalfEven(Math.sqrt(area * ratio))",
      to: "const w = roundHalfEven(Math.sqrt(area))",
    },
    {
      what: "a window that does not fit is cut off",
      from: "w > width || h > height",
      to: "w > width + 1",
    },
  ]),
  ...inFile("src/experiments/data/dataset.ts", property("placement"), [
    {
      what: "what lies outside of the image is the mean of the images, not black",
      from: "table[inside ? bytes[from + row * width + column]! : 0]!",
      to: "inside ? table[bytes[from + row * width + column]!]! : 0.5",
    },
  ]),
  ...inFile("src/nn/train.ts", property("images"), [
    {
      what: "every epoch places the images alike",
      from: "{current}/$",
      to: "",
    },
  ]),
  ...inFile("src/nn/images.ts", property("images"), [
    {
      what: "one batch more is asked for in advance",
      from: "next <= i + ahead",
      to: "next <= i + ahead + 1",
    },
  ]),
];
