/**
 * The points of a surface in a file: its settings in the first line, then a line for each point, in order. A file that
 * was cut short at any moment is gone on with to the same bytes.
 *
 * @packageDocumentation
 */

import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { type Place, type Point, placesOf, surface } from "../../measures/landscape.ts";
import { Complaint } from "../complaint.ts";
import { canonicalJson } from "../config.ts";
import { appendLine, writeAtomic } from "../files.ts";
import { Interrupted } from "../run.ts";
import type { SurfaceJob, SurfaceSettings } from "./jobs.ts";

/** A loss that is not finite is written as null. */
const loss = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const pointSchema = z.strictObject({
  i: z.int(),
  j: z.int(),
  a: z.number(),
  b: z.number(),
  loss,
  accuracy: z.number(),
});

/** What of a line's JSON can be read; `undefined` where it was cut short. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * The points that a file holds, up to the first line that is not the next point of its surface.
 *
 * @throws Complaint where the file is of another surface
 */
export function readPoints(path: string, settings: SurfaceSettings): Point[] {
  if (!existsSync(path)) return [];
  // What follows the last end of a line was cut short.
  const [first, ...lines] = readFileSync(path, "utf8").split("\n").slice(0, -1);
  if (first === undefined) return [];
  if (canonicalJson(parsed(first) ?? null) !== canonicalJson(settings))
    throw new Complaint(`${path} holds the points of another surface. Move it away, or give another --out.`);
  const points: Point[] = [];
  const places = placesOf(settings.grid);
  for (const line of lines) {
    const { success, data } = pointSchema.safeParse(parsed(line));
    const place = places[points.length];
    if (!success || place === undefined || !isAt(data, place)) break;
    points.push(data);
  }
  return points;
}

const isAt = (point: Point, { i, j, a, b }: Place): boolean =>
  point.i === i && point.j === j && point.a === a && point.b === b;

export interface Following {
  /** Told of every point that has been computed, with how many are known now. */
  readonly onPoint?: (point: Point, known: number) => void;
  /** Asked after every point; `true` stops between two. */
  readonly stop?: () => boolean;
}

/**
 * All points of a surface: those that the file holds, and the others computed and appended to it.
 *
 * @throws Interrupted where `stop` said so; Complaint where the file is of another surface or cannot be written
 */
export async function computePoints(
  path: string,
  job: SurfaceJob,
  { onPoint, stop }: Following = {},
): Promise<Point[]> {
  const { settings, model, weights, plane, images } = job;
  const { grid, batchSize } = settings;
  const points = readPoints(path, settings);
  if (points.length === placesOf(grid).length) return points;
  const lines = [settings, ...points].map((line) => `${JSON.stringify(line)}\n`);
  writeAtomic(path, lines.join(""));

  const known = new Set(points.map(({ i, j }) => `${i},${j}`));
  const isKnown = ({ i, j }: Place): boolean => known.has(`${i},${j}`);
  for await (const point of surface(model, weights, plane, images, { grid, batchSize, isKnown })) {
    points.push(point);
    appendLine(path, JSON.stringify(point), { durable: false });
    onPoint?.(point, points.length);
    // Signals are only heard between two turns of the event loop.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (stop?.() && points.length < placesOf(grid).length)
      throw new Interrupted(
        `stopped; ${points.length} points of this surface are saved in ${path}. To go on, give the same command again.`,
      );
  }
  return points;
}
