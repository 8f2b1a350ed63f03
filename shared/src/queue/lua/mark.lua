-- Tells readers where jobs are on their way. Never touches a finished one: who saw a final state
-- shall not see an earlier one. Nor one that Redis has lost: finish.lua writes it whole.
--
-- KEYS  the records
-- ARGV  1 state  2 attempts to add
-- Returns the attempts of each.
local attempts = {}
for i, record in ipairs(KEYS) do
  local state = redis.call('HGET', record, 'state')
  if state and state ~= 'succeeded' and state ~= 'failed' then
    redis.call('HSET', record, 'state', ARGV[1])
    attempts[i] = redis.call('HINCRBY', record, 'attempts', ARGV[2])
  else
    attempts[i] = tonumber(redis.call('HGET', record, 'attempts')) or 1
  end
end
return attempts
