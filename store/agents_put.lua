-- KEYS[16] definitions
-- ARGV[3] agent  ARGV[4] definition  ARGV[5] tag of the one it replaces
-- ARGV[6] record for the roster, "" to delete the agent  ARGV[7] status of an agent who never had one
-- Returns created, replaced, deleted, missing or changed.
local id, record = ARGV[3], ARGV[6]
local old = redis.call('HGET', KEYS[16], id)
if ARGV[5] ~= '' and ARGV[5] ~= (old and redis.sha1hex(old) or '-') then return 'changed' end
if record == '' and not old then return 'missing' end

paused() -- before the roster changes: an empty one has nothing to wait for
local a, m = known_agent(id), member(id)
if m then
  not_idle(id, a)
  for name in string.gmatch(m.queues, '(%S+):') do redis.call('ZREM', STAFF, name .. '|' .. id) end
end
define_member(id, record)
if record == '' then
  redis.call('HDEL', KEYS[16], id)
  redis.call('HDEL', WANTED, id)
else
  redis.call('HSET', KEYS[16], id, ARGV[4])
  if redis.call('HSETNX', WANTED, id, ARGV[7] .. '\31') == 1 then
    a.wanted, a.score = ARGV[7], now
  end
  enrol(id, member(id), a)
end
ready(id, a)
if record == '' then return 'deleted' end
return old and 'replaced' or 'created'
