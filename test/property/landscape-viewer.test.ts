import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { firstView, type LossScale, type Panel, scene } from "../../src/experiments/landscape/scene.js";
import { start } from "../../src/experiments/landscape/viewer.js";

/** As much of a page as the viewer asks for. */
class FakeElement extends EventTarget {
  value = "";
  clientWidth = 300;
  clientHeight = 250;
  width = 0;
  height = 0;
  captured = new Set<number>();
  /** The corners of the faces painted last. */
  corners: number[][] = [];
  setPointerCapture = (id: number) => this.captured.add(id);
  hasPointerCapture = (id: number) => this.captured.has(id);
  getContext() {
    let path: number[] = [];
    let closed = false;
    this.corners = [];
    return {
      scale() {},
      beginPath() {
        [path, closed] = [[], false];
      },
      lineTo: (x: number, y: number) => path.push(x, y),
      closePath() {
        closed = true;
      },
      fill: () => closed && this.corners.push(path),
      stroke() {},
      fillText() {},
    };
  }
  tell(type: string, fields: object = {}): Event {
    const event = Object.assign(new Event(type, { cancelable: true }), fields);
    this.dispatchEvent(event);
    return event;
  }
}

const panel = (label: string, top: number): Panel => ({
  label,
  n: 3,
  range: 1,
  losses: [top, 2, 3, 4, 1, 6, 7, 8, 9],
});
const panels = [panel("FP32", 5), panel("Int2", 9)];
const scales: Record<"linear" | "log", LossScale> = {
  linear: { type: "linear", low: 1, high: 10, ticks: [] },
  log: { type: "log", low: 1, high: 10, ticks: [] },
};
const expected = (k: number, type: "linear" | "log", view = firstView): number[][] =>
  scene(panels[k]!, scales[type], view, { width: 300, height: 250 }).flatMap((shape) =>
    shape.kind === "face" ? [[...shape.at]] : [],
  );

describe("the surfaces of a page", () => {
  let canvases: FakeElement[];
  let inputs: FakeElement[];
  beforeEach(() => {
    canvases = [new FakeElement(), new FakeElement()];
    inputs = ["linear", "log"].map((value) => Object.assign(new FakeElement(), { value }));
    vi.stubGlobal("HTMLCanvasElement", FakeElement);
    vi.stubGlobal("HTMLInputElement", FakeElement);
    vi.stubGlobal("window", { devicePixelRatio: 2 });
    vi.stubGlobal("document", {
      querySelectorAll: (what: string) => (what === "#turn-a canvas" ? canvases : inputs),
    });
    vi.stubGlobal("getComputedStyle", () => ({ color: "#000", fontFamily: "x" }));
    vi.stubGlobal("requestAnimationFrame", (paint: () => void) => paint());
    vi.stubGlobal("matchMedia", () => new EventTarget());
    vi.stubGlobal(
      "ResizeObserver",
      class {
        observe() {}
      },
    );
    start([{ id: "turn-a", panels }], scales, "log");
  });
  afterEach(() => vi.unstubAllGlobals());
  const shown = () => canvases.map(({ corners }) => corners);

  test("are shown from the first view, in as many pixels as the screen has", () => {
    expect(shown()).toEqual([expected(0, "log"), expected(1, "log")]);
    expect(canvases.map(({ width, height }) => [width, height])).toEqual([
      [600, 500],
      [600, 500],
    ]);
  });

  test("turn together while one is dragged, not before and not by another pointer, and back by a double click", () => {
    const move = { pointerId: 1, movementX: 33, movementY: 14 };
    canvases[1]!.tell("pointermove", move);
    expect(shown()).toEqual([expected(0, "log"), expected(1, "log")]);
    canvases[1]!.tell("pointerdown", { pointerId: 1 });
    canvases[1]!.tell("pointermove", { ...move, pointerId: 2 });
    expect(shown()).toEqual([expected(0, "log"), expected(1, "log")]);
    canvases[1]!.tell("pointermove", move);
    const view = { turn: firstView.turn + 0.3, tilt: firstView.tilt + 0.1 };
    expect(shown()).toEqual([expected(0, "log", view), expected(1, "log", view)]);
    canvases[0]!.tell("dblclick");
    expect(shown()).toEqual([expected(0, "log"), expected(1, "log")]);
  });

  test("follow the pointer: what is in front goes where it is dragged", () => {
    // The corner nearest to the reader is the last one painted.
    const nearest = (): readonly [number, number] => {
      const [x, y] = canvases[0]!.corners.at(-1)!;
      return [x!, y!];
    };
    const [x, y] = nearest();
    canvases[0]!.tell("pointerdown", { pointerId: 1 });
    canvases[0]!.tell("pointermove", { pointerId: 1, movementX: 10, movementY: 0 });
    const [x1] = nearest();
    expect(x1).toBeGreaterThan(x);
    canvases[0]!.tell("pointermove", { pointerId: 1, movementX: -10, movementY: 10 });
    const [x2, y2] = nearest();
    expect(x2).toBeCloseTo(x, 9);
    expect(y2).toBeGreaterThan(y);
  });

  test("turn by the arrow keys, never below the floor nor beyond the top, and leave the other keys alone", () => {
    expect(canvases[0]!.tell("keydown", { key: "ArrowLeft" }).defaultPrevented).toBe(true);
    const view = { ...firstView, turn: firstView.turn - 0.1 };
    expect(shown()[1]).toEqual(expected(1, "log", view));
    expect(canvases[0]!.tell("keydown", { key: "Tab" }).defaultPrevented).toBe(false);
    for (let k = 0; k < 40; k++) canvases[0]!.tell("keydown", { key: "ArrowUp" });
    expect(shown()[1]).toEqual(expected(1, "log", { ...view, tilt: 0.05 }));
    for (let k = 0; k < 40; k++) canvases[0]!.tell("keydown", { key: "ArrowDown" });
    expect(shown()[1]).toEqual(expected(1, "log", { ...view, tilt: Math.PI / 2 }));
  });

  test("change their height from the logarithm to the loss itself", () => {
    inputs[0]!.tell("change");
    expect(shown()).toEqual([expected(0, "linear"), expected(1, "linear")]);
    inputs[1]!.tell("change");
    expect(shown()).toEqual([expected(0, "log"), expected(1, "log")]);
  });
});
