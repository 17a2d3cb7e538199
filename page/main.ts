/** What the reader sees and touches. All computing is the worker's. */
import { type DeviceInfo, type DeviceName, deviceText } from "../src/experiments/device.ts";
import { precisionName } from "../src/experiments/precision.ts";
import { duration, fixed } from "../src/experiments/report/format.ts";
import { lookOf } from "../src/experiments/report/look.ts";
import { style } from "../src/experiments/report/style.ts";
import { generalizationGap } from "../src/measures/gap.ts";
import { type Chart, chart } from "./charts.ts";
import { type Answer, precisions, type Request, type Settings } from "./messages.ts";
import "./style.css";

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element "${id}"`);
  return found as T;
}

const sheet = document.createElement("style");
sheet.textContent = style;
document.head.prepend(sheet);

const form = element<HTMLFormElement>("settings");
const device = element<HTMLSelectElement>("device");
const stop = element<HTMLButtonElement>("stop");
const [renderer, status] = [element("renderer"), element("status")];

const settings = (): Settings => ({
  model: element<HTMLSelectElement>("model").value,
  images: element<HTMLInputElement>("images").valueAsNumber,
  epochs: element<HTMLInputElement>("epochs").valueAsNumber,
});

const OPENING = "Opening a device …";

let charts: { readonly losses: Chart; readonly gaps: Chart } | null = null;
let worker = startWorker();

function startWorker(): Worker {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Answer>) => show(data);
  worker.onerror = ({ message }) => show({ type: "failed", sentence: `The worker stopped: ${message}` });
  return worker;
}

/** While the worker is busy, only "Stop" can be pressed. */
function busy(yes: boolean): void {
  for (const control of form.elements) (control as HTMLInputElement).disabled = yes !== (control === stop);
}

function ask(request: Request): void {
  worker.postMessage(request);
  if (request.type === "open") renderer.textContent = OPENING;
  else busy(true);
}

const cell = (text: string): HTMLTableCellElement => {
  const td = document.createElement("td");
  td.textContent = text;
  return td;
};

const rowHead = (text: string): HTMLTableCellElement => {
  const th = document.createElement("th");
  th.scope = "row";
  th.className = "row";
  th.textContent = text;
  return th;
};

function showDevice(info: DeviceInfo): void {
  const threads = `${info.threads === 1 ? "one thread" : `${info.threads} threads`}${
    crossOriginIsolated ? "" : " (this page is not cross-origin isolated, so there could not be more)"
  }`;
  renderer.textContent = `Computes with ${deviceText(info)}; ${threads}.`;
}

function beginTraining({ epochs }: Settings): void {
  element("training").hidden = false;
  charts = { losses: chart(element("losses"), epochs), gaps: chart(element("gaps"), epochs) };
  const rows = precisions.map((bits) => {
    const row = document.createElement("tr");
    row.id = `bits-${bits}`;
    const head = rowHead(precisionName(bits));
    head.style.color = lookOf(bits).color;
    row.append(head, ...Array.from({ length: 6 }, () => cell("–")));
    return row;
  });
  element<HTMLTableElement>("results").tBodies[0]!.replaceChildren(...rows);
}

function showEpoch({ bits, epoch, train, test }: Extract<Answer, { type: "epoch" }>): void {
  const gap = generalizationGap(train, test);
  charts?.losses.add(bits, epoch, train.loss);
  charts?.gaps.add(bits, epoch, gap);
  const values = [
    String(epoch),
    ...[train.loss, test.loss, gap].map((x) => fixed(x, 3)),
    ...[train.accuracy, test.accuracy].map((x) => `${fixed(100 * x, 1)}%`),
  ];
  const row = element(`bits-${bits}`);
  row.replaceChildren(row.firstElementChild!, ...values.map(cell));
}

function beginKernels(): void {
  element("kernels").hidden = false;
  const table = element<HTMLTableElement>("rates");
  table.tHead!.replaceChildren();
  table.tBodies[0]!.replaceChildren();
}

/** A column for each device, a row for each kernel. */
function showRate({ kernel, device, gflops }: Extract<Answer, { type: "rate" }>): void {
  const table = element<HTMLTableElement>("rates");
  const head = table.tHead!.rows[0] ?? table.tHead!.insertRow();
  if (head.cells.length === 0) head.append(rowHead("kernel"));
  let column = [...head.cells].findIndex(({ textContent }) => textContent === device);
  if (column < 0) column = head.cells.length;
  if (column === head.cells.length) {
    const th = document.createElement("th");
    th.scope = "col";
    th.textContent = device;
    head.append(th);
  }
  const [body] = table.tBodies;
  let row = [...body!.rows].find(({ cells }) => cells[0]!.textContent === kernel);
  if (row === undefined) {
    row = body!.insertRow();
    row.append(rowHead(kernel));
  }
  while (row.cells.length <= column) row.append(cell("–"));
  row.cells[column]!.textContent = fixed(gflops, 1);
}

const shows: { readonly [T in Answer["type"]]: (answer: Extract<Answer, { type: T }>) => void } = {
  device: ({ info }) => showDevice(info),
  step({ bits, epoch, done }) {
    status.textContent = `Epoch ${epoch}: ${precisionName(bits)}, ${Math.round(100 * done)}%`;
  },
  epoch: showEpoch,
  rate(answer) {
    status.textContent = `Measured ${answer.kernel} on ${answer.device}`;
    showRate(answer);
  },
  done({ seconds }) {
    status.textContent = `Done in ${duration(seconds)}.`;
    busy(false);
  },
  failed({ sentence }) {
    if (renderer.textContent === OPENING) renderer.textContent = "";
    status.textContent = sentence;
    busy(false);
  },
};

function show(answer: Answer): void {
  status.classList.toggle("failed", answer.type === "failed");
  (shows[answer.type] as (answer: Answer) => void)(answer);
}

const chosen = (): DeviceName => device.value as DeviceName;

device.onchange = () => ask({ type: "open", device: chosen() });
form.onsubmit = (event) => {
  event.preventDefault();
  beginTraining(settings());
  ask({ type: "train", device: chosen(), settings: settings() });
};
element("bench").onclick = () => {
  beginKernels();
  ask({ type: "bench", device: chosen() });
};
stop.onclick = () => {
  worker.terminate();
  worker = startWorker();
  status.textContent = "Stopped.";
  busy(false);
};
busy(false);
ask({ type: "open", device: chosen() });
