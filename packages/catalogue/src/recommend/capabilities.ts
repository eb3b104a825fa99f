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

/** In a name, beside a verb that reads. */
const PRIVATE = words(
  "email,mail,inbox,gmail,message,file,document,note,drive,record,row,table,database,sql,customer,contact,lead,deal,employee,user,profile,account,invoice,payment,transaction,order,patient,health,calendar,event,meeting,chat,conversation,channel,thread,repository,repo,commit,pull request,merge request,issue,ticket,task,memory,screenshot,clipboard,attachment,bookmark,photo,workspace,candidate,opportunity,subscription,payroll,log",
);
const PRIVATE_TEXT = words(
  "inbox,private,personal,confidential,customer,employee,patient,local file,your file,your email,your document,your account,user data",
);
/** Beside these words, the private ones mean something public. */
const PUBLIC = words(
  "documentation,library,package,weather,stock,crypto,news,wikipedia,arxiv,public,sample,token,blockchain",
);
const UNTRUSTED = words(
  "email,mail,inbox,gmail,message,comment,issue,ticket,pull request,merge request,review,discussion,thread,tweet,post,feed,rss,webpage,web page,website,web,internet,crawl,scrape,browse,news,article,transcript,submission,form response,attachment,chat,channel history,conversation,mention,notification,calendar,reply,slack,discord,telegram,whatsapp,sms",
);
const UNTRUSTED_TEXT = words(
  "web page,webpage,website content,search the web,web search,inbox,rss feed,tweet,social media,email message,chat message,comment,news article,search engine",
);
/** Beside these words, not the content but something about it is read. */
const ABOUT = words(
  "setting,label,config,configuration,template,domain,account,type,schema,action,quota,status,count,permission,statistic,stat,analytic,provider,scanning,alert,location,detected,leaked",
);
const SECRETS = words(
  "secret,credential,password,keychain,api key,apikey,access key,private key,ssh key,access token,auth token,api token,refresh token,bearer token,service account key,connection string,kubeconfig,env var,environment variable,dotenv",
);
/** The server makes these up, so that the answer holds them; a secret or a password is what the agent stores. */
const MADE_SECRETS = words(
  "api key,apikey,access key,ssh key,access token,auth token,api token,refresh token,service account key",
);
/** Here the secret is what the tool is given. */
const BY_SECRET = /(?:by|from|with)[_\- ]?(?:api|access|private|auth)/i;
const SENDING = words(
  "send,publish,tweet,share,upload,invite,notify,broadcast,submit,push,post message,post comment,post tweet,create post,forward email,forward message,reply,add comment,create comment,create message,make call,phone call,outbound call,create call,create webhook,http request,http post,http put,create issue,create pull request,create merge request,create gist,create event",
);
const FETCHING = words(
  "fetch,get,open,navigate,goto,crawl,scrape,download,extract,visit,browse,read,scan,load",
);
const CODE = words(
  "run command,execute command,exec,shell command,shell execute,execute shell,run shell,bash,powershell,write to terminal,run terminal,run in terminal,run code,execute code,code interpreter,eval,browser evaluate,puppeteer evaluate,playwright evaluate,evaluate script,evaluate javascript,evaluate expression,run python,execute python,run script,execute script,run javascript,execute javascript",
);

function readsPrivate(reading: ToolReading): CapabilityReason | undefined {
  const sql = reading.argument("sql") ?? ofModifier(reading, "arbitrary-sql");
  if (sql !== undefined) return because(sql, "reads a database");
  if (!isReading(reading)) return undefined;
  const path = reading.argument("path");
  if (path !== undefined) return because(path, "reads files");
  if (reading.inText(PUBLIC) !== undefined || reading.inName(ABOUT) !== undefined) return undefined;
  return because(reading.inName(PRIVATE) ?? reading.inText(PRIVATE_TEXT), "reads data that is not public");
}

function readsUntrusted(reading: ToolReading): CapabilityReason | undefined {
  const url = urlOf(reading);
  if (url !== undefined && reading.inText(FETCHING) !== undefined) {
    return because(url, "reads whatever stands at an address");
  }
  if (!isReading(reading)) return undefined;
  if (reading.inName(ABOUT) !== undefined) return undefined;
  const found = reading.inName(UNTRUSTED) ?? reading.inText(UNTRUSTED_TEXT);
  if (found !== undefined) return because(found, "reads what strangers can write");
  const isOpen = reading.classified.tool.annotations?.openWorldHint === true;
  return isOpen
    ? because({ source: "annotation", text: "openWorldHint" }, "reads from outside, by its server's own word")
    : undefined;
}

function readsSecrets(reading: ToolReading): CapabilityReason | undefined {
  const { name } = reading.classified.tool;
  if (reading.inName(ABOUT) !== undefined || BY_SECRET.test(name)) return undefined;
  if (isReading(reading)) return because(reading.inName(SECRETS), "reads credentials");
  const makes = reading.inName(words("create,generate,issue,rotate,export,reveal"));
  return makes === undefined ? undefined : because(reading.inName(MADE_SECRETS), "hands out credentials");
}

function sendsOut(reading: ToolReading): CapabilityReason | undefined {
  const { category } = reading.classified.verdict;
  const recipient =
    category === "Read"
      ? undefined
      : (reading.argument("recipient") ?? ofModifier(reading, "external-recipient"));
  if (recipient !== undefined) return because(recipient, "reaches people outside");
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
