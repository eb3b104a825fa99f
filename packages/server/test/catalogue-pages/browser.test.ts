import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolDefinition } from "@portcullis/catalogue";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { serverPath, toolPath } from "../../src/catalogue/pages/paths.ts";
import type { CatalogueReader } from "../../src/catalogue/reader.ts";
import { HostileReader } from "./hostile-reader.ts";
import { IMAGES, MAIL, openIndex, openSite } from "./site-fixture.ts";

const CHROMIUM = "/usr/bin/chromium";
const HAS_CHROMIUM = existsSync(CHROMIUM);
if (!HAS_CHROMIUM) console.log(`skipped: no ${CHROMIUM} (Debian: apt-get install chromium)`);

const ARGS =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const TOOL = "/catalogue/tools/container-images/build_and_push_image_to_ecr";

/** Serves a site over HTTP until the test is over. */
async function serve(reader: CatalogueReader): Promise<string> {
  const { answer } = openSite(reader);
  const server = createServer(async (request, response) => {
    const { status, headers, body } = await answer({
      method: request.method ?? "GET",
      target: request.url ?? "/",
      headers: [],
      body: undefined,
      address: "127.0.0.1",
    });
    response.writeHead(status, headers.flat()).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  onTestFinished(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(!HAS_CHROMIUM)("in a browser", () => {
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  let context: BrowserContext;

  beforeAll(async () => {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      headless: true,
      args: ARGS.split(" "),
    });
  });
  afterAll(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });

  /** A page, and everything that it complained of. */
  async function open(): Promise<{ page: Page; complaints: string[] }> {
    const page = await context.newPage();
    onTestFinished(() => page.close());
    const complaints: string[] = [];
    page.on("dialog", (dialog) => {
      complaints.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    return { page, complaints };
  }

  test("nothing that a stranger wrote runs, loads or reaches out", async () => {
    for (const text of [
      "<script>alert(1)</script>",
      '"><img src=x onerror=alert(1)>',
      "'><svg onload=alert(1)>",
      "javascript:alert(1)",
      "</textarea><iframe src=javascript:alert(1)>",
    ]) {
      const definition: ToolDefinition = {
        name: text,
        title: text,
        description: text,
        inputSchema: { properties: { [text]: { description: text } } },
      };
      const base = await serve(
        new HostileReader({ name: text, title: text, description: text, repository: text }, [definition]),
      );
      const { page, complaints } = await open();
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      for (const path of [
        toolPath(text, text),
        serverPath(text),
        `/catalogue/search?q=${encodeURIComponent(text)}`,
      ]) {
        await page.goto(base + path, { waitUntil: "load" });
        await page.locator("main").click();
      }
      expect(complaints).toEqual([]);
      expect(asked.filter((url) => !/^http:\/\/127\.0\.0\.1:\d+\/catalogue\//.test(url))).toEqual([]);
      expect(await page.locator("img, iframe, main script").count()).toBe(0);
    }
  });

  test("no page is wider than a narrow screen, whatever the names", async () => {
    const long = "n".repeat(120);
    const bases = [
      [
        await serve(openIndex([IMAGES, MAIL]).reader),
        [
          TOOL,
          "/catalogue",
          "/catalogue/servers/container-images",
          "/catalogue/search?q=e",
          "/catalogue/stack?server=container-images&server=%40acme%2Fmail",
          "/catalogue/stack",
          "/catalogue/contact",
          "/catalogue/attacks",
          "/catalogue/nope",
        ],
      ],
      [
        await serve(
          new HostileReader({ name: long, description: long }, [
            { name: long, description: long, inputSchema: { properties: { [long]: { type: long } } } },
          ]),
        ),
        [toolPath(long, long), serverPath(long)],
      ],
    ] as const;
    const { page } = await open();
    await page.setViewportSize({ width: 360, height: 740 });
    for (const [base, paths] of bases) {
      for (const path of paths) {
        await page.goto(base + path);
        const over = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(`${path} ${over}`).toBe(`${path} 0`);
      }
    }
  });

  test("without scripts everything is there, and no button that does nothing", async () => {
    const base = await serve(openIndex([IMAGES]).reader);
    const { page } = await open();
    await page.route("**/*.js", (route) => route.abort());
    await page.goto(base + TOOL);
    await expect.poll(() => page.getByRole("button", { name: "Copy" }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Download" }).count()).toBe(1);
    await page.getByRole("searchbox").fill("repository");
    await page.getByRole("button", { name: "Search" }).click();
    expect(await page.getByRole("listitem").filter({ hasText: "delete_repository" }).count()).toBe(1);
  });

  test("a policy is copied as it is", async () => {
    const base = await serve(openIndex([IMAGES]).reader);
    const { page, complaints } = await open();
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: base });
    await page.goto(base + TOOL);
    await page.getByRole("button", { name: "Copy" }).first().click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe(await page.locator("#policy").textContent());
    expect(complaints).toEqual([]);
  });

  test("suggestions come while typing, and the keyboard is enough", async () => {
    const base = await serve(openIndex([IMAGES]).reader);
    const { page, complaints } = await open();
    await page.goto(`${base}/catalogue`);
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    const box = page.getByRole("combobox");
    await box.pressSequentially("delete");
    const option = page.getByRole("option", { name: "delete_repository" });
    await option.waitFor();
    await box.press("ArrowDown");
    expect(await box.getAttribute("aria-activedescendant")).toBe(await option.getAttribute("id"));
    await box.press("Enter");
    await page.waitForURL("**/catalogue/tools/container-images/delete_repository");
    expect(complaints).toEqual([]);
  });

  test("a server is added to the stack by its name", async () => {
    const base = await serve(openIndex([IMAGES, MAIL]).reader);
    const { page } = await open();
    await page.goto(`${base}/catalogue/stack?server=container-images`);
    await page.getByLabel("Add a server of the index").pressSequentially("mail");
    await page.getByRole("option", { name: "@acme/mail" }).click();
    await page.waitForURL("**/catalogue/stack?server=container-images&server=%40acme%2Fmail");
    expect(await page.getByText("7 tools").count()).toBe(1);
  });
});
