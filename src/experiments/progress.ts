import type { TrainEvent } from "../nn/train.ts";

/** Where progress is shown: one line that is rewritten on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** @param done - share of the work that is done, 0 to 1 */
  update(done: number, text: string): void;
  /** Leaves a line that stays. */
  print(text: string): void;
  end(): void;
}

const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return "?";
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const [minutes, rest] = [Math.floor(s / 60), s % 60];
  return minutes < 60 ? `${minutes} min ${rest} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** @param every - seconds between two lines where there is no terminal */
export function createProgress(stream: NodeJS.WriteStream, { every = 15 } = {}): Progress {
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const interval = stream.isTTY ? 0.1 : every;
  let [shown, first] = [-Infinity, -1];
  const clear = (): void => {
    if (stream.isTTY) stream.write("\r\u001b[2K");
  };
  return {
    update(done, text) {
      if (first < 0) first = done;
      if (elapsed() - shown < interval) return;
      shown = elapsed();
      // What an earlier start had done took no time in this one.
      const rate = (done - first) / elapsed();
      const eta = rate > 0 ? ` · ${duration((1 - done) / rate)} left` : "";
      const line = `${String(Math.floor(done * 100)).padStart(3)} % · ${text}${eta}`;
      if (stream.isTTY) stream.write(`\r\u001b[2K${line.slice(0, (stream.columns ?? 100) - 1)}`);
      else stream.write(`${line}\n`);
    },
    print(text) {
      clear();
      stream.write(`${text}\n`);
    },
    end: clear,
  };
}

/** Follows the steps of a run, in images a second. */
export function followRun(epochs: number, batchSize: number, show: (done: number, text: string) => void) {
  let [began, seen] = [performance.now(), 0];
  let latest = "";
  return (event: TrainEvent): void => {
    if (event.type === "epoch") {
      const { train, test } = event;
      latest = ` · train ${train.loss.toFixed(3)}, test ${test.loss.toFixed(3)}`;
      began = performance.now();
      seen = 0;
      return;
    }
    const { epoch, step, steps, loss } = event;
    seen += batchSize;
    const rate = Math.round((seen * 1000) / (performance.now() - began));
    const done = (epoch + (step + 1) / steps) / epochs;
    show(done, `epoch ${epoch + 1}/${epochs} · loss ${loss.toFixed(3)}${latest} · ${rate} images/s`);
  };
}
