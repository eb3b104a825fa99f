import type { Deed, Found } from "./deed.ts";
import * as objects from "./lexicon/objects.ts";
import { wordSet } from "./lexicon/word-set.ts";

const PHONING = wordSet(`
  send make start end create place transfer initiate hold mute answer hang dial ask play speak say
  schedule reply forward broadcast`);
const CALLING = wordSet("create make start end place initiate answer hang transfer receive handle");
const TEXTING = wordSet("sms mms voicemail");
const CALLED = wordSet("call phone");
const NO_CALL = wordSet(`
  function tool api method number log record note list summary recording transcript center queue flow`);

/** Telephone calls and text messages reach a person at once. */
function phone({ verb, has, place, group, first }: Deed): Found {
  if (group === "destructive" || group === "financial") return undefined;
  const isPhoning = PHONING.has(verb);
  const isCall = CALLING.has(verb) && CALLED.has(first) && !has(NO_CALL);
  const isThere = place.subjects.has("phone") && has(objects.PHONE) && !has(NO_CALL);
  return isCall || (isPhoning && (has(TEXTING) || isThere)) ? ["Execute", "object.phone"] : undefined;
}

const SHOOTING = wordSet("take capture grab make get");
const DISK = wordSet("volume disk database backup vm instance cluster repository storage");

/** A snapshot of a screen is a picture, one of a disk is not. */
function screenshot({ verb, has }: Deed): Found {
  return SHOOTING.has(verb) && has(objects.SCREENSHOT) && !has(DISK)
    ? ["Read", "object.screenshot"]
    : undefined;
}

const STEERING = wordSet("reload back forward emulate act evaluate open play submit");
const ON_PAGE = wordSet(`
  click type press hover scroll drag drop swipe tap select fill upload open close resize handle switch new
  reload back forward choose uncheck focus set emulate submit act evaluate play`);
const READING_ACTS = wordSet("open select choose evaluate");
const WEB = wordSet("browser url tab website webpage app application program");
const ON_FORM = wordSet("file option text input field alert value");

function browsing({ verb, has, place, group, isAlone }: Deed): Found {
  if (verb === "go" || verb === "goto" || verb === "navigate") return ["Execute", "object.browser"];
  if (verb === "open" && has(WEB)) return ["Execute", "object.browser"];
  if (!ON_PAGE.has(verb) || (group === "read" && !READING_ACTS.has(verb))) return undefined;
  const isThere = place.subjects.has("browser") && (has(objects.PAGE) || isAlone || has(ON_FORM));
  if (!isThere) return undefined;
  return STEERING.has(verb) ? ["Execute", "object.browser"] : ["Write", "object.page"];
}

const GRANTING = wordSet("grant add create give set assign share update put attach allow invite");
const REVOKING = wordSet("revoke remove delete unassign unshare detach withdraw deny");

function access({ verb, has, first }: Deed): Found {
  const isRevoked = REVOKING.has(verb) && (has(objects.ACCESS) || (verb === "revoke" && has(objects.SECRET)));
  if (isRevoked) return ["Destructive", "object.revoke"];
  const isGranted = GRANTING.has(verb) && (has(objects.ACCESS) || first === "token");
  return isGranted ? ["Write", "object.grant"] : undefined;
}

const STOPPING = wordSet("cancel abort drain");
const TALK = wordSet("call session connection");

/** Stopping work is less than deleting a thing. */
function work({ verb, has }: Deed): Found {
  const isStopped = (STOPPING.has(verb) && has(objects.WORK)) || (verb === "terminate" && has(TALK));
  return isStopped ? ["Execute", "object.work"] : undefined;
}

const MILD_RESET = wordSet("password view zoom camera filter selection layout scroll viewport style");
const MILD_CLEAR = wordSet("filter selection highlight zoom formatting focus breakpoint");
const DRAGGED = wordSet("drag");

/** What deletes only a setting or a view. */
function setting({ verb, has, first }: Deed): Found {
  const isMild =
    (verb === "reset" && has(MILD_RESET)) ||
    ((verb === "clear" || verb === "remove") && MILD_CLEAR.has(first)) ||
    (verb === "drop" && has(DRAGGED));
  return isMild ? ["Write", "object.setting"] : undefined;
}

/** `open` means reading a file, writing a ticket or starting a program. */
function opening({ verb, has, first }: Deed): Found {
  if (verb !== "open") return undefined;
  if (has(objects.TICKET)) return ["Write", "verb.write"];
  return has(objects.PROGRAM) || first === "" ? ["Execute", "verb.execute"] : undefined;
}

const HAPPENING = wordSet("event pageview click conversion impression interaction");
const INTO = wordSet("into onto");
const CHOSEN = wordSet(`
  account device app application project workspace organization organisation tenant environment profile`);
