import { type Category, RISK_OF, type ToolDefinition, type Verdict } from "@portcullis/catalogue";
import type { JsonObject } from "@portcullis/policy";
import { err, ok } from "@portcullis/policy";
import { expect, onTestFinished } from "vitest";
import type { ContactBox, ContactMessage } from "../../src/catalogue/contact-box.ts";
import { type Answer, createSite, type SiteRequest } from "../../src/catalogue/pages/site.ts";
import type { CatalogueReader } from "../../src/catalogue/reader.ts";
import type { IncomingServer } from "../../src/catalogue/store/incoming.ts";
import { type Catalogue, openCatalogueFile } from "../../src/catalogue/store/open-catalogue.ts";

export const BASE = "https://gateway.example";

/** A server with its tools, as they come from it. */
export interface Told extends Partial<IncomingServer> {
  readonly name: string;
  readonly list: readonly JsonObject[];
}

export const IMAGES: Told = {
  name: "container-images",
  description: "Builds and stores container images.",
  package: { registry: "npm", name: "@acme/container-images", version: "1.4.2" },
  repository: "https://git.example/acme/container-images",
  license: "Apache-2.0",
  list: [
    {
      name: "build_and_push_image_to_ecr",
      title: "Build and push",
      description: "Builds an image from a folder and pushes it.\n\nReturns its digest.",
      inputSchema: {
        type: "object",
        properties: {
          tag: { type: "string", default: "latest" },
          app_path: { type: "string", description: "Absolute path of the folder with the Dockerfile" },
          platform: { enum: ["linux/amd64", "linux/arm64"] },
        },
        required: ["app_path"],
      },
    },
    { name: "delete_repository", description: "Deletes a repository with every image in it." },
    { name: "create_repository", description: "Creates an empty repository." },
    { name: "list_repositories", description: "Lists the repositories." },
    { name: "pay_invoice", description: "Pays the invoice of the registry." },
  ],
};

export const MAIL: Told = {
  name: "@acme/mail",
  package: { registry: "npm", name: "@acme/mail", version: "2.0.0" },
  list: [
    {
      name: "read_inbox",
      description: "Reads the newest e-mails that anybody has sent to the user's inbox.",
    },
    {
      name: "send_email",
      description: "Sends an e-mail to any address.",
      inputSchema: { type: "object", properties: { to: { type: "string" } } },
    },
  ],
};

const CATEGORY_OF: { readonly [verb: string]: Category } = {
  read: "Read",
  list: "Read",
  create: "Write",
  send: "Write",
  build: "Execute",
  delete: "Destructive",
  pay: "Financial",
};

/** Judges by the verb that a name begins with: the classifier has its own tests. */
export function judge({ name }: ToolDefinition): Verdict {
  const verb = /^[a-z]+/.exec(name)?.[0] ?? "";
  const category = CATEGORY_OF[verb] ?? "Execute";
  const text = verb === "" ? name.slice(0, 20) : verb;
  return {
    category,
    risk: RISK_OF[category],
    severity: category === "Execute" ? "critical" : RISK_OF[category],
    modifiers: category === "Execute" ? ["arbitrary-code"] : [],
    confidence: 0.87,
    evidence: [{ rule: `verb.${verb || "none"}`, source: "name", text, start: 0, says: category }],
    rules: "test-7",
  };
}

/** An index in memory that holds these servers. */
export function openIndex(told: readonly Told[], atMs = Date.UTC(2026, 0, 2)): Catalogue {
  const opened = openCatalogueFile(":memory:");
  if (!opened.ok) expect.fail(opened.error);
  onTestFinished(() => opened.value[Symbol.dispose]());
  for (const one of told) tell(opened.value, one, atMs);
  return opened.value;
}

export function tell(index: Catalogue, { list, ...facts }: Told, atMs: number): void {
  const news: IncomingServer = {
    status: "active",
    method: "introspected",
    transports: ["stdio"],
    atMs,
    ...facts,
    tools: { kind: "sent", items: list },
  };
  const written = index.writer({ version: "test-7", classifier: () => judge }).upsertServer(news);
  if (!written.ok) expect.fail(written.error);
}

/** Keeps messages in a list. */
export class ListBox implements ContactBox {
  readonly messages: ContactMessage[] = [];
  isFull = false;

  add(message: Omit<ContactMessage, "id">) {
    if (this.isFull) return err("the box is full.");
    this.messages.push({ id: this.messages.length + 1, ...message });
    return ok(undefined);
  }

  list(limit: number): readonly ContactMessage[] {
    return this.messages.toReversed().slice(0, limit);
  }
}

export interface TestSite {
  readonly answer: Answer;
  readonly box: ListBox;
  readonly faults: unknown[];
  nowMs: number;
  get(target: string, headers?: Readonly<Record<string, string>>): Promise<Got>;
  post(target: string, body: string | FormData | URLSearchParams, more?: Partial<SiteRequest>): Promise<Got>;
}

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export function openSite(reader: CatalogueReader): TestSite {
  const box = new ListBox();
  const faults: unknown[] = [];
  const state = { nowMs: Date.UTC(2026, 0, 3) };
  const answer = createSite({
    base: BASE,
    reader,
    contact: box,
    nowMs: () => state.nowMs,
    onFault: (cause) => faults.push(cause),
  });
  const ask = async (request: SiteRequest): Promise<Got> => {
    const { status, headers, body } = await answer(request);
    return {
      status,
      headers: new Headers(headers.map(([k, v]): [string, string] => [k, v])),
      text: new TextDecoder().decode(body),
    };
  };
  return {
    answer,
    box,
    faults,
    get nowMs() {
      return state.nowMs;
    },
    set nowMs(ms) {
      state.nowMs = ms;
    },
    get: (target, headers = {}) =>
      ask({ method: "GET", target, headers: Object.entries(headers), body: undefined, address: "127.0.0.1" }),
    post: async (target, body, more = {}) => {
      // The platform writes forms as browsers do.
      const sent = new Request("http://localhost", { method: "POST", body });
      const type = sent.headers.get("content-type") ?? "";
      const bytes = new Uint8Array(await sent.arrayBuffer());
      return ask({
        method: "POST",
        target,
        headers: [["content-type", type]],
        body: bytes,
        address: "127.0.0.1",
        ...more,
      });
    },
  };
}
