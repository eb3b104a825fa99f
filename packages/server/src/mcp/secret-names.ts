/** Names of secrets, in texts whose words are apart. */
const SECRET =
  /\bpass ?(?:words?|wd|phrases?|codes?)\b|\bpwd\b|\bsecrets?\b|\b(?:api|access|private|signing|encryption) ?keys?\b|(?<!\b(?:max|min|total|input|output|prompt|completion|number of) )\btokens?\b|\bcredentials?\b|\bauthorization\b|\bcv[vc]2?\b|\b(?:credit|debit|card) ?(?:card)? ?numbers?\b|\bpin(?: ?codes?)?\b|\bone time\b|\b[th]?otp\b|\bssn\b|\b(?:seed|recovery|backup) ?(?:phrase|code)s?\b|\bmnemonic\b|\b[2m]fa\b/;

/** "Do not give us your password" asks for none. Only with a verb of giving: "do not hesitate to give it" does. */
const WARNING =
  /\b(?:do not|don['’]t|never) (?:ever )?(?:give|enter|provide|share|send|include|type|use|tell|submit|write|put|reveal|post|paste)\b[^.;:!?]*/gi;

/** True when a name or a sentence names a secret of a person or an account: `apiKey`, `API_KEY`, `Your password`; not when it warns of giving one. */
export function namesSecret(text: string): boolean {
  const apart = text
    // Letters that only look like others are those.
    .normalize("NFKC")
    .replace(WARNING, " ")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ");
  return SECRET.test(apart);
}
