/** The pages that reports and landscapes are, in a browser: drawn, legible, named, and in need of nothing else. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeReport } from "../../src/experiments/report/report.ts";
import { writePool } from "../../src/experiments/sweep/report/write.ts";
import { grid, paperBits } from "../property/report-runs.ts";
import { poolOf, small, usual } from "../property/sweep-runs.ts";
import { chromiumFlags, chromiumPath } from "./chromium.ts";

const fresh = mkdtempSync(join(tmpdir(), "qgen-report-"));
const pages = {
  "a report as it is written now": join(fresh, "report.html"),
  "a pool of settings": join(fresh, "pool/report.html"),
  "the report on flatness": resolve("results/cifar10-nin-2x1-flatness/report.html"),
  "the landscape of 51 × 51 points": resolve("results/cifar10-nin-2x1-landscape/landscape.html"),
};
const screens = {
  desktop: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  "a phone at night": { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
} as const;

let browser: Browser;
beforeAll(async () => {
  await writeReport({
    title: "A report",
    scale: "small",
    results: grid(paperBits, 3, (i, seed) => ({ trainLoss: 0.5 + 0.1 * i + 0.01 * seed })),
    directory: fresh,
    command: "qgen reproduce",
  });
  await writePool(join(fresh, "pool"), poolOf(small, usual), small);
  browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumFlags] });
});
afterAll(async () => {
  await browser?.close();
  rmSync(fresh, { recursive: true, force: true });
});

/** Text whose contrast with what lies behind it is below 4.5 : 1, large text below 3 : 1 (WCAG 2.2, 1.4.3). */
const faintTexts = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = (color: string): number => {
      const [r, g, b] = channels(color).map((c) => {
        const share = c / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      }) as [number, number, number];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element: Element | null): string => {
      for (let at = element; at !== null; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        if ((channels(color)[3] ?? 1) === 1) return color;
      }
      return matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0, 0, 0)" : "rgb(255, 255, 255)";
    };
    const faint: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement!;
      if (!node.textContent!.trim() || element.closest("svg, script, style") || !element.checkVisibility())
        continue;
      const { color, fontSize, fontWeight } = getComputedStyle(element);
      const [a, b] = [luminance(color), luminance(behind(element))];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const size = Number.parseFloat(fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
      if (contrast < (large ? 3 : 4.5))
        faint.push(`${contrast.toFixed(2)}: ${node.textContent!.trim().slice(0, 60)}`);
    }
    return faint;
  });

/** Drawings without a name, without extent, or with nothing on them. */
const emptyDrawings = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const named = (x: Element): boolean => Boolean(x.getAttribute("aria-label") || x.querySelector("title"));
    const painted = (x: HTMLCanvasElement): boolean => {
      const { data } = x.getContext("2d")!.getImageData(0, 0, x.width, x.height);
      return new Set(new Uint32Array(data.buffer)).size > 50;
    };
    const drawings = [...document.querySelectorAll("figure svg, figure canvas")];
    if (drawings.length === 0) return ["there is none"];
    return drawings.flatMap((x) => {
      const { width, height } = x.getBoundingClientRect();
      const what = x.getAttribute("aria-label") ?? x.outerHTML.slice(0, 80);
      const shows =
        x instanceof HTMLCanvasElement ? painted(x) : x.querySelectorAll("path, line, rect").length > 5;
      return [
        ...(named(x) ? [] : [`no name: ${what}`]),
        ...(width > 100 && height > 50 ? [] : [`${width} × ${height}: ${what}`]),
        ...(shows ? [] : [`empty: ${what}`]),
      ];
    });
  });

test("a setting that is pointed at, or chosen, stands out in every drawing of a pool", async () => {
  const page = await browser.newPage();
  await page.goto(pathToFileURL(pages["a pool of settings"]).href);
  const marks = page.locator("figure svg [aria-label*=': Int'], figure svg [aria-label*=': FP32']");
  const shown = (): Promise<string[]> =>
    marks.evaluateAll((all) =>
      all.flatMap((mark) => (mark.classList.contains("off") ? [] : [mark.getAttribute("aria-label")!])),
    );
  const all = await shown();
  await page.selectOption("#settings", "Adam");
  const some = await shown();
  expect(some.length).toBe(all.length / 2);
  expect(some.every((label) => label.startsWith("Adam "))).toBe(true);
  await page.locator("#paired svg [aria-label*=': Int2']").last().dispatchEvent("click");
  const [first, ...others] = await shown();
  expect(others.length).toBe(3 * 3 + 3 + 2 * 4 - 1);
  expect(new Set(others.map((label) => label.split(": ")[0]))).toEqual(new Set([first!.split(": ")[0]]));
  expect(await page.locator("#setting").textContent()).toMatch(/^Adam .*: Int2 less FP32, training loss/);
  await page.close();
});

describe.each(Object.entries(pages))("%s", (_, path) => {
  test.each(Object.entries(screens))("on %s", async (_, screen) => {
    const context = await browser.newContext(screen);
    const page = await context.newPage();
    const wrong: string[] = [];
    page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on(
      "request",
      (request) => request.url().startsWith("file:") || wrong.push(`asks for ${request.url()}`),
    );
    await page.goto(pathToFileURL(path).href);

    // Surfaces are drawn when the browser has a frame to spare, which on a busy machine is seconds later.
    await expect.poll(() => emptyDrawings(page), { timeout: 300_000 }).toEqual([]);
    expect(await faintTexts(page)).toEqual([]);
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(inner, "nothing but tables and drawings is wider than the screen").toBeLessThanOrEqual(outer!);
    expect(wrong).toEqual([]);
    await context.close();
  });

  test("on paper", async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(path).href);
    const pdf = await page.pdf({ format: "A4" });
    expect([pdf.subarray(0, 5).toString(), pdf.length > 20_000]).toEqual(["%PDF-", true]);
    await page.close();
  });
});
