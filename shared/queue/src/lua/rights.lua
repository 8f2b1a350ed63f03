-- Tries what the scripts and apalis do, and returns what the user has no right to: commands, keys,
-- channels. Whatever is tried changes nothing, and any other error does not matter here.
--
-- ARGV  1 a key of no meaning  2 how many channels  then these channels  then the keys
redis.set_repl(redis.REPL_NONE)
local probe, lacks = ARGV[1], {}

local function try(what, ...)
  local reply = redis.pcall(...)
  local err = type(reply) == 'table' and reply.err or ''
  if string.find(err, 'NOPERM') or string.find(err, 'ACL failure') or
    string.find(err, 'user executing') then
    lacks[#lacks + 1] = what
    return false
  end
  return true
end

try('+del', 'DEL', probe)
local commands = {
  {'EXISTS'}, {'EXPIRE', 1}, {'GET'}, {'GETRANGE', 0, 1}, {'HDEL', 'f'}, {'HEXISTS', 'f'},
  {'HGET', 'f'},
  {'HGETALL'}, {'HMGET', 'f'}, {'HMSET', 'f', ''}, {'HSET', 'f', ''}, {'LLEN'}, {'LPUSH', ''},
  {'LRANGE', 0, 0}, {'LTRIM', 0, 0}, {'MGET'}, {'MSET', ''}, {'PEXPIRE', 1}, {'RPUSH', ''},
  {'SADD', 'm'}, {'SCARD'}, {'SET', ''}, {'SETRANGE', 0, 'a'}, {'SISMEMBER', 'm'},
  {'SMEMBERS'}, {'SMISMEMBER', 'm'},
  {'SRANDMEMBER'}, {'SREM', 'm'}, {'UNLINK'}, {'ZADD', 1, 'm'}, {'ZCARD'}, {'ZRANGE', 0, 0},
  {'ZRANGEBYSCORE', 0, 0}, {'ZREM', 'm'}, {'ZSCORE', 'm'},
}
for _, command in ipairs(commands) do
  try('+' .. string.lower(command[1]), command[1], probe, unpack(command, 2))
  redis.pcall('DEL', probe)
end
try('+time', 'TIME')

local keys_from = 3 + tonumber(ARGV[2])
for channel = 3, keys_from - 1 do
  try('+publish &' .. ARGV[channel], 'PUBLISH', ARGV[channel], '')
end
for key = keys_from, #ARGV do
  -- A member that no set has; a key of another type is refused after its rights were looked at.
  local may_read = try('~' .. ARGV[key], 'EXISTS', ARGV[key])
  if may_read then try('~' .. ARGV[key] .. ' (to write)', 'SREM', ARGV[key], 'none') end
end
return lacks
