/**
 * Inside a process that is measured (`node --import`): tells its parent the longest turn of the event loop between
 * the messages `watch` and `tell`. In between the loop never sleeps, so that every turn is seen.
 */
let isWatching = false;
let lastMs = 0;
let longestMs = 0;

function turn(): void {
  const nowMs = performance.now();
  longestMs = Math.max(longestMs, nowMs - lastMs);
  lastMs = nowMs;
  if (isWatching) setImmediate(turn);
}

process.on("message", (message) => {
  isWatching = message === "watch";
  if (!isWatching) {
    process.send?.({ longestMs });
    return;
  }
  lastMs = performance.now();
  longestMs = 0;
  setImmediate(turn);
});
// The channel alone keeps no process alive.
process.channel?.unref();
