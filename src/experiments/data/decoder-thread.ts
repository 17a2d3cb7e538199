/**
 * One thread of the decoder: reads files, and sends what a network sees of them.
 *
 * @packageDocumentation
 */

import { parentPort } from "node:worker_threads";
import sharp from "sharp";
import type { Answer, Question } from "./decoder.ts";
import { viewOf } from "./view.ts";

// There is a thread for each processor already.
sharp.concurrency(1);
sharp.cache(false);

async function answer({ id, path, size, draws }: Question): Promise<Answer> {
  try {
    const { data, info } = await sharp(path, { failOn: "truncated", ignoreIcc: true })
      .toColourspace("srgb")
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    return { id, pixels: viewOf({ pixels: data, width, height }, size, draws).pixels };
  } catch (error) {
    return { id, reason: (error as Error).message.split("\n")[0]! };
  }
}

let turn: Promise<void> = Promise.resolve();
parentPort!.on("message", (question: Question) => {
  // One picture at a time: the memory of a thread is that of one picture.
  turn = turn.then(async () => {
    const found = await answer(question);
    parentPort!.postMessage(found, "pixels" in found ? [found.pixels.buffer as ArrayBuffer] : []);
  });
});
