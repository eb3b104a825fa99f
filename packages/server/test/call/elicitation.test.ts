import type { JsonValue } from "@portcullis/policy";
import { describe, expect, test } from "vitest";
import { elicitationProblem } from "../../src/call/elicitation.ts";

const link = (url: JsonValue) => ({ mode: "url", message: "Sign in", url });
const form = (properties: JsonValue, message: JsonValue = "Who are you?") => ({
  message,
  requestedSchema: { type: "object", properties },
});

describe("links that a person is asked to open (threat 42)", () => {
  test.each([
    ["https://sign-in.example.com/a?b=c#d"],
    ["HTTPS://Example.COM."],
    ["https://example.com:8443/"],
    ["https://xnx.example/"],
    ["https://localhost.example/"],
  ])("%s is passed on", (url) => {
    expect(elicitationProblem(link(url))).toBeUndefined();
  });

  const NOT_PLAIN = "its link is not a plain `https` URL";
  const BARE = "its link leads to a bare address";
  const NOT_PUBLIC = "its link leads to no public name";
  const ALIKE = "its link leads to a name that may look like another";
  test.each<[JsonValue, string]>([
    [1, "its link is not a text"],
    [["https://example.com/"], "its link is not a text"],
    ["http://example.com/", NOT_PLAIN],
    ["javascript:alert(1)//https://example.com/", NOT_PLAIN],
    ["xhttps://example.com/", NOT_PLAIN],
    ["https://", NOT_PLAIN],
    [" https://example.com/", NOT_PLAIN],
    ["https://example.com/ x", NOT_PLAIN],
    ["https://example.com/\n", NOT_PLAIN],
    ["https://example.com/\u007f", NOT_PLAIN],
    ["https://ex\u0430mple.com/", NOT_PLAIN],
    ["https://example.com\\@evil.example/", NOT_PLAIN],
    ["https://example.com:99999/", "its link cannot be read"],
    ["https://bank.example@evil.example/", "its link has a user name"],
    ["https://:password@evil.example/", "its link has a user name"],
    ["https://192.0.2.1/", BARE],
    ["https://192.0.2.1./", BARE],
    ["https://3221225985/", BARE],
    ["https://0xc0.0.2.1/", BARE],
    ["https://[2001:db8::1]/", BARE],
    ["https://localhost/", NOT_PUBLIC],
    ["https://intranet./", NOT_PUBLIC],
    ["https://gateway.localhost/", NOT_PUBLIC],
    ["https://gateway.localhost./", NOT_PUBLIC],
    ["https://xn--exmple-4nf.com/", ALIKE],
    ["https://sign-in.xn--exmple-4nf.com/", ALIKE],
  ])("%j is not", (url, problem) => {
    expect(elicitationProblem(link(url))).toBe(problem);
  });

  test("a link is looked at as one in its mode alone", () => {
    expect(elicitationProblem({ mode: "url" })).toBe("its link is not a text");
    const both = { ...form({ name: { type: "string" } }), url: "https://example.com/" };
    expect(elicitationProblem(both)).toBe("it is a form and a link at once");
    expect(elicitationProblem({ ...both, mode: "form" })).toBe("it is a form and a link at once");
    expect(elicitationProblem({ ...both, mode: "popup" })).toBe("its mode is not known");
    expect(elicitationProblem({ ...both, mode: null })).toBe("its mode is not known");
  });

  test.each<[JsonValue | undefined]>([[undefined], [null], ["https://example.com/"], [[]]])(
    "parameters that are none: %j",
    (params) => {
      expect(elicitationProblem(params)).toBe("its parameters are not an object");
    },
  );
});

describe("forms (threat 42)", () => {
  test.each<[string, JsonValue]>([
    ["a plain question", form({ name: { type: "string", title: "Your name" } })],
    ["no question", { message: "Shall I?" }],
    ["no schema that is one", { message: "Shall I?", requestedSchema: "password" }],
    ["no properties that are some", form(["password"])],
    ["a property that is none", form({ name: 1, other: ["password"] })],
    ["a word about secrets over a choice", form({ go: { type: "boolean" } }, "Reset the password?")],
    ["the same over a list", form({ which: { type: "string", enum: ["a", "b"] } }, "Which password?")],
    ["a message that is no text", form({ name: { type: "string" } }, { password: 1 })],
    ["a secret word where nobody reads it", form({ name: { type: "string", default: "password" } })],
  ])("%s is passed on", (_, params) => {
    expect(elicitationProblem(params)).toBeUndefined();
  });

  test.each<[string, JsonValue]>([
    ["by its name", form({ password: { type: "string" } })],
    ["by its name, whatever it is", form({ api_key: 1 })],
    ["by its title", form({ a: { type: "string", title: "Password" } })],
    ["by its description", form({ a: { type: "number", description: "Your API key" } })],
    ["by its format", form({ a: { type: "string", format: "password" } })],
    ["by the message over a free text", form({ a: { type: "string" } }, "Enter your password")],
    ["in one of many", form({ a: { type: "boolean" }, b: { type: "string" } }, "Enter your password")],
  ])("one that asks for a secret %s is not", (_, params) => {
    expect(elicitationProblem(params)).toBe("its form asks for a secret");
  });
});
