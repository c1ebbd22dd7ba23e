-- KEYS[13] definitions
-- ARGV[3] agent  ARGV[4] definition  ARGV[5] tag of the one it replaces
-- ARGV[6] record for the roster, "" to delete the agent  ARGV[7] status of an agent who never had one
-- Returns created, replaced, deleted, missing or changed.
local id, record = ARGV[3], ARGV[6]
local old = redis.call('HGET', KEYS[13], id)
if ARGV[5] ~= '' and ARGV[5] ~= (old and redis.sha1hex(old) or '-') then return 'changed' end
if record == '' and not old then return 'missing' end

site.paused() -- before the roster changes: an empty one has nothing to wait for
local a, m = site.known_agent(id), site.member(id)
if m then
  site.not_idle(id, a)
  for name in string.gmatch(m.queues, '(%S+):') do site.drop('s', name, id) end
end
site.define(site.ROSTER, site.members, id, record)
if record == '' then
  redis.call('HDEL', KEYS[13], id)
  redis.call('HDEL', site.WANTED, id)
else
  redis.call('HSET', KEYS[13], id, ARGV[4])
  if redis.call('HSETNX', site.WANTED, id, ARGV[7] .. '\31') == 1 then
    a.wanted, a.score = ARGV[7], site.time
  end
  site.enrol(id, site.member(id), a)
end
site.ready(id, a)
if record == '' then return 'deleted' end
return old and 'replaced' or 'created'
