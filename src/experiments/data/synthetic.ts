/**
 * Pictures of woven cloth in ten classes, drawn from a seed: a stand-in for photographs where none are at hand.
 *
 * A picture repeats one weave of 8 x 8 pixels, in uneven light, with grain and a few things lying on it. Its
 * weave is a faint design of its class under a stronger one of its own. A network can therefore learn the
 * training pictures by heart, and know little about the next one: the gap that the experiments measure. The weave
 * repeats because a network that averages over all places cannot remember what occurs at one of them.
 *
 * Only integers and + − × ÷ √ enter, so that the bytes are the same in every engine. Each picture has a stream
 * of its own, so that it does not depend on how many others are drawn.
 *
 * @packageDocumentation
 */

import type { Dataset, ImageShape, Split } from "./dataset.ts";
import { direction, type Random, randomStream } from "./random-stream.ts";

const CLASSES = 10;
const CHANNELS = 3;
const SIZE = 32;
const PIXELS = SIZE * SIZE;
const SHAPE: ImageShape = [CHANNELS, SIZE, SIZE];

/** The side of a weave, in pixels: a multiple of the distance between the places where a small network looks. */
const TILE = 8;
/** A weave is made of blocks of 4, 2 and 1 pixels; the weights' squares sum to one. */
const BLOCKS: readonly (readonly [shift: number, weight: number])[] = [
  [2, 0.6],
  [1, 0.6],
  [0, 0.53],
];

// How hard the pictures are. Brightness runs from 0 to 1; all but counts and chances are standard deviations.
// Found by trial: a small float network learns 1,500 of them by heart and is right on three of four others.
const DESIGNS_PER_CLASS = 2;
const DESIGN = 0.11;
const OWN_WEAVE = 0.2;
const DYE = 0.1;
const LIGHT = 0.15;
const GRAIN: readonly [least: number, most: number] = [0.02, 0.08];
const MOST_THINGS = 3;
/** The chance of a picture halfway between two classes, whose label nobody can know. */
const AMBIGUOUS = 0.1;

export interface SyntheticOptions {
  /** Number of training pictures. */
  readonly train: number;
  /** Number of test pictures. */
  readonly test: number;
  readonly seed: number | string;
}

/**
 * The first `train` and `test` pictures, `[3, 32, 32]`, of an endless set. Picture `i` belongs to class `i mod 10`.
 *
 * @throws RangeError on counts that are not whole numbers.
 */
export function syntheticDataset({ train, test, seed }: SyntheticOptions): Dataset {
  const designs = Array.from({ length: CLASSES }, (_, label) =>
    Array.from({ length: DESIGNS_PER_CLASS }, (_, k) =>
      randomWeave(randomStream(`${seed}/synthetic/class/${label}/${k}`), DESIGN),
    ),
  );
  return {
    name: "synthetic",
    classes: Array.from({ length: CLASSES }, (_, label) => `weave ${label}`),
    shape: SHAPE,
    train: pictures(`${seed}/synthetic/train`, train, designs),
    test: pictures(`${seed}/synthetic/test`, test, designs),
    source: `synthetic, seed ${seed}: ${train} training and ${test} test pictures of woven cloth`,
  };
}

type Weave = Float64Array;

function pictures(stream: string, count: number, designs: readonly (readonly Weave[])[]): Split {
  if (!Number.isInteger(count) || count < 0)
    throw new RangeError(`syntheticDataset: expected a whole number of pictures for ${stream}, got ${count}`);
  const images = new Uint8Array(count * CHANNELS * PIXELS);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const random = randomStream(`${stream}/${i}`);
    labels[i] = i % CLASSES;
    const weave = weaveOf(labels[i]!, designs, random);
    paint(weave, random, images.subarray(i * CHANNELS * PIXELS, (i + 1) * CHANNELS * PIXELS));
  }
  return { images, labels, count };
}

function weaveOf(label: number, designs: readonly (readonly Weave[])[], random: Random): Weave {
  const design = designs[label]![random.below(DESIGNS_PER_CLASS)]!;
  const other = (label + 1 + random.below(CLASSES - 1)) % CLASSES;
  const otherDesign = designs[other]![random.below(DESIGNS_PER_CLASS)]!;
  const ambiguous = random.between(0, 1) < AMBIGUOUS;
  return randomWeave(random, OWN_WEAVE).map(
    (own, t) => own + (ambiguous ? (design[t]! + otherDesign[t]!) / 2 : design[t]!),
  );
}

/** `[3, 8, 8]`, mean 0. */
function randomWeave(random: Random, deviation: number): Weave {
  const weave = new Float64Array(CHANNELS * TILE * TILE);
  for (const [shift, weight] of BLOCKS) {
    const side = TILE >> shift;
    const blocks = Float64Array.from({ length: CHANNELS * side * side }, () => random.normal());
    for (let c = 0; c < CHANNELS; c++)
      for (let y = 0; y < TILE; y++)
        for (let x = 0; x < TILE; x++)
          weave[(c * TILE + y) * TILE + x]! +=
            deviation * weight * blocks[(c * side + (y >> shift)) * side + (x >> shift)]!;
  }
  return weave;
}

/** Fills `out`, `[3, 32, 32]`, with a picture of cloth of this weave. */
function paint(weave: Weave, random: Random, out: Uint8Array): void {
  const [towardsX, towardsY] = direction(random);
  const dye = colour(random, DYE);
  const light = colour(random, LIGHT);
  const things = Array.from({ length: random.below(MOST_THINGS + 1) }, () => ({
    cover: randomThing(random),
    colour: colour(random, 0.3),
  }));
  const grain = random.between(...GRAIN);
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      // From −1 in the darkest corner to 1 in the lightest.
      const lit = ((x - 15.5) * towardsX + (y - 15.5) * towardsY) / 22;
      const covers = things.map(({ cover }) => cover(x, y));
      for (let c = 0; c < CHANNELS; c++) {
        const thread = weave[(c * TILE + (y % TILE)) * TILE + (x % TILE)]!;
        let value = dye[c]! + light[c]! * lit + thread;
        for (let k = 0; k < things.length; k++) value += covers[k]! * (things[k]!.colour[c]! - value);
        value += 0.5 + grain * random.normal();
        out[c * PIXELS + y * SIZE + x] = Math.floor(clamp(value) * 255 + 0.5);
      }
    }
}

/** How much of each pixel is covered by a disc or a box with soft edges, somewhere in the picture. */
function randomThing(random: Random): (x: number, y: number) => number {
  const [left, top] = [random.between(0, SIZE), random.between(0, SIZE)];
  const [cos, sin] = direction(random);
  const [length, width] = [random.between(2, 5), random.between(1, 3)];
  const disc = random.below(2) === 0;
  return (x, y) => {
    const u = Math.abs((x - left) * cos + (y - top) * sin);
    const v = Math.abs((y - top) * cos - (x - left) * sin);
    const outside = disc ? Math.sqrt(u * u + v * v) - width : Math.max(u - length, v - width);
    return clamp(0.5 - outside);
  };
}

const colour = (random: Random, deviation: number): readonly number[] =>
  Array.from({ length: CHANNELS }, () => deviation * random.normal());

const clamp = (x: number): number => Math.min(Math.max(x, 0), 1);
