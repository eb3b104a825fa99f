/** Visible of the demo server: all but the hidden `read_environment`. */
export const DEMO_LISTED: readonly string[] = [
  "list_repositories",
  "get_file",
  "create_issue",
  "build_and_push_image_to_ecr",
  "delete_repository",
  "create_payment",
];

/** What a call of `delete_repository` is told. */
export const DEMO_DENIED = "[POLICY DENIED] Repositories are deleted by people, never by an agent.";
