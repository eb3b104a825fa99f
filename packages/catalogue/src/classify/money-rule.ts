import type { Deed, Found } from "./deed.ts";
import * as objects from "./lexicon/objects.ts";
import { wordSet } from "./lexicon/word-set.ts";

const PAYING = wordSet(`
  create make send submit place execute process confirm capture approve initiate issue authorize collect
  settle complete finalize sign broadcast release claim transfer add open close schedule trigger post wire
  move generate new perform run start bridge mint`);
const ORDERING = wordSet(`
  create place submit execute make send open close add modify replace post new confirm fill amend approve`);
const ON_CHAIN = wordSet(`
  send submit sign broadcast execute transfer approve mint burn bridge deploy launch swap claim wrap
  unwrap`);
const BILLING = wordSet(`
  create send issue pay charge finalize make generate confirm new complete capture collect approve settle
  authorize`);
const UNDOING = wordSet("cancel void delete remove revoke reject discard abort clear");
const RESETTING = wordSet("update modify change upgrade downgrade renew resume reactivate");
const CREATING = wordSet("create make add open new generate");
/** What binds money by existing. */
const BINDING = wordSet("transfer subscription swap deposit withdrawal stake loan trade");
const STANDING = wordSet("subscription payout");
const HOLDER = wordSet("wallet account balance");
const ORDER = wordSet("order");
const CHAIN_THING = wordSet("transaction tx token nft coin asset contract");
const BRANCH = wordSet("branch commit");
const SIGNING = wordSet("send sign submit broadcast");
const AGREEING = wordSet("authorize approve confirm execute capture");
const SWAPPING = wordSet("create execute confirm make");
const SWAP = wordSet("swap");
const SWAPPED = wordSet("token coin asset onchain crypto");
const SIGNED = wordSet("transaction tx");
const COIN = wordSet("token coin");
/** Verbs of money that also mean something else. */
const ALSO_OTHERWISE = wordSet(`
  trade stake unstake bid bridge mint swap short tip hedge redeem borrow lend bet spend invest airdrop
  fund settle`);
const PAYABLE = wordSet(`
  token asset reward share stock amount balance wallet credit position point bridge exchange pool vault
  liquidity chain transaction tx nft voucher`);

/** Verbs together with money. Looking at money is left to the verb. */
export function moneyRule(deed: Deed): Found {
  const { verb, group, has, place } = deed;
  if (group === "read" && !PAYING.has(verb)) return undefined;
  const isMoneyPlace = place.subjects.has("money");
  const isMoney = has(objects.MONEY) || (isMoneyPlace && has(objects.MONEY_NEAR));
  if (UNDOING.has(verb) || group === "destructive") {
    const isUndone = isMoney || has(objects.BILL) || has(objects.ORDER);
    return isUndone ? ["Destructive", "object.money-undo"] : undefined;
  }
  if (group === "financial") return payingVerb(deed, isMoney);
  if (isMoneyPlace && has(STANDING) && RESETTING.has(verb)) return ["Financial", "object.money"];
  if (has(HOLDER) && CREATING.has(verb) && !has(BINDING)) return undefined;
  // A payment method or the template of an invoice pays nothing.
  if (has(objects.MONEY_RECORD) && verb !== "place" && verb !== "send") return undefined;
  return withMoney(deed, isMoney) ?? bill(deed) ?? order(deed, isMoneyPlace);
}

/** `swap faces` is no payment, `swap tokens` is one, and `swap quote` only asks. */
function payingVerb({ verb, has, place, isAlone }: Deed, isMoney: boolean): Found {
  if (!ALSO_OTHERWISE.has(verb)) return undefined;
  if (has(objects.QUOTE)) return ["Read", "noun.read"];
  const isPaying = isAlone || isMoney || has(PAYABLE) || has(objects.BILL) || place.subjects.has("money");
  return isPaying ? undefined : ["Write", "verb.write"];
}

function withMoney({ verb, has, place }: Deed, isMoney: boolean): Found {
  const isOnChain = ON_CHAIN.has(verb);
  if (place.subjects.has("chain") && isOnChain && has(CHAIN_THING)) return ["Financial", "object.money"];
  if (place.subjects.has("money") && AGREEING.has(verb) && has(SIGNED)) return ["Financial", "object.money"];
  if (SWAPPING.has(verb) && has(SWAP) && has(SWAPPED)) return ["Financial", "object.money"];
  if (SIGNING.has(verb) && has(SIGNED)) return ["Financial", "object.money"];
  if (verb === "transfer" && (isMoney || has(COIN) || place.subjects.has("money")))
    return ["Financial", "object.money"];
  if (!isMoney || !PAYING.has(verb) || has(objects.BILL)) return undefined;
  const isPlain = has(objects.MONEY) || isOnChain || has(objects.ORDER) || has(BINDING);
  return isPlain ? ["Financial", "object.money"] : undefined;
}

function bill({ verb, has }: Deed): Found {
  return has(objects.BILL) && BILLING.has(verb) && !has(BRANCH) ? ["Financial", "object.bill"] : undefined;
}

function order({ verb, has, place }: Deed, isMoneyPlace: boolean): Found {
  if (!ORDERING.has(verb)) return undefined;
  const isOrder = has(ORDER) && (isMoneyPlace || verb === "place" || verb === "create");
  const isTrade = has(objects.ORDER) && place.subjects.has("trade");
  return isOrder || isTrade ? ["Financial", "object.order"] : undefined;
}
