/**
 * The points of a surface in a file: its settings in the first line, then a line for each point, in order. A file that
 * was cut short at any moment is gone on with to the same bytes.
 *
 * @packageDocumentation
 */

import { z } from "zod";
import { type Place, type Point, placesOf, surface } from "../../measures/landscape.ts";
import { type Journal, openJournal } from "../journal.ts";
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

/**
 * The points of a surface that a file holds, up to the first line that is not the next one.
 *
 * @throws Complaint where the file is of another surface
 */
export function pointsIn(path: string, settings: SurfaceSettings): Journal<Point> {
  const places = placesOf(settings.grid);
  return openJournal(path, settings, (line, index) => {
    const { success, data } = pointSchema.safeParse(line);
    const place = places[index];
    return success && place !== undefined && isAt(data, place) ? data : null;
  });
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
  const places = placesOf(grid);
  const journal = pointsIn(path, settings);
  const points = [...journal.entries];
  const known = new Set(points.map(({ i, j }) => `${i},${j}`));
  const isKnown = ({ i, j }: Place): boolean => known.has(`${i},${j}`);
  for await (const point of surface(model, weights, plane, images, { grid, batchSize, isKnown })) {
    points.push(point);
    journal.add(point);
    onPoint?.(point, points.length);
    // Signals are only heard between two turns of the event loop.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (stop?.() && points.length < places.length)
      throw new Interrupted(
        `stopped; ${points.length} points of this surface are saved in ${path}. To go on, give the same command again.`,
      );
  }
  return points;
}