const NOTICE = wordSet("dialog toast popup banner modal");

/** Verbs that read most things, and change some: `track a parcel`, `track an event`. */
function readingVerb({ verb, has }: Deed): Found {
  const isChange =
    (verb === "track" && has(HAPPENING)) ||
    (verb === "load" && has(INTO)) ||
    (verb === "select" && has(CHOSEN)) ||
    ((verb === "display" || verb === "show") && has(NOTICE));
  return isChange ? ["Write", "object.state"] : undefined;
}

const PRINTED = wordSet("printer label document file job receipt stl gcode paper badge");

/** Printing a value reads, printing on paper does not. */
function printing({ verb, has }: Deed): Found {
  return verb === "print" && has(PRINTED) ? ["Execute", "verb.execute"] : undefined;
}

const GIT_WRITES = wordSet(`
  checkout fetch stash branch tag merge pull push commit rebase clone add init track`);
const STARTING = wordSet("init initialize");
const REPOSITORY = wordSet("repository repo");
const CHERRY = wordSet("cherry");

function git({ verb, has, place, isAlone }: Deed): Found {
  if (STARTING.has(verb) && has(REPOSITORY)) return ["Write", "object.git"];
  if (!place.subjects.has("git")) return undefined;
  if (verb === "pick" && has(CHERRY)) return ["Write", "object.git"];
  if (!isAlone) return undefined;
  if (verb === "clean") return ["Destructive", "verb.delete"];
  if (verb === "log") return ["Read", "verb.read"];
  return GIT_WRITES.has(verb) ? ["Write", "object.git"] : undefined;
}

const VAGUE = wordSet("perform make do process conduct issue");
const ANSWERED = wordSet(`
  search lookup query analysis calculation research comparison check scan computation geocode ocr recognition
  traceroute aggregation`);
const SEARCHES = wordSet("search lookup aggregation");
const RESOLVED = wordSet(
  "id name address uri dns url handle domain library entity hostname ens username path",
);
/** What is only expressed in another way. */
const RECKONED = wordSet(
  "coordinate address timestamp timezone time date unit currency temperature markdown case",
);
const TESTED = wordSet("regex regexp pattern connection connectivity auth authentication credential");
const MATHS = wordSet("math mathematical arithmetic formula numeric algebraic");

/** Verbs that run, test or ask for something that only answers. */
function question({ verb, has, group, place }: Deed): Found {
  const isAsked =
    (VAGUE.has(verb) && has(ANSWERED)) ||
    ((verb === "run" || verb === "execute") && has(SEARCHES) && !has(objects.CODE)) ||
    (group === "write" && verb === "request" && has(objects.READ_NOUNS)) ||
    ((verb === "evaluate" || verb === "eval") && has(MATHS)) ||
    (verb === "resolve" && has(RESOLVED)) ||
    (verb === "convert" && has(RECKONED) && !place.subjects.has("money")) ||
    (verb === "test" && has(TESTED));
  return isAsked ? ["Read", "object.question"] : undefined;
}

const REQUESTING = wordSet("make perform execute issue");
const REQUEST = wordSet("request api http");
const HTTP = wordSet("api http");
const REQUESTED = wordSet("request");
const SAFE_METHOD = wordSet("get head options option trace");
const NO_REQUEST = wordSet("pull merge access review friend");

function request({ verb, has }: Deed): Found {
  const isRequest =
    (REQUESTING.has(verb) && has(REQUEST)) || (verb === "send" && has(HTTP) && has(REQUESTED));
  if (!isRequest || has(NO_REQUEST)) return undefined;
  return has(SAFE_METHOD) ? ["Read", "object.question"] : ["Execute", "object.request"];
}

const RUNNING = wordSet("run execute exec eval evaluate invoke call submit perform");
const LOOKED_AT = wordSet("review scan analysis audit quality search check lint");
/** Transforming these runs over what is kept; of an image it makes another one. */
const STORED = wordSet("data document record dataset code");
const STATEMENT = wordSet("sql cypher statement");

function running({ verb, has }: Deed): Found {
  if (verb === "transform" && has(STORED)) return ["Execute", "verb.execute"];
  if (!RUNNING.has(verb) || has(LOOKED_AT)) return undefined;
  if (has(STATEMENT)) return ["Execute", "object.sql"];
  return has(objects.CODE) ? ["Execute", "object.code"] : undefined;
}

/** In this order; the first that has something to say decides. */
export const OBJECT_RULES: readonly ((deed: Deed) => Found)[] = [
  phone,
  screenshot,
  browsing,
  access,
  work,
  setting,
  question,
  readingVerb,
  opening,
  printing,
  git,
  request,
  running,
];
