/** Curves that grow while the networks train. */
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { precisionName } from "../src/experiments/precision.ts";
import { lookOf } from "../src/experiments/report/look.ts";
import { type Precision, precisions } from "./messages.ts";

/** A curve for each precision. */
export interface Chart {
  add(bits: Precision, epoch: number, value: number): void;
}

const HEIGHT = 260;

export function chart(place: HTMLElement, epochs: number): Chart {
  const at = (name: string): string => getComputedStyle(place).getPropertyValue(name);
  const axis = {
    stroke: at("--quiet"),
    grid: { stroke: at("--line"), width: 1 },
    ticks: { stroke: at("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
  };
  const x = Array.from({ length: epochs }, (_, i) => i + 1);
  const curves = precisions.map(() => new Array<number | null>(epochs).fill(null));
  place.replaceChildren();
  const plot = new UPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      scales: { x: { time: false, range: [1, Math.max(2, epochs)] } },
      axes: [{ ...axis, incrs: [1, 2, 5, 10, 20, 50, 100] }, axis],
      cursor: { y: false },
      series: [
        { label: "epoch" },
        ...precisions.map((bits) => ({
          label: precisionName(bits),
          stroke: lookOf(bits).color,
          width: 2,
          ...(bits === 32 ? {} : { dash: [...lookOf(bits).dash] }),
          points: { show: epochs < 8 },
          value: (_: UPlot, v: number | null) => (v === null ? "–" : v.toFixed(3)),
        })),
      ],
    },
    [x, ...curves],
    place,
  );
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  return {
    add(bits, epoch, value) {
      curves[precisions.indexOf(bits)]![epoch - 1] = value;
      plot.setData([x, ...curves]);
    },
  };
}
