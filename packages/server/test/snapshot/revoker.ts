/** Revokes every grant of the state file that is its argument, one by one, and prints each id once it is committed. */
import { listGrants, revokeGrant } from "../../src/storage/grant-rows.ts";
import { openState } from "../../src/storage/state.ts";

const state = openState(process.argv[2] ?? "");
if (!state.ok) throw new Error(state.error);
for (const { id } of listGrants(state.value)) {
  const revoked = revokeGrant(state.value, id, Date.now());
  if (!revoked.ok) throw new Error(revoked.error);
  process.stdout.write(`${id}\n`);
}
state.value.db.close();
