-- Decides, at one instant, what becomes of a submission, and does it.
--
-- A known key costs no token, whatever is answered. A new one needs a token and room in the queue.
-- What is enqueued has the layout of apalis-redis 1.0.0, so that a stock worker reads it; a
-- contract test holds the two together.
--
-- KEYS  1 record  2 bucket  3 task data  4 task meta  5 active  6 scheduled  7 done  8 dead
-- ARGV  1 job  2 fingerprint  3 payload  4 client  5 operation  6 submitted_us
--       7 requests (0 = no limit)  8 window_us  9 depth_max  10 wake channel
--       11 now_us ('' = the clock of Redis; tests bring their own)
-- Returns {verdict, remaining, reset_seconds, record...}: enqueued, known, reused, contested, limited
-- or full.

-- The bucket. Same arithmetic as domain/rate_limit.rs: whole numbers below 2^53.
local requests, window = tonumber(ARGV[7]), tonumber(ARGV[8])
local level, at, now = 0, 0, tonumber(ARGV[11])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function quota()
  if requests == 0 then return 0, 0 end
  local remaining = math.floor(level / window)
  if remaining >= requests then return remaining, 0 end
  local missing = (remaining + 1) * window - level
  return remaining, math.ceil(math.ceil(missing / requests) / 1000000)
end

local function answer(verdict, record)
  local reply = {verdict}
  reply[2], reply[3] = quota()
  if record then reply[4] = record end
  return reply
end

if requests > 0 then
  local bucket = redis.call('HMGET', KEYS[2], 'level', 'at')
  level, at = requests * window, now
  if bucket[1] then
    local elapsed = math.min(math.max(now - tonumber(bucket[2]), 0), window)
    level = math.min(requests * window, tonumber(bucket[1]) + elapsed * requests)
  end
end

-- A key that is known. A dead job may be admitted again, but only once its worker has let go of it:
-- until then it is in no list, and would be in two.
local known = redis.call('HMGET', KEYS[1], 'state', 'fingerprint', 'discarded')
if known[1] then
  if known[2] ~= ARGV[2] then
    local finished = known[1] == 'succeeded' or known[1] == 'failed'
    return answer(finished and 'reused' or 'contested')
  end
  local let_go = known[3] or redis.call('SISMEMBER', KEYS[8], ARGV[1]) == 1
  if known[1] ~= 'dead' or not let_go then
    return answer('known', redis.call('HGETALL', KEYS[1]))
  end
end

if requests > 0 and level < window then return answer('limited') end

if redis.call('LLEN', KEYS[5]) + redis.call('ZCARD', KEYS[6]) >= tonumber(ARGV[9]) then
  return answer('full')
end

if requests > 0 then
  level = level - window
  redis.call('HSET', KEYS[2], 'level', string.format('%.0f', level), 'at', string.format('%.0f', at))
  redis.call('PEXPIRE', KEYS[2], math.ceil(window / 1000))
end

-- First of all something that a full Redis refuses: once a script has written, it goes through.
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])

-- A record of its own, which outlives the task; no expiry while the job is unfinished.
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', 'queued', 'fingerprint', ARGV[2], 'client', ARGV[4],
  'operation', ARGV[5], 'attempts', 0, 'submitted', ARGV[6])

-- The task. Left-overs of an earlier life of the same id go first.
redis.call('SREM', KEYS[7], ARGV[1])
redis.call('SREM', KEYS[8], ARGV[1])
redis.call('DEL', KEYS[4])
redis.call('HSET', KEYS[4], 'attempts', 0, 'max_attempts', 25, 'status', 'Pending')
redis.call('RPUSH', KEYS[5], ARGV[1])
redis.call('PUBLISH', ARGV[10], ARGV[1])
return answer('enqueued')
