-- KEYS[13] definitions
-- ARGV[3] queue  ARGV[4] its definition  ARGV[5] tag of the one it replaces  ARGV[6] its record, "" to delete it
-- Returns created, replaced, deleted, missing or changed.
local name, record = ARGV[3], ARGV[6]
local old = redis.call('HGET', KEYS[13], name)
if ARGV[5] ~= '' and ARGV[5] ~= (old and redis.sha1hex(old) or '-') then return 'changed' end
if record == '' and not old then return 'missing' end

-- Idle agents leave the lanes of the old definition and enter those of the new.
local idle = {}
for _, id in ipairs(site.list('s', name, -1)) do
  local a = site.agent(id)
  if a and a.idle == '1' then
    site.not_idle(id, a)
    idle[#idle + 1] = id
  end
end
site.define(site.QUEUES, site.queues, name, record)
if record == '' then
  redis.call('HDEL', KEYS[13], name)
else
  redis.call('HSET', KEYS[13], name, ARGV[4])
end
for _, id in ipairs(idle) do site.ready(id, site.agent(id)) end
site.at(site.now, 'q|' .. name) -- the waiting follow in slices
if record == '' then return 'deleted' end
return old and 'replaced' or 'created'
