import type { Server } from "../call/records.ts";
import { type CredentialPurpose, openCredential } from "./credential-vault.ts";
import { credentialPlace, type EnvironmentVariable, type PlaceSecrets } from "./server-rows.ts";

const NO_HEADERS: readonly string[] = [];
const NO_WORDS: readonly string[] = [];
const NO_VARIABLES: readonly EnvironmentVariable[] = [];

/** What servers are given and nobody else: opened where it is sent, once per record of a server. */
export class ServerSecrets {
  readonly #kek: Buffer;
  readonly #headers = new WeakMap<Server, readonly string[]>();
  readonly #variables = new WeakMap<Server, readonly EnvironmentVariable[]>();
  readonly #places = new WeakMap<Server, PlaceSecrets>();

  constructor(kek: Buffer) {
    this.#kek = kek;
  }

  /** Name, value, name, value of an HTTP server's static headers. Throws where this key does not open them. */
  headers(server: Server): readonly string[] {
    const { target } = server;
    if (target.kind !== "http" || target.credential === undefined) return NO_HEADERS;
    const known = this.#headers.get(server);
    if (known !== undefined) return known;
    const pairs = JSON.parse(this.#open(server, "headers", target.credential)) as string[][];
    const headers = pairs.flat();
    this.#headers.set(server, headers);
    return headers;
  }

  /** The whole URL of an HTTP server; empty for a command. Throws where this key does not open it. */
  url(server: Server): string {
    if (server.target.kind !== "http") return "";
    const place = this.#placeOf(server)?.place;
    return typeof place === "string" ? place : server.target.url;
  }

  /** Every word of a command; none for an HTTP server. Throws where this key does not open them. */
  command(server: Server): readonly string[] {
    if (server.target.kind !== "stdio") return NO_WORDS;
    const place = this.#placeOf(server)?.place;
    return place === undefined || typeof place === "string" ? server.target.command : place;
  }

  /** The variables that a command was given. Throws where this key does not open them. */
  environment(server: Server): { readonly [name: string]: string } {
    return Object.fromEntries(this.#variablesOf(server).map(({ name, value }) => [name, value]));
  }

  /** Every value that must not come back in an answer. */
  values(server: Server): readonly string[] {
    const inPlace = this.#placeOf(server)?.secrets ?? [];
    if (server.target.kind === "http")
      return [...inPlace, ...this.headers(server).filter((_, at) => at % 2 === 1)];
    const variables = this.#variablesOf(server).flatMap(({ value, isSecret }) => (isSecret ? [value] : []));
    return [...inPlace, ...variables];
  }

  #placeOf(server: Server): PlaceSecrets | undefined {
    const { kind, sealed } = server.target;
    if (sealed === undefined) return undefined;
    const known = this.#places.get(server);
    if (known !== undefined) return known;
    const text = this.#open(server, kind === "http" ? "url" : "command", sealed);
    const place = JSON.parse(text) as PlaceSecrets;
    this.#places.set(server, place);
    return place;
  }

  #variablesOf(server: Server): readonly EnvironmentVariable[] {
    const { target } = server;
    if (target.kind !== "stdio" || target.environment === undefined) return NO_VARIABLES;
    const known = this.#variables.get(server);
    if (known !== undefined) return known;
    const text = this.#open(server, "environment", target.environment);
    const variables = JSON.parse(text) as EnvironmentVariable[];
    this.#variables.set(server, variables);
    return variables;
  }

  #open(server: Server, purpose: CredentialPurpose, sealed: string): string {
    const place = credentialPlace(server.organisation, server.id, purpose);
    const secret = openCredential(this.#kek, place, sealed);
    if (secret === undefined)
      throw new Error(`the credential of server ${server.name} cannot be opened with this key`);
    return secret.reveal();
  }
}
