/**
 * What people decided, as immutable compiled records: servers with their pins, grants, policies. The control plane
 * writes the rows, a snapshot compiles them, and the line reads them.
 */
import type { CompiledPolicy } from "@portcullis/policy";
import type { HeaderParam } from "../mcp/header-params.ts";

export type OrganisationId = string & { readonly __brand: "organisation" };
/** `srv_` and 16 base62 characters. */
export type ServerId = string & { readonly __brand: "server" };
/** `grt_` and 16 base62 characters. */
export type GrantId = string & { readonly __brand: "grant" };
/** `pol_` and 16 base62 characters. */
export type PolicyId = string & { readonly __brand: "policy" };

/** `enforce` applies the verdict; `shadow` only records it (policy-spec A1). */
export type Mode = "enforce" | "shadow";
export type Era = "legacy" | "modern";
/** What happens to a tool whose definition is not the accepted one (policy-spec beside A1; gateway pins). */
export type OnChange = "block" | "hold" | "allow";

/** Where an upstream is and how it is spoken to. */
export type Target =
  | {
      readonly kind: "http";
      /** With `***` for what is secret in it; `sealed` has it whole. */
      readonly url: string;
      readonly sealed?: SealedPlace | undefined;
      readonly credential: SealedHeaders | undefined;
      /** Undefined: found out. */
      readonly transport?: HttpTransport | undefined;
    }
  | {
      readonly kind: "stdio";
      /** With `***` for what is secret in it; `sealed` has it whole. */
      readonly command: readonly string[];
      readonly sealed?: SealedPlace | undefined;
      readonly environment: SealedEnvironment | undefined;
      /** Absolute; undefined is this process's own. */
      readonly workingDirectory: string | undefined;
    };

/** `http`: streamable HTTP, since 2025-03-26. `sse`: HTTP+SSE of 2024-11-05. */
export type HttpTransport = "http" | "sse";

/** Static headers of a server, sealed at rest; only the egress opens them. */
export type SealedHeaders = string & { readonly __brand: "sealed-headers" };
/** Variables that the operator gave a command, sealed at rest; only the start of a process opens them. */
export type SealedEnvironment = string & { readonly __brand: "sealed-environment" };

/** A URL or a command with secrets in it, sealed at rest; only the egress and the start of a process open it. */
export type SealedPlace = string & { readonly __brand: "sealed-place" };

/** One registered upstream server, immutable; a change makes a new record. */
export interface Server {
  readonly id: ServerId;
  readonly organisation: OrganisationId;
  /** The label people chose, `[a-z0-9-]{1,64}`; errors name the server by it. */
  readonly name: string;
  readonly target: Target;
  readonly era: "auto" | Era;
  readonly deadlineMs: number;
  readonly onChange: OnChange;
  /** Every tool ever accepted or seen, by name. */
  readonly tools: ReadonlyMap<string, PinnedTool>;
  /** True once some list of tools was accepted. */
  readonly hasAcceptedList: boolean;
  /** Instructions of the server as accepted; others are withheld until accepted. */
  readonly acceptedInstructionsHash: string | undefined;
}

/** `accepted`: as accepted. `changed`: another definition was seen. `new`: never accepted. `removed`: accepted, no longer listed. */
export type PinState = "accepted" | "changed" | "new" | "removed";

export interface PinnedTool {
  readonly name: string;
  readonly pin: PinState;
  /** Hash of the definition as last seen (canonical JSON of the whole tool object). */
  readonly observedHash: string | undefined;
  readonly acceptedHash: string | undefined;
  /** Arguments that modern clients mirror into headers, from the last seen definition. */
  readonly headerParams: readonly HeaderParam[];
}

/** A labelled bearer token for one agent, without the token. */
export interface Grant {
  readonly id: GrantId;
  readonly organisation: OrganisationId;
  readonly label: string;
  readonly expiresAtMs: number;
  /** Per server: the policy that governs and how. A server that is not here does not exist for this grant. */
  readonly access: ReadonlyMap<ServerId, GrantAccess>;
}

export interface GrantAccess {
  readonly policy: PolicyId | undefined;
  readonly mode: Mode;
}

/** The newest published version of a policy, compiled once. */
export interface GoverningPolicy {
  readonly id: PolicyId;
  readonly name: string;
  readonly version: number;
  readonly compiled: CompiledPolicy;
}
