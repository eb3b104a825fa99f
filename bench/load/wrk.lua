-- Calls from the templates in a file, each with a fresh id. Arguments: file, first id, longest pause in ms (0: none).
-- The last line is the result as JSON.

local before, after, nextid = {}, {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local text = file:read("*a")
  file:close()
  -- "@@@@@@@@@" stands for an id of nine digits, "%%%%" ends a template.
  for head, tail in text:gmatch("(.-)@@@@@@@@@(.-)%%%%%%%%") do
    before[#before + 1] = head
    after[#after + 1] = tail
  end
  nextid = tonumber(args[2])
  local pause = tonumber(args[3])
  if pause > 0 then
    delay = function() return math.random(0, pause) end
  end
end

function request()
  nextid = nextid + 1
  local at = nextid % #before + 1
  return before[at] .. nextid .. after[at]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '\n{"calls":%d,"seconds":%.6f,"p50Ms":%.4f,"p99Ms":%.4f,"failed":%d,"bytes":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed, summary.bytes))
end
