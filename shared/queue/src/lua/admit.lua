-- Decides, at one instant, what becomes of submissions, in turn, and does it.
--
-- A known key costs no token, whatever is answered. A new one needs a token and room in the queue.
-- What is enqueued has the layout of apalis-redis 1.0.0, so that a stock worker reads it; a
-- contract test holds the two together.
--
-- KEYS  1 task data  2 active  3 scheduled  4 dead  5 attempts, then three a submission: record,
--       task meta, bucket
-- ARGV  1 requests (0 = no limit)  2 window_us  3 depth_max  4 wake channel  5 now_us ('' = the clock
--       of Redis; tests bring their own), then three a submission: job, its record, payload
-- Returns for each {verdict, remaining, reset_seconds, record, attempts}: enqueued, known, reused,
-- contested, limited, full or refused (by Redis, which is full itself).
local requests, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local count = (#KEYS - 5) / 3

local names = {}
for i = 1, count do names[i] = KEYS[3 + 3 * i] end
local records = redis.call('MGET', unpack(names))
local waiting = redis.call('LLEN', KEYS[2])
local room = tonumber(ARGV[3]) - waiting - redis.call('ZCARD', KEYS[3])

-- The buckets. Same arithmetic as the model in the tests: whole numbers below 2^53.
local levels, at = {}, 0
if requests > 0 then
  at = tonumber(ARGV[5])
  if not at then
    local time = redis.call('TIME')
    at = tonumber(time[1]) * 1000000 + tonumber(time[2])
  end
end

local function level_of(name)
  if not levels[name] then
    local level = requests * window
    local bucket = redis.call('HMGET', name, 'level', 'at')
    if bucket[1] then
      local elapsed = math.min(math.max(at - tonumber(bucket[2]), 0), window)
      level = math.min(level, tonumber(bucket[1]) + elapsed * requests)
    end
    levels[name] = level
  end
  return levels[name]
end

local function answer(verdict, bucket, record, attempts)
  local reply = {verdict, 0, 0, record, attempts}
  if requests > 0 then
    local level = level_of(bucket)
    local remaining = math.floor(level / window)
    reply[2] = remaining
    if remaining < requests then
      local missing = (remaining + 1) * window - level
      reply[3] = math.ceil(math.ceil(missing / requests) / 1000000)
    end
  end
  return reply
end

-- Which submissions are enqueued, the records they make, and the buckets they take tokens from.
local enqueued, fresh, spent = {}, {}, {}

local function verdict(i)
  local name, bucket, job, asked = KEYS[3 + 3 * i], KEYS[5 + 3 * i], ARGV[3 + 3 * i], ARGV[4 + 3 * i]
  local known = fresh[name] or records[i]
  -- A key that is known. A dead job may be admitted again, but only once its worker has let go of it:
  -- until then it is in no list, and would be in two.
  if known then
    local state = string.sub(known, 1, 1)
    if string.sub(known, 2, 33) ~= string.sub(asked, 2, 33) then
      return answer((state == 's' or state == 'f') and 'reused' or 'contested', bucket)
    end
    local let_go = state == 'x' or state == 'd' and redis.call('SISMEMBER', KEYS[4], job) == 1
    if not let_go then
      return answer('known', bucket, known, redis.call('HGET', KEYS[5], job))
    end
  end
  if requests > 0 and level_of(bucket) < window then return answer('limited', bucket) end
  if room <= 0 then return answer('full', bucket) end
  room = room - 1
  if requests > 0 then
    levels[bucket] = levels[bucket] - window
    spent[bucket] = levels[bucket]
  end
  enqueued[#enqueued + 1] = i
  fresh[name] = asked
  return answer('enqueued', bucket)
end

local replies = {}
for i = 1, count do replies[i] = verdict(i) end
if #enqueued == 0 then return replies end

-- First of all something that a full Redis refuses: once a script has written, it goes through.
local data, sets, jobs = {}, {}, {}
for n, i in ipairs(enqueued) do
  jobs[n] = ARGV[3 + 3 * i]
  data[2 * n - 1], data[2 * n] = ARGV[3 + 3 * i], ARGV[5 + 3 * i]
  sets[2 * n - 1], sets[2 * n] = KEYS[3 + 3 * i], ARGV[4 + 3 * i]
end
local stored = redis.pcall('HSET', KEYS[1], unpack(data))
if type(stored) == 'table' and stored.err then
  for _, i in ipairs(enqueued) do replies[i] = {'refused', 0, 0, stored.err} end
  return replies
end

-- What is left of an earlier life of a job goes first.
for _, i in ipairs(enqueued) do
  if records[i] then
    redis.call('SREM', KEYS[4], ARGV[3 + 3 * i])
    redis.call('DEL', KEYS[4 + 3 * i])
    redis.call('HDEL', KEYS[5], ARGV[3 + 3 * i])
  end
end

for name, level in pairs(spent) do
  redis.call('HSET', name, 'level', string.format('%.0f', level), 'at', string.format('%.0f', at))
  redis.call('PEXPIRE', name, math.ceil(window / 1000))
end

-- Records of their own, which outlive the tasks; no expiry while a job is unfinished.
redis.call('MSET', unpack(sets))

-- The tasks. Who found others waiting need not call: somebody has, and whoever comes takes all.
for _, i in ipairs(enqueued) do
  redis.call('HSET', KEYS[4 + 3 * i], 'attempts', '0', 'max_attempts', '25', 'status', 'Pending')
end
redis.call('RPUSH', KEYS[2], unpack(jobs))
if waiting == 0 then redis.call('PUBLISH', ARGV[4], '1') end
return replies
