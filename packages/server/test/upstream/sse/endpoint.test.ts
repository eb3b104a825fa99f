import { expect, test } from "vitest";
import { endpointPath } from "../../../src/upstream/sse/endpoint.ts";

const SERVER = "https://mcp.example:8443/v1/sse?key=1";

test.each([
  ["a path", "/message?sessionId=1", "/message?sessionId=1"],
  ["a relative path", "message", "/v1/message"],
  ["a query alone", "?sessionId=1", "/v1/sse?sessionId=1"],
  ["the whole URL", "https://mcp.example:8443/message", "/message"],
  ["the whole URL, host in capitals", "https://MCP.Example:8443/message", "/message"],
  ["dots that go up", "../../message", "/message"],
  ["a fragment, which is never sent", "/message#x", "/message"],
  ["characters beyond ASCII, escaped", "/m\u00e9ssage", "/m%C3%A9ssage"],
])("%s is taken", (_, text, path) => {
  expect(endpointPath(SERVER, text)).toBe(path);
});

test.each([
  ["another host", "https://evil.example:8443/message"],
  ["another host without a scheme", "//evil.example:8443/message"],
  ["another host by backslashes", "\\\\evil.example:8443/message"],
  ["another host, one backslash", "/\\evil.example:8443/message"],
  ["another host, a tab between the slashes", "/\t/evil.example:8443/message"],
  ["another port", "https://mcp.example/message"],
  ["another scheme", "http://mcp.example:8443/message"],
  ["the right host as user", "https://mcp.example:8443@evil.example/message"],
  ["a user", "https://user@mcp.example:8443/message"],
  ["a password", "https://:secret@mcp.example:8443/message"],
  ["a subdomain", "https://mcp.example.evil.example:8443/message"],
  ["the host with a dot at its end", "https://mcp.example.:8443/message"],
  ["a metadata address", "http://169.254.169.254/latest"],
  ["a file", "file:///etc/passwd"],
  ["a blob of the same origin", "blob:https://mcp.example:8443/message"],
  ["a line break", "/message\n?x"],
  ["a space before it", " /message"],
  ["a control character", "/message\u0000"],
  ["what no parser reads", "https://"],
  ["more than a URL holds", `/${"m".repeat(4_096)}`],
])("%s is refused", (_, text) => {
  expect(endpointPath(SERVER, text)).toBe(undefined);
});
