import { golden, inFile, type Mutant, property } from "./mutant.ts";

export const pictures: readonly Mutant[] = [
  ...inFile("src/experiments/data/resize.ts", golden("pictures"), [
    {
      what: "a smaller picture is made of single pixels: the filter does not widen",
      from: "Math.max(scale, 1)",
      to: "1",
    },
    { what: "pixels are cut off, not rounded", from: "let sum = ONE >> 1", to: "let sum = 0" },
    { what: "the picture moves by half a pixel", from: "(i + 0.5) * scale", to: "i * scale" },
  ]),
  ...inFile("src/experiments/data/view.ts", golden("pictures"), [
    {
      what: "the longer side is resized to 256, not the shorter one",
      from: "width <= height",
      to: "width > height",
    },
    { what: "the middle is cut out of the picture as it is", from: "(size * 8) / 7", to: "size" },
  ]),
  ...inFile("src/experiments/data/image-folder.ts", property("image-folder"), [
    {
      what: "the first files of the list are taken, all of the first classes",
      from: "Math.floor((i * split.count) / count)",
      to: "i",
    },
    {
      what: "classes are numbered as a dictionary has them",
      from: "(a < b ? -1 : 1)",
      to: "a.localeCompare(b)",
    },
  ]),
  ...inFile("src/experiments/data/folder-images.ts", property("image-folder"), [
    {
      what: "labels are those of all files, also of those that are left out",
      from: "Int32Array.from(read, ({ label }) => label)",
      to: "Int32Array.from(chosen, (index) => labels[index]!)",
    },
    { what: "channels are swapped", from: "pixels[3 * p + c]!", to: "pixels[3 * p + 2 - c]!" },
    { what: "a file is named each time it is met", from: "known.add(index);", to: "" },
  ]),
];
