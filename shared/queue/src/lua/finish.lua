-- Stores answers, removes the tasks, and publishes the outcomes: one round trip a batch.
--
-- A task is removed only if the worker still holds it and its record is of the same admission.
-- Another worker may have taken it over, which then finishes it too; or Redis may have lost the
-- key, and the job was admitted again since.
--
-- KEYS  1 attempts  2 in flight  3 task data  4… the records
-- ARGV  1 ttl_seconds  2 channel  3 announcement  4 prefix of task meta, then three a job: job,
--       when it was admitted (us), record
local jobs = {}
for i = 1, #KEYS - 3 do jobs[i] = ARGV[2 + 3 * i] end
local held = redis.call('SMISMEMBER', KEYS[2], unpack(jobs))
local removed, meta = {}, {}
-- A write that needs no memory comes first: after it a full Redis refuses none.
redis.call('HDEL', KEYS[1], unpack(jobs))
for i, job in ipairs(jobs) do
  local before = redis.call('SET', KEYS[3 + i], ARGV[4 + 3 * i], 'EX', ARGV[1], 'GET')
  local admitted = before and string.match(before, '^%d+ %a[%w_]* (%d+)', 34)
  if held[i] == 1 and (not before or admitted == ARGV[3 + 3 * i]) then
    removed[#removed + 1] = job
    meta[#meta + 1] = ARGV[4] .. ':' .. job
  end
end
if #removed > 0 then
  redis.call('HDEL', KEYS[3], unpack(removed))
  redis.call('UNLINK', unpack(meta))
end
-- What is held is let go of last: if the script fails before, the worker repeats all of it.
redis.call('SREM', KEYS[2], unpack(jobs))
redis.call('PUBLISH', ARGV[2], ARGV[3])
