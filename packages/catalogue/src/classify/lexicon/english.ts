/**
 * English verbs by what they do to the world. A mark after a word says how far it can be trusted:
 * nothing: a verb wherever it stands (`delete`); `~`: a verb at the head of a name or sentence, but also a noun
 * (`update`, `order`); `?`: more often a noun or too vague, decides only where nothing else speaks (`branch`).
 */
export const ENGLISH_VERBS = {
  read: `
    access? advise aggregate? analyse analyze ask~ assess audit~ await brainstorm browse calculate
    capture~ cat~ check~ choose classify compare~ compute~ count~ crawl~ crosscheck
    debug? decode decompile dedupe? describe detect determine diagnose diff~ disassemble discover
    display~ distinguish divide download~ dump~ echo~ enumerate estimate evaluate~ examine explain
    explore~ export~ extract fetch filter~ find forecast~ geocode get glob grep ground? hash~ head~
    health? identify infer inform inspect interpret introspect investigate lint list load~
    locate look lookup ls map? match~ measure~ monitor~ multiply observe obtain open? paginate parse
    peek pick ping~ plot~ poll~ predict preview~ print? profile? query~ quote? rank? rate? read
    reason~ recall receive recognize recommend reflect? rerank~ research~ retrieve return~ reveal review?
    roll? sample~ scan~ score? scout scrape~ screenshot~ search see select? show snapshot? sniff stat
    status? study? subtract suggest sum? summarise summarize survey? tail~ tally telemetry? tell think~
    tokenize total? trace? track? transcribe translate~ traverse tree? triage~ validate verify view~
    visit? visualise visualize wait~ walk watch~ whoami`,
  write: `
    accept acknowledge activate add~ adjust adopt align allocate allow~ amend answer~ append apply
    approve archive~ arrange assign associate attach attest authenticate~ authorise authorize backup~
    ban~ bind blacklist~ block~ bookmark~ book~ broadcast~ change~ checkin checkout? chmod chown claim~
    clean? clone~ close~ collect? combine comment~ commit~ complete? compose~ configure confirm
    contribute copy~ correct create customise customize deactivate declare decline decrease decrement
    decrypt defer define delegate demote deny dequeue detach dim disable disassociate dismiss dm?
    downgrade~ downvote draft~ draw~ duplicate~ edit email~ enable encrypt end? enqueue enroll escalate
    extend favorite~ favourite~ file? fill~ finalize finish fix~ flag? follow~ fork~ forward~ freeze
    give grant~ group? handle? handoff? hide highlight~ hold? import~ improve increase increment index?
    ingest insert invite~ issue? join~ keep label? learn? like~ link~ lock~ log? login~ logout~ make?
    manage mark~ memorize merge~ message? migrate mkdir modify mount? move~ mutate mute~ new~ next?
    nominate note? notify onboard organize override? overwrite paint~ patch~ pause~ permit persist pin~
    place? pop? populate postpone post~ praise prepare prepend prioritize promote~ propose publish pull~
    push~ put~ queue? react? reactivate rebase~ record? recover redo refresh~ regenerate register reject
    release? remember~ remind rename renew reopen reorder reorganize replace reply~ report~ repost
    reprioritize request? requeue reschedule reserve resolve~ respond restore~ resume~ retweet revert revise
    rewrite rotate~ rsvp sanitize save~ schedule~ seed? send serialize setup~ set~ share~ sign? signup
    sit? skip~ snooze split? stage~ star~ stash? store? submit subscribe suspend switch~ synchronize
    sync~ tag? take? thaw toggle~ touch transfer~ transition~ transmute tune turn~ tweet~ unapprove
    unarchive unassign unban unbind unblock undelete undo unfollow unfreeze ungroup unhide unlike unlock
    unmerge unmount unmute unpause unpin unprotect unresolve unselect unstage unstar unsubscribe untrash
    update~ upgrade~ upload~ upsert upvote vote? whitelist~ write`,
  produce: `
    animate annotate anonymize beautify blur~ capitalize colorize compress convert crop? decompress
    denoise design? downscale dub encode enhance enrich flip? format? generate imagine inpaint isolate~
    mask? minify narrate normalize obfuscate optimise~ optimize~ outline? outpaint package~ pack~ paraphrase plan? prettify
    produce redact~ refactor~ refine remix rephrase render~ resize~ scaffold sketch~ slice? sort? standardize stylize synthesize
    transform~ transpose trim? unzip upscale vectorize zip?`,
  execute: `
    act? attack~ automate autoscale begin~ benchmark~ bootstrap~ boot~ bruteforce build~ call~ chat~
    click~ commence compile connect continue? control? converse crack deploy~ dial disconnect dispatch
    drag~ drive~ emulate~ eval exec execute exploit~ expose failover finetune fire? focus~ fuzz~ go?
    goto halt hibernate hover init initialize initiate~ inject~ install~ interact invoke kickoff launch~ listen?
    maximize minimize navigate orchestrate perform? phone? play? press~ process? prompt? provision
    reboot~ rebuild reconnect redeploy reinstall reload~ replay~ rerun restart~ resubmit retrain retry~
    ring? rollback~ rollforward rollout~ run~ say scale~ scroll~ shutdown simulate~ sleep? solve? spawn
    speak ssh~ start~ steer step~ stop~ sudo swipe tap~ test~ train~ trigger~ type? wake~`,
  destructive: `
    abort annul cancel cleanup~ clear~ deallocate decommission del delete deprovision deregister destroy
    discard disenroll dismantle dispose drain? drop~ empty? eradicate erase evict excise expire? expunge
    flush~ forget invalidate kill nuke obliterate prune~ purge recreate~ remove reset~ revoke rm rmdir
    scrub shred teardown terminate trash~ truncate undeploy unenroll unexpose uninstall unlink
    unprovision unpublish unregister unretweet unset unshare untag vacuum? void~ wipe zap`,
  financial: `
    airdrop~ bet~ bid~ borrow bridge? buy charge~ deposit~ disburse donate fund~ hedge? invest lend
    liquidate mint? order? pay payoff payout~ prepay purchase~ redeem refund~ reimburse reinvest remit
    repay sell settle~ short? spend~ stake~ swap~ tip? topup trade~ unstake wager withdraw`,
} as const;

