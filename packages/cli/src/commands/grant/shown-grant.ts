import { findPolicy, findServer, type GrantRow, type State } from "@portcullis/server";

/** A grant as `grant list` and `grant set` print it. */
export interface ShownGrant {
  readonly id: string;
  readonly label: string;
  readonly server: string | null;
  readonly policy: string | null;
  readonly mode: string | null;
  /** The end of the token, to tell tokens apart. */
  readonly last4: string;
  /** ISO times. */
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
}

export function toShownGrant(state: State, grant: GrantRow): ShownGrant {
  const [first] = grant.access;
  const server = first === undefined ? undefined : findServer(state, first[0]);
  const access = first?.[1];
  const policy =
    server === undefined || access?.policy === undefined
      ? undefined
      : findPolicy(state, server.id, access.policy);
  return {
    id: grant.id,
    label: grant.label,
    server: server?.name ?? null,
    policy: policy?.name ?? null,
    mode: access?.mode ?? null,
    last4: grant.last4,
    createdAt: toIso(grant.createdAtMs),
    expiresAt: toIso(grant.expiresAtMs),
    revokedAt: grant.revokedAtMs === undefined ? null : toIso(grant.revokedAtMs),
  };
}

export function toIso(ms: number): string {
  return new Date(ms).toISOString();
}
