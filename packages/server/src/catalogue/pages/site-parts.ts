import type { ContactBox } from "../contact-box.ts";
import type { CatalogueReader } from "../reader.ts";
import type { Frame } from "./layout.ts";
import type { Sitemap } from "./sitemap.ts";
import type { AddressThrottle } from "./throttle.ts";

/** What pages and API are made from. */
export interface Site extends Frame {
  readonly reader: CatalogueReader;
  readonly contact: ContactBox;
  readonly sitemap: Sitemap;
  /** Messages. */
  readonly contactThrottle: AddressThrottle;
  /** Whole stacks are the dearest thing to ask for. */
  readonly stackThrottle: AddressThrottle;
  nowMs(): number;
}
