-- Admits submissions: decides for each in turn, at one instant, and stores those that are new.
--
-- A known key costs no token, whatever the verdict. A new one needs a token and room in the queue.
-- Tasks have the layout of apalis-redis 1.0.0, so that a stock worker reads them; a contract test
-- checks that.
--
-- KEYS  1 task data  2 active  3 scheduled  4 dead  5 attempts, then three a submission: record,
--       task meta, bucket
-- ARGV  1 depth_max  2 wake channel  3 now_us ('' = read the clock of Redis; a test sends a time),
--       then four a submission: job, its record, payload, and the limit of its client, such as
--       600/60 for so many requests in so many seconds (0 requests = no limit)
-- Returns for each {verdict, remaining, reset_seconds, record, attempts}. The verdict is enqueued,
-- known, reused, contested, limited, full, or refused (by Redis, which has no memory left).
local count = (#KEYS - 5) / 3

local names = {}
for i = 1, count do names[i] = KEYS[3 + 3 * i] end
local records = redis.call('MGET', unpack(names))
local waiting = redis.call('LLEN', KEYS[2])
local room = tonumber(ARGV[1]) - waiting - redis.call('ZCARD', KEYS[3])

local at = tonumber(ARGV[3])
if not at then
  local time = redis.call('TIME')
  at = tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- The submissions that are enqueued, their records, and the limits and buckets by name.
local enqueued, fresh, limits, buckets = {}, {}, {}, {}

local function limit_of(text)
  local limit = limits[text]
  if not limit then
    local requests, seconds = string.match(text, '^(%d+)/(%d+)$')
    limit = {requests = tonumber(requests), window = tonumber(seconds) * 1000000}
    limits[text] = limit
  end
  return limit
end

-- A level is counted in units of which a token has `window`. After a change of the limit it is
-- converted, so that the client keeps its tokens.
local function converted(level, from, to)
  return from == to and level or math.floor(level / from * to)
end

-- The bucket as it is stored, in units of this limit. Each microsecond brings `requests` units. The
-- tests have a model with the same arithmetic: whole numbers below 2^53.
local function stored_bucket(name, limit)
  local full = limit.requests * limit.window
  local stored = redis.call('HMGET', name, 'level', 'at', 'window')
  if not stored[1] then return {limit = limit, level = full} end
  local elapsed = math.min(math.max(at - tonumber(stored[2]), 0), limit.window)
  -- The release before this one stores no window.
  local window = tonumber(stored[3]) or limit.window
  local level = converted(tonumber(stored[1]), window, limit.window) + elapsed * limit.requests
  -- A bucket of the future was written when the clock of Redis was ahead. Its time is set back to
  -- now, or it would not fill before the clock has caught up.
  return {limit = limit, level = math.min(level, full), changed = tonumber(stored[2]) > at}
end

-- The bucket of submission i; nil if its client has no limit.
local function bucket_of(i)
  local name, limit = KEYS[5 + 3 * i], limit_of(ARGV[4 * i + 3])
  if limit.requests == 0 then return nil end
  local bucket = buckets[name]
  if not bucket then
    bucket = stored_bucket(name, limit)
    buckets[name] = bucket
  elseif bucket.limit ~= limit then
    -- The submission before came with the limit from before a change, or this one does.
    local level = converted(bucket.level, bucket.limit.window, limit.window)
    bucket.level = math.min(level, limit.requests * limit.window)
    bucket.limit = limit
  end
  return bucket
end

local function answer(verdict, bucket, record, attempts)
  local reply = {verdict, 0, 0, record, attempts}
  if bucket then
    local requests, window, level = bucket.limit.requests, bucket.limit.window, bucket.level
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
  local name, job, asked, bucket = KEYS[3 + 3 * i], ARGV[4 * i], ARGV[4 * i + 1], bucket_of(i)
  local known = fresh[name] or records[i]
  -- Without its task an unfinished job would never end. Nor would one that a worker of an older
  -- release has given up, whose kind of command that one does not know: it leaves the record alone.
  -- Both are admitted as if they were not known. One that waits for an effect (r) needs no task.
  if known and not fresh[name] and string.sub(known, 1, 1) == 'q' and
    (redis.call('HEXISTS', KEYS[1], job) == 0 or redis.call('SISMEMBER', KEYS[4], job) == 1) then
    known = nil
  end
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
  if bucket and bucket.level < bucket.limit.window then return answer('limited', bucket) end
  if room <= 0 then return answer('full', bucket) end
  room = room - 1
  if bucket then bucket.level, bucket.changed = bucket.level - bucket.limit.window, true end
  enqueued[#enqueued + 1] = i
  fresh[name] = asked
  return answer('enqueued', bucket)
end

local function whole(number) return string.format('%.0f', number) end

local function write_buckets(call)
  for name, bucket in pairs(buckets) do
    if bucket.changed then
      local level, window = whole(bucket.level), whole(bucket.limit.window)
      call('HSET', name, 'level', level, 'at', whole(at), 'window', window)
      call('PEXPIRE', name, math.ceil(bucket.limit.window / 1000))
    end
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
  jobs[n] = ARGV[4 * i]
  data[2 * n - 1], data[2 * n] = ARGV[4 * i], ARGV[4 * i + 2]
  sets[2 * n - 1], sets[2 * n] = KEYS[3 + 3 * i], ARGV[4 * i + 1]
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
    redis.call('SREM', KEYS[4], ARGV[4 * i])
    redis.call('HDEL', KEYS[5], ARGV[4 * i])
  end
end

write_buckets(redis.call)

-- If other tasks were waiting, they were announced already, and the worker that wakes fetches all
-- of them.
if waiting == 0 then redis.call('PUBLISH', ARGV[2], '1') end
return replies
