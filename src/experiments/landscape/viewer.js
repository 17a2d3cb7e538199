/**
 * The surfaces of a page, turned by hand. The page contains this very text, after that of `scene.js`.
 *
 * @packageDocumentation
 */

import { firstView, scene } from "./scene.js";

/** @typedef {import("./scene.js").Panel} Panel */
/** @typedef {import("./scene.js").LossScale} LossScale */
/** @typedef {import("./scene.js").View} View */

/** @type {(canvas: HTMLCanvasElement, panel: Panel, scale: LossScale, view: View) => void} */
function paint(canvas, panel, scale, view) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext("2d");
  if (context === null || width === 0) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  const { color, fontFamily } = getComputedStyle(canvas);
  context.font = `11.5px ${fontFamily}`;
  context.lineJoin = "round";
  for (const shape of scene(panel, scale, view, { width, height })) {
    if (shape.kind === "text") {
      context.globalAlpha = 0.8;
      context.fillStyle = color;
      context.textAlign = shape.anchor === "middle" ? "center" : shape.anchor;
      context.fillText(shape.text, shape.x, shape.y);
      continue;
    }
    context.beginPath();
    for (let k = 0; k < shape.at.length; k += 2) context.lineTo(shape.at[k] ?? 0, shape.at[k + 1] ?? 0);
    if (shape.kind === "face") {
      context.closePath();
      context.globalAlpha = 1;
      context.fillStyle = shape.fill;
      context.fill();
      context.lineWidth = 0.6;
      context.strokeStyle = shape.stroke;
    } else {
      context.globalAlpha = shape.strong ? 0.55 : 0.22;
      context.lineWidth = 1;
      context.strokeStyle = color;
    }
    context.stroke();
  }
}

/**
 * Lets every canvas show its panel. Dragging one, or the arrow keys on it, turns all of them; a double click turns them back.
 * @type {(figures: readonly { readonly id: string, readonly panels: readonly Panel[] }[], scales: Readonly<Record<"linear" | "log", LossScale>>, first: "linear" | "log") => void}
 */
export function start(figures, scales, first) {
  let view = firstView;
  let scale = scales[first];
  /** @type {{ canvas: HTMLCanvasElement, panel: Panel }[]} */
  const shown = [];
  let waiting = false;
  const show = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      for (const { canvas, panel } of shown) paint(canvas, panel, scale, view);
    });
  };
  const turnBy = (/** @type {number} */ x, /** @type {number} */ y) => {
    view = { turn: view.turn + x, tilt: Math.min(Math.max(view.tilt + y, 0.05), Math.PI / 2) };
    show();
  };
  for (const { id, panels } of figures)
    document.querySelectorAll(`#${id} canvas`).forEach((canvas, k) => {
      const panel = panels[k];
      if (!(canvas instanceof HTMLCanvasElement) || panel === undefined) return;
      shown.push({ canvas, panel });
      canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
      canvas.addEventListener("pointermove", (event) => {
        if (canvas.hasPointerCapture(event.pointerId)) turnBy(event.movementX / 110, event.movementY / 140);
      });
      canvas.addEventListener("dblclick", () => {
        view = firstView;
        show();
      });
      canvas.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.07], ArrowDown: [0, 0.07] };
        const [x, y] = Object.entries(by).find(([key]) => key === event.key)?.[1] ?? [0, 0];
        if (x === 0 && y === 0) return;
        event.preventDefault();
        turnBy(x ?? 0, y ?? 0);
      });
      new ResizeObserver(show).observe(canvas);
    });
  for (const input of document.querySelectorAll("input[name=height]"))
    input.addEventListener("change", () => {
      if (input instanceof HTMLInputElement) scale = scales[input.value === "log" ? "log" : "linear"];
      show();
    });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
}
