import type { PolicyDocument } from "@portcullis/policy";

/** What the first start publishes for the demo server: an allow, a hide, a deny and a rate limit to look at. */
export const DEMO_POLICY: PolicyDocument = {
  version: "1",
  description:
    "Demo: reads and issues are free, image builds are capped, payments are small, deleting is off.",
  default: "deny",
  hide: ["read_environment"],
  tools: {
    list_repositories: {},
    get_file: {
      require: [
        {
          conditions: [{ path: "args.path", op: "path_within", value: ["/srv/demo"] }],
          on_deny: "Only files below /srv/demo may be read.",
        },
      ],
    },
    create_issue: {},
    build_and_push_image_to_ecr: { rate_limit: { max: 10, window: "minute" } },
    delete_repository: { action: "deny", reason: "Repositories are deleted by people, never by an agent." },
    create_payment: {
      require: [{ conditions: [{ path: "args.currency", op: "eq", value: "eur" }], on_deny: "Pay in euro." }],
      deny_if: [
        {
          conditions: [{ path: "args.amount", op: "gt", value: 10_000 }],
          on_deny: "Payments above 100 euro need a person.",
        },
      ],
      limits: [{ counter: "spend", window: "day", max: 50_000, increment_from: "args.amount" }],
    },
  },
};
