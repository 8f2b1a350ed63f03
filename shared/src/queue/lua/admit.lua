-- Decides, at one instant, what becomes of a submission, and does it.
--
-- A known key costs no token, whatever is answered. A new one needs a token and room in the queue.
-- What is enqueued has the layout of apalis-redis 1.0.0, so that a stock worker reads it; a
-- contract test holds the two together.
--
-- KEYS  1 record  2 bucket  3 task data  4 task meta  5 active  6 scheduled  7 dead  8 progress
-- ARGV  1 job  2 its record  3 payload  4 requests (0 = no limit)  5 window_us  6 depth_max
--       7 wake channel  8 now_us ('' = the clock of Redis; tests bring their own)
-- Returns {verdict, remaining, reset_seconds, record, progress}: enqueued, known, reused, contested,
-- limited or full.
local requests, window = tonumber(ARGV[4]), tonumber(ARGV[5])
local level, at = 0, 0

-- The bucket. Same arithmetic as domain/rate_limit.rs: whole numbers below 2^53.
if requests > 0 then
  at = tonumber(ARGV[8])
  if not at then
    local time = redis.call('TIME')
    at = tonumber(time[1]) * 1000000 + tonumber(time[2])
  end
  level = requests * window
  local bucket = redis.call('HMGET', KEYS[2], 'level', 'at')
  if bucket[1] then
    local elapsed = math.min(math.max(at - tonumber(bucket[2]), 0), window)
    level = math.min(level, tonumber(bucket[1]) + elapsed * requests)
  end
end

local function answer(verdict, record, progress)
  local reply = {verdict, 0, 0, record, progress}
  if requests > 0 then
    local remaining = math.floor(level / window)
    reply[2] = remaining
    if remaining < requests then
      local missing = (remaining + 1) * window - level
      reply[3] = math.ceil(math.ceil(missing / requests) / 1000000)
    end
  end
  return reply
end

-- A key that is known. A dead job may be admitted again, but only once its worker has let go of it:
-- until then it is in no list, and would be in two.
local known = redis.call('GET', KEYS[1])
if known then
  local state = string.sub(known, 1, 1)
  if string.sub(known, 2, 33) ~= string.sub(ARGV[2], 2, 33) then
    return answer((state == 's' or state == 'f') and 'reused' or 'contested')
  end
  local let_go = state == 'x' or state == 'd' and redis.call('SISMEMBER', KEYS[7], ARGV[1]) == 1
  if not let_go then
    return answer('known', known, redis.call('HGET', KEYS[8], ARGV[1]))
  end
end

if requests > 0 and level < window then return answer('limited') end

local waiting = redis.call('LLEN', KEYS[5])
if waiting + redis.call('ZCARD', KEYS[6]) >= tonumber(ARGV[6]) then return answer('full') end

-- First of all something that a full Redis refuses: once a script has written, it goes through.
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])

if requests > 0 then
  level = level - window
  redis.call('HSET', KEYS[2], 'level', string.format('%.0f', level), 'at', string.format('%.0f', at))
  redis.call('PEXPIRE', KEYS[2], math.ceil(window / 1000))
end

-- What is left of an earlier life of the same job goes first.
if known then
  redis.call('SREM', KEYS[7], ARGV[1])
  redis.call('DEL', KEYS[4])
  redis.call('HDEL', KEYS[8], ARGV[1])
end

-- A record of its own, which outlives the task; no expiry while the job is unfinished.
redis.call('SET', KEYS[1], ARGV[2])

-- The task. Who found others waiting need not call: somebody has, and whoever comes takes all.
redis.call('HSET', KEYS[4], 'attempts', '0', 'max_attempts', '25', 'status', 'Pending')
redis.call('RPUSH', KEYS[5], ARGV[1])
if waiting == 0 then redis.call('PUBLISH', ARGV[7], '1') end
return answer('enqueued')
