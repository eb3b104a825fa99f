/** The longest address that is taken; those of real servers are a path and a session id. */
const MAX_LENGTH = 4_096;

/**
 * Path and query of the address that takes messages, out of a server's `endpoint` event (2024-11-05 transports).
 * Undefined unless it is on the origin of the registered URL: a server that could name another place would choose
 * where its credential and the client's messages go.
 */
export function endpointPath(serverUrl: string, text: string): string | undefined {
  // A URL parser takes white space and controls out, and reads `\` as `/`: none belongs here.
  if (text.length > MAX_LENGTH || /[\s\\]|\p{Cc}/u.test(text)) return undefined;
  const server = new URL(serverUrl);
  const url = URL.parse(text, serverUrl);
  // Scheme and host, not `origin`: a `blob:` URL has the origin of what is inside it.
  if (url === null || url.protocol !== server.protocol || url.host !== server.host) return undefined;
  return url.username === "" && url.password === "" ? `${url.pathname}${url.search}` : undefined;
}
