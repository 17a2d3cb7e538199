import { type Browser, chromium, type Page } from "playwright";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { trainAll } from "../../page/training.ts";
import { fixed } from "../../src/experiments/report/format.ts";
import { simd } from "../kernels.ts";
import { chromiumFlags, chromiumPath } from "./chromium.ts";

const settings = { model: "1x1", images: 64, epochs: 2 };
const names = { 32: "FP32", 8: "Int8", 4: "Int4", 2: "Int2" };

const isolated = (yes: boolean) => ({
  "Cross-Origin-Opener-Policy": yes ? "same-origin" : "unsafe-none",
  "Cross-Origin-Embedder-Policy": yes ? "require-corp" : "unsafe-none",
});

const serve = async (isolate = true): Promise<ViteDevServer> => {
  const server = await createServer({
    configFile: "page/vite.config.ts",
    logLevel: "error",
    server: { port: 0, headers: isolated(isolate) },
  });
  return server.listen();
};
const launch = (args: readonly string[]): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath, args: [...args] });

/** The page in a new tab, its device chosen, with what it says of it. */
async function visit(server: ViteDevServer, browser: Browser, device: string) {
  const page = await browser.newPage();
  await page.goto(server.resolvedUrls!.local[0]!);
  await page.selectOption("#device", device);
  await page.selectOption("#model", settings.model);
  await page.fill("#images", String(settings.images));
  await page.fill("#epochs", String(settings.epochs));
  return page;
}

const said = (page: Page, id: string, what: RegExp): Promise<string | null> =>
  page
    .waitForFunction(
      ([id, source, flags]) => {
        const text = document.getElementById(id!)?.textContent ?? "";
        return new RegExp(source!, flags).test(text) ? text : null;
      },
      [id, what.source, what.flags],
      { timeout: 120_000 },
    )
    .then((handle) => handle.jsonValue());

const rowsOf = (page: Page, table: string): Promise<string[][]> =>
  page
    .locator(`#${table} tbody tr`)
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll("th, td")].map(({ textContent }) => textContent ?? "")),
    );

describe("the page", () => {
  let [server, browser]: [ViteDevServer, Browser] | [] = [];
  beforeAll(async () => {
    [server, browser] = [await serve(), await launch(chromiumFlags)];
  });
  afterEach(async () => {
    for (const context of browser!.contexts()) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test("trains on webgl2, and shows on what", async () => {
    const page = await visit(server!, browser!, "webgl2");
    expect(await said(page, "renderer", /webgl2/)).toMatch(/webgl2 on \w.*; one thread\.$/);
    await page.click("#train");
    await said(page, "status", /^Done/);
    const rows = await rowsOf(page, "results");
    expect(rows.map(([name]) => name)).toEqual(["FP32", "Int8", "Int4", "Int2"]);
    for (const [, epoch, ...numbers] of rows) {
      expect(epoch).toBe("2");
      for (const text of numbers) expect(text).toMatch(/^−?\d+\.\d+%?$/);
    }
    expect(await page.locator("#losses canvas").count()).toBe(1);
  });

  test("trains on simd to the numbers that Node comes to", async () => {
    const page = await visit(server!, browser!, "simd");
    await page.click("#train");
    await said(page, "status", /^Done/);
    const expected: Record<string, readonly string[]> = {};
    for await (const answer of trainAll(simd, settings))
      if (answer.type === "epoch")
        expected[names[answer.bits]] = [answer.train.loss, answer.test.loss].map((x) => fixed(x, 3));
    const rows = await rowsOf(page, "results");
    expect(Object.fromEntries(rows.map(([name, , train, test]) => [name, [train, test]]))).toEqual(expected);
  });

  test("measures kernels on simd and on the device beside it", async () => {
    const page = await visit(server!, browser!, "webgl2");
    await page.click("#bench");
    await said(page, "status", /^Done/);
    const rows = await rowsOf(page, "rates");
    expect(rows).toHaveLength(8);
    for (const row of rows) {
      expect(row).toHaveLength(3);
      for (const text of row.slice(1)) expect(text).toMatch(/^\d+\.\d$/);
    }
  });

  test("is stopped at once, and trains again", async () => {
    const page = await visit(server!, browser!, "simd");
    await page.fill("#epochs", "300");
    await page.click("#train");
    await said(page, "status", /^Epoch [2-9]/);
    expect(await page.isDisabled("#train")).toBe(true);
    await page.click("#stop");
    await said(page, "status", /^Stopped/);
    await page.fill("#epochs", "1");
    await page.click("#train");
    await said(page, "status", /^Done/);
  });

  test("trains nothing on fewer pictures than a step takes", async () => {
    const page = await visit(server!, browser!, "simd");
    await page.fill("#images", "10");
    await page.click("#train");
    // The form does not even ask.
    expect(await page.locator("#images:invalid").count()).toBe(1);
    expect(await page.isVisible("#training")).toBe(false);
  });

  test("without WebGL2 takes simd and says why; asked for webgl2, says what to do", async () => {
    const blind = await launch([...chromiumFlags, "--disable-gpu", "--disable-software-rasterizer"]);
    try {
      const page = await visit(server!, blind, "auto");
      expect(await said(page, "renderer", /simd/)).toMatch(/simd.*this browser gives no WebGL2/);
      await page.click("#train");
      await said(page, "status", /^Done/);
      await page.selectOption("#device", "webgl2");
      expect(await said(page, "status", /WebGL2/)).toMatch(/no WebGL2\. .*hardware acceleration/);
    } finally {
      await blind.close();
    }
  });

  test("without cross-origin isolation says that there is one thread, and why", async () => {
    const open = await serve(false);
    try {
      const page = await visit(open, browser!, "simd");
      expect(await said(page, "renderer", /simd/)).toMatch(
        /one thread \(this page is not cross-origin isolated/,
      );
    } finally {
      await open.close();
    }
  });
});
