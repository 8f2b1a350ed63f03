-- Admits submissions: decides for each in turn, at one instant, and stores those that are new.
--
-- A known key costs no token, whatever the verdict. A new one needs a token and room in the queue.
-- Tasks have the layout of apalis-redis 1.0.0, so that a stock worker reads them; a contract test
-- checks that.
--
-- KEYS  1 task data  2 active  3 scheduled  4 dead  5 attempts, then three a submission: record,
--       task meta, bucket
-- ARGV  1 requests (0 = no limit)  2 window_us  3 depth_max  4 wake channel  5 now_us ('' = read
--       the clock of Redis; a test sends a time), then three a submission: job, its record, payload
-- Returns for each {verdict, remaining, reset_seconds, record, attempts}. The verdict is enqueued,
-- known, reused, contested, limited, full, or refused (by Redis, which has no memory left).
local requests, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local count = (#KEYS - 5) / 3

local names = {}
for i = 1, count do names[i] = KEYS[3 + 3 * i] end
local records = redis.call('MGET', unpack(names))
local waiting = redis.call('LLEN', KEYS[2])
local room = tonumber(ARGV[3]) - waiting - redis.call('ZCARD', KEYS[3])

-- The buckets. The tests have a model with the same arithmetic: whole numbers below 2^53.
local levels, at = {}, 0
if requests > 0 then
  at = tonumber(ARGV[5])
  if not at then
    local time = redis.call('TIME')
    at = tonumber(time[1]) * 1000000 + tonumber(time[2])
  end
end

-- The submissions that are enqueued, their records, and the levels of buckets to be written.
local enqueued, fresh, changed = {}, {}, {}

local function level_of(name)
  if not levels[name] then
    local level = requests * window
    local bucket = redis.call('HMGET', name, 'level', 'at')
    if bucket[1] then
      -- A bucket of the future was written when the clock of Redis was ahead. Its time is set back
      -- to now, or it would not fill before the clock has caught up.
      if tonumber(bucket[2]) > at then changed[name] = tonumber(bucket[1]) end
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

local function verdict(i)
  local name, bucket = KEYS[3 + 3 * i], KEYS[5 + 3 * i]
  local job, asked = ARGV[3 + 3 * i], ARGV[4 + 3 * i]
  local known = fresh[name] or records[i]
  -- Without its task an unfinished job would never end. It is admitted as if it were not known.
  if known and not fresh[name] and string.sub(known, 1, 1) == 'q' and
    redis.call('HEXISTS', KEYS[1], job) == 0 then known = nil end
  -- A known key. A dead job may be admitted again once its task is among the dead. Before that a
  -- worker still holds the task, which would then be in the queue twice.
  if known then
    local state = string.sub(known, 1, 1)
    if string.sub(known, 2, 33) ~= string.sub(asked, 2, 33) then
      return answer((state == 's' or state == 'f') and 'reused' or 'contested', bucket)
    end
    local released = state == 'x' or state == 'd' and redis.call('SISMEMBER', KEYS[4], job) == 1
    if not released then
      return answer('known', bucket, known, redis.call('HGET', KEYS[5], job))
    end
  end
  if requests > 0 and level_of(bucket) < window then return answer('limited', bucket) end
  if room <= 0 then return answer('full', bucket) end
  room = room - 1
  if requests > 0 then
    levels[bucket] = levels[bucket] - window
    changed[bucket] = levels[bucket]
  end
  enqueued[#enqueued + 1] = i
  fresh[name] = asked
  return answer('enqueued', bucket)
end

local function write_buckets(call)
  for name, level in pairs(changed) do
    call('HSET', name, 'level', string.format('%.0f', level), 'at', string.format('%.0f', at))
    call('PEXPIRE', name, math.ceil(window / 1000))
  end
end

local replies = {}
for i = 1, count do replies[i] = verdict(i) end
if #enqueued == 0 then
  -- What Redis refuses here is written another time.
  write_buckets(redis.pcall)
  return replies
end

-- First a write that Redis refuses when it has no memory left: after a script's first write, Redis
-- refuses none. The order of what follows is such that a script which fails part-way, because its
-- user lacks a right, leaves no record without a task: a retry of the client admits the job anew.
local data, sets, jobs = {}, {}, {}
for n, i in ipairs(enqueued) do
  jobs[n] = ARGV[3 + 3 * i]
  data[2 * n - 1], data[2 * n] = ARGV[3 + 3 * i], ARGV[5 + 3 * i]
  sets[2 * n - 1], sets[2 * n] = KEYS[3 + 3 * i], ARGV[4 + 3 * i]
end
local stored = redis.pcall('HSET', KEYS[1], unpack(data))
if type(stored) == 'table' and stored.err then
  if not string.find(stored.err, 'OOM', 1, true) then return stored end
  for _, i in ipairs(enqueued) do replies[i] = {'refused', 0, 0, stored.err} end
  return replies
end

-- The tasks.
for _, i in ipairs(enqueued) do
  if records[i] then redis.call('DEL', KEYS[4 + 3 * i]) end
  redis.call('HSET', KEYS[4 + 3 * i], 'attempts', '0', 'max_attempts', '25', 'status', 'Pending')
end
redis.call('RPUSH', KEYS[2], unpack(jobs))

-- The records. They have no expiry while their jobs are unfinished.
redis.call('MSET', unpack(sets))

-- What is left of an earlier admission of these jobs is removed.
for _, i in ipairs(enqueued) do
  if records[i] then
    redis.call('SREM', KEYS[4], ARGV[3 + 3 * i])
    redis.call('HDEL', KEYS[5], ARGV[3 + 3 * i])
  end
end

write_buckets(redis.call)

-- If other tasks were waiting, they were announced already, and the worker that wakes fetches all
-- of them.
if waiting == 0 then redis.call('PUBLISH', ARGV[4], '1') end
return replies
