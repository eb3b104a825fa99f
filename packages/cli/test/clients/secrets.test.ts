import { describe, expect, test } from "vitest";
import { hideUrl, hideWords, maskCommand, maskUrl } from "../../src/clients/hide-secrets.ts";
import { secretsInUrl, secretsOf, secretWords } from "../../src/clients/plain-secrets.ts";

const LONG = "0123456789abcdef0123456789abcdef";

describe("secrets in a command", () => {
  test.each([
    ["after a switch", ["x", "--api-key", "hunter2"], "--api-key ***", ["hunter2"]],
    ["behind a name", ["x", "--token=hunter2"], "--token=***", ["hunter2"]],
    ["in a variable for a container", ["docker", "-e", "API_KEY=hunter2"], "-e API_KEY=***", ["hunter2"]],
    [
      "in a header",
      ["x", "--header", "Authorization: Bearer hunter2"],
      "--header Authorization: ***",
      ["Bearer hunter2"],
    ],
    ["in the query of a URL", ["x", "https://a.example/mcp?q=1&key=hunter2"], "?q=1&key=***", ["hunter2"]],
    ["the password of a URL", ["x", "postgres://u:hunter2@a.example/d"], "u:***@a.example/d", ["hunter2"]],
    ["in JSON", ["x", "--config", '{"apiKey":"hunter2","a":1}'], '{"apiKey":"***","a":1}', ["hunter2"]],
    ["a token of a service", ["x", "ghp_0123456789abcdefghij"], "x ***", ["ghp_0123456789abcdefghij"]],
  ])("%s", (_name, words, shown, secrets) => {
    const hidden = hideWords(words);
    expect(hidden?.shown.join(" ")).toContain(shown);
    expect(hidden?.secrets).toEqual(secrets);
    expect(maskCommand(words)).not.toContain("hunter2");
  });

  test.each([
    ["a package that looks like a token", ["npx", "-y", "npm-helper-server@1.2.3"]],
    ["a file with a key", ["x", "--key-file=/etc/key.pem", "--private-key", "~/key.pem"]],
    ["an example", ["x", "--api-key", "YOUR_API_KEY", "--token", "<token>"]],
    ["the next switch", ["x", "--api-key", "--verbose"]],
    ["a path and a number", ["x", "--port=80", "C:\\notes", "image:tag"]],
  ])("none: %s", (_name, words) => {
    expect([hideWords(words), secretWords(words)]).toEqual([undefined, []]);
  });

  test("what was filled in from a variable is not shown, but for paths", () => {
    const words = ["x", "--home=/home/bot", "--level=debug", "a-value-of-some-length"];
    expect(hideWords(words, new Set([1, 2, 3]))).toEqual({
      shown: ["x", "--home=/home/bot", "--level=***", "***"],
      secrets: ["a-value-of-some-length"],
    });
  });
});

describe("secrets in a URL", () => {
  test.each([
    ["its query", "https://a.example/mcp?api_key=hunter2&a=1", "https://a.example/mcp?api_key=***&a=1"],
    [
      "a token in its path",
      "https://a.example/s/ghp_0123456789abcdefghij/mcp",
      "https://a.example/s/***/mcp",
    ],
    ["an unguessable part", `https://a.example/s/${LONG}/mcp`, "https://a.example/s/***/mcp"],
  ])("%s", (_name, url, shown) => {
    expect(hideUrl(url)?.shown).toBe(shown);
    expect(maskUrl(url)).not.toContain("hunter2");
  });

  test("none in an ordinary one", () => {
    expect(hideUrl("https://mcp.example.com/v1/mcp?region=eu")).toBeUndefined();
  });

  test("all but the host where a variable was filled in", () => {
    expect(hideUrl("https://a.example/t1/mcp?region=eu", true)?.shown).toBe("https://a.example/***");
  });

  test("are taken out of answers as they are meant, too", () => {
    expect(hideUrl("https://a.example/mcp?key=a%2Bb%2Fc")?.secrets).toEqual(["a%2Bb%2Fc", "a+b/c"]);
  });

  test("an unguessable part alone is no finding", () => {
    expect(secretsInUrl(`https://a.example/s/${LONG}/mcp`)).toEqual([]);
  });
});

test("the secrets of an entry are those of its place too, and no paths", () => {
  const entry = {
    env: [["GIT_BASE_DIR", "/home/me/code"] as const, ["BOT", "long enough"] as const],
    headers: [],
    args: ["--token", "hunter2", "https://a.example/?key=hunter3"],
    url: undefined,
  };
  expect([...new Set(secretsOf(entry))]).toEqual(["long enough", "hunter2", "hunter3"]);
});
