import { describe, expect, it } from "vitest";
import { maskSecrets } from "../../src/mcp/mask-secrets.ts";

describe("secrets in names (threat 74)", () => {
  it.each([
    ["a token of ours", `x pcl_g_${"a1B2".repeat(9)}00 y`, "x [secret] y"],
    ["an access key of AWS", "AKIAIOSFODNN7EXAMPLE", "[secret]"],
    ["a token of GitHub", `ghp_${"a".repeat(36)}`, "[secret]"],
    ["a fine-grained one", `github_pat_${"a1_".repeat(12)}`, "[secret]"],
    ["a key of Stripe", "sk_live_4eC39HqLyjWDarjt", "[secret]"],
    ["a key of a model", "sk-proj-abcdefghijklmnop", "[secret]"],
    ["a token of Slack", "xoxb-123456789012-abc", "[secret]"],
    ["a signed token", "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.sig", "[secret]"],
    ["a private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[secret]"],
    ["a card number", "4111 1111 1111 1111", "[secret]"],
    ["a card number without blanks", "n4111111111111111", "n[secret]"],
    ["two of them", "AKIAIOSFODNN7EXAMPLE,AKIAIOSFODNN7EXAMPLE", "[secret],[secret]"],
  ])("masks %s", (_, text, masked) => {
    expect(maskSecrets(text)).toBe(masked);
  });

  it.each([
    "create_refund",
    "a-perfectly-ordinary-name-that-is-long",
    "notifications/tools/list_changed",
    "customer_id_12345678",
    "pcl_g_",
    'The tool "x" is not permitted by policy.',
  ])("leaves %s", (text) => {
    expect(maskSecrets(text)).toBe(text);
  });
});
