import { type Html, html } from "./html.ts";
import type { Page } from "./layout.ts";
import { CATALOGUE } from "./paths.ts";

export const CONTACT = `${CATALOGUE}/contact`;

/** What was typed, shown again when something is wrong with it. */
export interface ContactDraft {
  readonly message: string;
  readonly replyTo: string;
}

const EMPTY: ContactDraft = { message: "", replyTo: "" };

/** `/catalogue/contact`: a form, and what is wrong with what was sent. */
export function contactPage(problem?: string, draft: ContactDraft = EMPTY): Page {
  return {
    title: "Contact",
    description: "Report an error in the catalogue, or ask about this instance.",
    path: CONTACT,
    place: "contact",
    crumbs: [
      ["Catalogue", CATALOGUE],
      ["Contact", undefined],
    ],
    main: html`<div class="head"><h1>Contact</h1>
<p class="lead">A wrong verdict, a missing server, a question: the people who run this instance read it.</p></div>
<section class="section prose" aria-label="Message">
${problem !== undefined && html`<p class="callout critical" role="alert" id="problem"><strong>Not sent: ${problem}</strong></p>`}
<form class="card stack" action="${CONTACT}" method="post">
<div class="field"><label for="message">Message</label>
<textarea id="message" name="message" required maxlength="4000" rows="8"${problem !== undefined && html` aria-invalid="true" aria-describedby="problem"`}>
${draft.message}</textarea></div>
<div class="field"><label for="reply-to">E-mail for an answer <span class="soft">(optional)</span></label>
<input id="reply-to" name="replyTo" type="email" maxlength="254" autocomplete="email" value="${draft.replyTo}"></div>
${TRAP}
<p><button class="main" type="submit">Send</button></p>
<p class="note">The message and the address are stored on this instance. No tokens or passwords, please.</p>
</form></section>`,
  };
}

/** People do not see this field; programs that fill in whatever there is do. */
const TRAP: Html = html`<div class="trap" aria-hidden="true"><label for="website">Leave this empty</label><input id="website" name="website" type="text" tabindex="-1" autocomplete="off"></div>`;

/** `/catalogue/contact/sent`. */
export function contactSentPage(): Page {
  return {
    title: "Message stored",
    description: "The message was stored.",
    path: undefined,
    place: "contact",
    main: html`<div class="head"><h1>Thank you</h1><p class="lead">The message is stored, and the people who run this instance will find it.</p>
<p><a class="button" href="${CATALOGUE}">Back to the catalogue</a></p></div>`,
  };
}
