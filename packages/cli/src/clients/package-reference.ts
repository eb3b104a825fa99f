import type { PackageReference } from "@portcullis/catalogue";

export { type PackageReference, packageOf } from "@portcullis/catalogue";

/** True when tomorrow's start may run something else: no version, or one that moves. */
export function isUnpinned({ version }: PackageReference): boolean {
  return (
    version === undefined ||
    /^(?:latest|next|beta|canary|main|edge|stable)$|[\^~*x<>]|^\d+$|^\d+\.\d+$/i.test(version)
  );
}
