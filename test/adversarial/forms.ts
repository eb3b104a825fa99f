/** Data whose parts take each of several forms, written `<<part>>`. */
import { z } from "zod";
import { type Values, vary } from "./template.ts";

/** The forms of each part. */
export const FORMS = z.record(z.string(), z.record(z.string(), z.string())).optional();

/** The product of all forms; `label` is what to put behind the name. */
export function formsOf<T extends { readonly vary?: z.infer<typeof FORMS> }>(
  written: T,
): readonly { readonly form: Omit<T, "vary">; readonly label: string }[] {
  const { vary: parts = {}, ...rest } = written;
  let forms: { readonly form: Omit<T, "vary">; readonly label: string }[] = [{ form: rest, label: "" }];
  for (const [part, choices] of Object.entries(parts)) {
    forms = forms.flatMap(({ form, label }) =>
      Object.entries(choices).map(([name, text]) => ({
        form: varied(form, { [part]: text }) as Omit<T, "vary">,
        label: `${label}[${name}]`,
      })),
    );
  }
  return forms;
}

function varied(value: unknown, chosen: Values): unknown {
  if (typeof value === "string") return vary(value, chosen, true);
  if (Array.isArray(value)) return value.map((item) => varied(item, chosen));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, varied(inside, chosen)]));
}