export type VerbGroup = keyof typeof ENGLISH_VERBS;

/** Past tenses and participles that the rules of spelling do not give. */
export const IRREGULAR: { readonly [form: string]: string } = {
  sent: "send",
  paid: "pay",
  bought: "buy",
  sold: "sell",
  wrote: "write",
  written: "write",
  ran: "run",
  built: "build",
  rebuilt: "rebuild",
  found: "find",
  got: "get",
  gotten: "get",
  gave: "give",
  given: "give",
  made: "make",
  drew: "draw",
  drawn: "draw",
  forgot: "forget",
  forgotten: "forget",
  spoke: "speak",
  said: "say",
  lent: "lend",
  withdrew: "withdraw",
  withdrawn: "withdraw",
  overwrote: "overwrite",
  overwritten: "overwrite",
  undone: "undo",
  shown: "show",
  told: "tell",
  froze: "freeze",
  frozen: "freeze",
  kept: "keep",
  drove: "drive",
  rewritten: "rewrite",
  chosen: "choose",
  spent: "spend",
  tore: "teardown",
};

/** Nouns made of verbs, where the spelling gives no hint. */
export const ACTION_NOUNS: { readonly [noun: string]: string } = {
  deletion: "delete",
  removal: "remove",
  creation: "create",
  insertion: "insert",
  execution: "execute",
  cancellation: "cancel",
  revocation: "revoke",
  termination: "terminate",
  destruction: "destroy",
  invocation: "invoke",
  installation: "install",
  purchasing: "purchase",
  withdrawal: "withdraw",
  modification: "modify",
  deployment: "deploy",
  registration: "register",
  uninstallation: "uninstall",
};
