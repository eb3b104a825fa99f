/** Secrets that must not come out anywhere, in any spelling or in part. */

const FRAGMENT = 12;

/** Looks for secrets in what the gateway lets out. */
export class Canaries {
  readonly #needles = new Map<string, string>();

  /** `label` names the secret in a failure. Prefixes that are public, such as `pcl_g_`, are not part of it. */
  add(label: string, secret: Buffer | string): void {
    const bytes = Buffer.from(secret);
    const spellings = [
      bytes.toString("utf8"),
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
      encodeURIComponent(bytes.toString("latin1")),
      ...[0, 1, 2].map((offset) => base64At(bytes, offset)),
    ];
    for (const spelling of spellings) {
      for (let at = 0; at + FRAGMENT <= spelling.length; at += 1) {
        const fragment = spelling.slice(at, at + FRAGMENT);
        // What every UTF-8 reader makes of random bytes is no secret.
        if (!fragment.includes("\ufffd")) this.#needles.set(fragment, label);
      }
    }
  }

  /** The label of a secret of which at least twelve characters stand in `text`. */
  find(text: string): string | undefined {
    for (let at = 0; at + FRAGMENT <= text.length; at += 1) {
      const label = this.#needles.get(text.slice(at, at + FRAGMENT));
      if (label !== undefined) return label;
    }
    return undefined;
  }
}

/** Base64 of the secret where `offset` bytes stand before it, without what its surroundings decide. */
function base64At(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  return text
    .slice(offset === 0 ? 0 : offset + 1, -1)
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}
