-- ARGV[3] call  ARGV[4] ended in ms, 0 for now
-- Returns 1, or 0 when the call had neither ticket nor talk.
local kind, id = string.match(redis.call('HGET', CALLS, ARGV[3]) or '', '^(.)|(.*)$')
local t, o = kind == 't' and ticket(id), kind == 'o' and offer(id)
if t then
  tally(t.queue, 'abandoned')
  leave(id, t, 'left')
elseif o then
  local ended = tonumber(ARGV[4])
  finish(id, o, ended > 0 and ended or now)
else
  redis.call('HDEL', CALLS, ARGV[3])
  return 0
end
return 1
