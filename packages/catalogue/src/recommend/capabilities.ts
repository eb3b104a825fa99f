import type { EvidenceSource } from "../verdict.ts";
import type { ClassifiedTool } from "./classified-tool.ts";
import { type Found, readTool, type ToolReading } from "./tool-reading.ts";

/** What matters about a tool when it works beside others. */
export const CAPABILITIES = [
  "readsPrivate",
  "readsUntrusted",
  "readsSecrets",
  "sendsOut",
  "executes",
  "destroys",
  "movesMoney",
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** Why a tool has a capability. */
export interface CapabilityReason {
  readonly source: EvidenceSource;
  /** The words that say so: a stranger's, in lower case. */
  readonly text: string;
  /** Ours: what follows, as the end of a sentence that begins with the tool. */
  readonly means: string;
}

/** Of each capability why the tool has it; undefined where nothing says so. */
export type Capabilities = { readonly [C in Capability]: CapabilityReason | undefined };

/** What a tool can do to the others' data. General rules on words, schema and hints; without words, nothing is said. */
export function capabilitiesOf(classified: ClassifiedTool): Capabilities {
  const reading = readTool(classified);
  const code = runsCode(reading);
  return {
    readsPrivate: readsPrivate(reading) ?? because(code, "runs code, which reads what the server can read"),
    readsUntrusted: readsUntrusted(reading),
    readsSecrets: readsSecrets(reading),
    sendsOut: sendsOut(reading) ?? because(code, "runs code, which may reach the network"),
    executes: because(code, "runs code or commands that the agent writes"),
    destroys: ofCategory(reading, "Destructive", "deletes or revokes for good"),
    movesMoney: ofCategory(reading, "Financial", "moves or commits money"),
  };
}

const words = (text: string): readonly string[] => text.split(",").map((phrase) => phrase.trim());

const PRIVATE = words(
  "email,mail,inbox,gmail,message,file,document,note,drive,folder,record,row,table,database,sql,customer,contact,lead,deal,employee,user,profile,account,invoice,payment,transaction,order,patient,calendar,event,meeting,chat,conversation,channel,thread,repository,repo,commit,pull request,issue,ticket,memory,screenshot,clipboard,attachment,bookmark,photo,workspace,candidate,opportunity,subscription,payroll",
);
/** Beside these words, the private ones mean something public. */
const PUBLIC = words("documentation,library,package,weather,stock,crypto,news,wikipedia,arxiv,public,sample");
const UNTRUSTED = words(
  "email,mail,inbox,gmail,message,comment,issue,ticket,pull request,review,discussion,thread,tweet,post,feed,rss,webpage,web page,website,web,internet,crawl,scrape,browse,news,article,transcript,submission,form response,attachment,chat,channel,conversation,mention,notification,calendar,event,invite,reply,slack,discord,telegram,whatsapp,sms",
);
const SECRETS = words(
  "secret,credential,password,keychain,api key,apikey,access key,private key,ssh key,access token,auth token,api token,refresh token,bearer token,service account key,connection string,kubeconfig,env var,environment variable,dotenv",
);
const SENDING = words(
  "send,post,publish,tweet,comment,reply,forward,share,upload,invite,notify,broadcast,submit,push,email,message,sms,call,webhook,http request,create issue,create pull request,create gist,create post,create event,add comment",
);
const FETCHING = words(
  "fetch,get,open,navigate,goto,crawl,scrape,download,extract,visit,browse,read,scan,load",
);
const CODE = words(
  "run command,execute command,exec,shell,bash,terminal,powershell,run code,execute code,code interpreter,eval,evaluate,run python,execute python,run script,execute script,run javascript,execute javascript,sandbox exec",
);

function readsPrivate(reading: ToolReading): CapabilityReason | undefined {
  const sql = reading.argument("sql") ?? ofModifier(reading, "arbitrary-sql");
  if (sql !== undefined) return because(sql, "reads a database");
  if (!isReading(reading)) return undefined;
  const path = reading.argument("path");
  if (path !== undefined) return because(path, "reads files");
  if (reading.inText(PUBLIC) !== undefined) return undefined;
  return because(reading.inText(PRIVATE), "reads data that is not public");
}

function readsUntrusted(reading: ToolReading): CapabilityReason | undefined {
  const url = urlOf(reading);
  if (url !== undefined && reading.inText(FETCHING) !== undefined) {
    return because(url, "reads whatever stands at an address");
  }
  if (!isReading(reading)) return undefined;
  const found = because(reading.inText(UNTRUSTED), "reads what strangers can write");
  if (found !== undefined) return found;
  const isOpen = reading.classified.tool.annotations?.openWorldHint === true;
  return isOpen
    ? because({ source: "annotation", text: "openWorldHint" }, "reads from outside, by its server's own word")
    : undefined;
}

function readsSecrets(reading: ToolReading): CapabilityReason | undefined {
  const found = reading.inName(SECRETS);
  if (found === undefined) return undefined;
  if (isReading(reading)) return because(found, "reads credentials");
  const makes = reading.inName(words("create,generate,issue,rotate,export,reveal"));
  return makes === undefined ? undefined : because(found, "hands out credentials");
}

function sendsOut(reading: ToolReading): CapabilityReason | undefined {
  const recipient = reading.argument("recipient") ?? ofModifier(reading, "external-recipient");
  const { category } = reading.classified.verdict;
  if (category !== "Read" && recipient !== undefined) return because(recipient, "reaches people outside");
  const url = urlOf(reading);
  if (url !== undefined)
    return because(url, "asks an address that the agent chooses, and data can stand in it");
  if (category === "Read" || category === "Destructive") return undefined;
  return because(reading.inName(SENDING), "sends or publishes");
}

function runsCode(reading: ToolReading): Found | undefined {
  const modifier = ofModifier(reading, "arbitrary-code");
  if (modifier !== undefined) return modifier;
  if (reading.classified.verdict.category === "Read") return undefined;
  return reading.inName(CODE) ?? reading.argument("command");
}

function urlOf(reading: ToolReading): Found | undefined {
  return reading.argument("url") ?? ofModifier(reading, "url-input");
}

/** True for a tool whose answer is content, not only a receipt. */
function isReading({ classified, inName }: ToolReading): boolean {
  if (classified.verdict.category === "Read") return true;
  const verbs = words("get,list,read,search,fetch,query,find,show,download,export");
  return classified.verdict.category === "Execute" && inName(verbs) !== undefined;
}

function ofModifier({ classified }: ToolReading, modifier: string): Found | undefined {
  const { modifiers, evidence } = classified.verdict;
  if (!modifiers.some((one) => one === modifier)) return undefined;
  const found = evidence.find(({ says }) => says === modifier) ?? evidence[0];
  return { source: found?.source ?? "name", text: found?.text ?? modifier };
}

function ofCategory(
  { classified: { verdict } }: ToolReading,
  category: "Destructive" | "Financial",
  means: string,
): CapabilityReason | undefined {
  if (verdict.category !== category) return undefined;
  const found = verdict.evidence.find(({ says }) => says === category);
  return because(found ?? { source: "name", text: category }, means);
}

function because(found: Found | undefined, means: string): CapabilityReason | undefined {
  return found === undefined ? undefined : { source: found.source, text: found.text, means };
}
