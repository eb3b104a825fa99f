import { wordSet as set } from "./word-set.ts";

// Nouns that say what a verb means, in the singular.

/** Paying, wherever it stands. */
export const MONEY = set(`
  payment payout refund fund money currency usdc usdt usd eur eth ether btc sat sats sol lamport bitcoin
  ethereum lightning cryptocurrency coin erc20 spl nft paymentintent billing cash dollar euro wei gwei
  lovelace bnb matic xrp escrow royalty tip donation bet wager`);
/** A request to be paid. */
export const BILL = set("invoice charge checkout paymentlink paylink creditnote bill remittance");
/** Means money only where the server is about money, or where the verb says so. */
export const MONEY_NEAR = set(`
  transaction tx transfer order token subscription position trade stake swap deposit withdrawal balance
  asset credit amount wallet account liquidity loan collateral market share stock option perp spot
  leverage reward`);
/** What only says how a payment would be. */
export const QUOTE = set("quote estimate preview simulation");
/** What is bought. */
export const ORDER = set("order purchase trade bid position");
/** Descriptions of money that change nothing by themselves. */
export const MONEY_RECORD = set(`
  method plan product price coupon customer template item line note draft report history setting webhook
  address rule category tag label contact provider term reminder profile document pdf test schedule
  comment filter status alert memo budget message shipment fulfillment fulfilment option metadata list
  view dashboard summary quote estimate type attachment evidence reconciliation watchlist connection config key id`);

/** Telephones. */
export const PHONE = set("call phone sms voicemail dial dialer telephone ring mms voicecall");
/** Things on a web page or screen. */
export const PAGE = set(`
  page browser tab element button url website webpage link selector dialog dropdown viewport window site
  web form checkbox mouse key keyboard cursor screen`);
export const SCREENSHOT = set("screenshot snapshot screen");
/** Access of somebody to something. */
export const ACCESS = set(`
  permission access role acl grant privilege collaborator policybinding iam credential scope membership`);
export const SECRET = set(`
  token key apikey credential secret certificate session permission grant access delegation consent`);
/** Work under way, which is stopped rather than deleted. */
export const WORK = set(`
  task run job build workflow pipeline execution operation query request process scan crawl deployment
  export import upload download simulation command generation rollout sync backup training restore
  replication`);
/** Questions to a store. */
export const QUESTION = set("query search lookup select question sql");
export const CODE = set(`
  code script javascript js python shell bash command cmd powershell applescript sql cypher expression
  program snippet macro repl terminal cli eval function method rpc`);
/** Programs that are opened to run. */
export const PROGRAM = set(`
  browser url tab website webpage app application program terminal window simulator emulator session`);
export const TICKET = set(
  "issue ticket pr case discussion conversation dm pull merge thread incident account dispute",
);
/** Nouns that make a name without a verb a question. */
export const READ_NOUNS = set(`
  status info information stat statistic detail history metadata count health version schema summary list log report overview result
  data balance weather price quote news docs doc documentation doc help guide instruction example catalog capability inspector metric
  usage diff profile trending leaderboard standing ranking feed timeline preview context tree structure stats insight analytics
  analysis availability advice coordinate direction elevation guidance guideline matrix nslookup practice rule performance pricing size
  summarizer trend vulnerability whois rate time date language types definition spec specification reference glossary faq about
  contents index directory lookup search query getter reader viewer finder explorer retriever fetcher lister browser_history
  whoami ping healthcheck readme changelog calendar calculator forecast detector checker validator analyzer recommendation suggestion`);
/** Nouns that make a name without a verb a way to run things. */
export const RUN_NOUNS = set(`
  javascript js python shell bash applescript powershell terminal repl exec executor runner command cmd
  sql console ssh osascript agent interpreter automation automator navigation launcher deployment`);

/** Words in the name of a server, or of its other tools, that say what it is about. */
export const MONEY_PLACE = set(`
  payment payments pay wallet trading trade trader exchange broker brokerage billing crypto defi dex swap
  blockchain chain bank banking payout checkout invoicing treasury portfolio margin futures perps
  invoice invoices refund refunds charge charges dispute disputes payouts
  stablecoin onchain web3 evm bitcoin ethereum solana lightning`);
export const TRADE_PLACE = set(`
  trading trade trader exchange broker brokerage dex margin futures perps perp market position positions
  portfolio`);
export const CHAIN_PLACE = set(`
  crypto defi dex blockchain chain web3 onchain evm bitcoin ethereum solana wallet lightning`);
export const PHONE_PLACE = set("phone telephony call calls voice dialer sms telephone ringback voip sip");
export const BROWSER_PLACE = set(`
  browser chrome chromium firefox webdriver puppeteer playwright selenium page tab dom devtools click
  navigate`);
export const GIT_PLACE = set("git");
