import type { ServerFacts } from "../reader.ts";
import { type Commands, commandsFor } from "./commands.ts";
import { type Fragment, type Html, html } from "./html.ts";
import { codeBlock } from "./parts.ts";
import { toVisibleJson } from "./text.ts";

export interface Control {
  /** Tells the blocks of one page apart. */
  readonly id: string;
  readonly server: ServerFacts;
  /** Of this instance. */
  readonly base: string;
  /** Where the policy is, without the origin. */
  readonly policyPath: string;
  readonly json: string;
  readonly label: Fragment;
  /** What else has to be said before it is used. */
  readonly notes: readonly Fragment[];
}

/** The policy, and the way to put it into force. */
export function control({ id, server, base, policyPath, json, label, notes }: Control): Html {
  const commands = commandsFor(server, base + policyPath);
  return html`${codeBlock({ id, label, text: toVisibleJson(json), download: policyPath, isTall: true })}
${openElsewhere()}
${notes.map((note) => html`<p class="note">${note}</p>`)}
<h3>Put it into force</h3>
<ol class="steps">
<li><div><strong>Register the server</strong>${register(id, commands)}</div></li>
<li><div><strong>Publish the policy</strong>${codeBlock({ id: `${id}-2`, label: "In force with the next request", text: commands.publish })}</div></li>
<li><div><strong>Point the client at the gateway</strong>${codeBlock({ id: `${id}-3`, label: "Prints the token, and the URL below this gateway", text: commands.grant })}
<p class="note">In the client's settings the server's address becomes the printed URL, <code>${base}/mcp/srv_…</code>, with the token in the header <code>Authorization: Bearer …</code></p></div></li>
</ol>`;
}

function register(id: string, { name, register: command, isComplete }: Commands): Html {
  if (command === undefined) return html`<p>Done: it is registered here as <code>${name}</code>.</p>`;
  const label = isComplete
    ? "Once, on the machine of the gateway"
    : "Once, with what starts or reaches this server";
  return codeBlock({ id: `${id}-1`, label, text: command });
}

/** The one place for links that open the policy somewhere else: the visual builder, once there is one. */
function openElsewhere(): Html | false {
  return false;
}
