import { err, ok, type Result } from "@portcullis/policy";
import type { SiteContext } from "./reply.ts";

/** Fields of a form, files among them as text. Hosts bound the body before it comes here. */
export async function readForm(c: SiteContext): Promise<Result<URLSearchParams, string>> {
  const type = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded" && type !== "multipart/form-data") {
    return err("Forms are sent as the page sends them.");
  }
  try {
    const fields = new URLSearchParams();
    for (const [name, value] of await c.req.raw.formData()) {
      fields.append(name, typeof value === "string" ? value : await value.text());
    }
    return ok(fields);
  } catch {
    return err("The form is damaged. Send it again from the page.");
  }
}
