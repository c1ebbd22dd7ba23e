-- KEYS[16] definitions
-- ARGV[3] queue  ARGV[4] its definition  ARGV[5] tag of the one it replaces  ARGV[6] its record, "" to delete it
-- Returns created, replaced, deleted, missing or changed.
local name, record = ARGV[3], ARGV[6]
local old = redis.call('HGET', KEYS[16], name)
if ARGV[5] ~= '' and ARGV[5] ~= (old and redis.sha1hex(old) or '-') then return 'changed' end
if record == '' and not old then return 'missing' end

-- Idle agents leave the lanes of the old definition and enter those of the new.
local idle = {}
for _, entry in ipairs(redis.call('ZRANGEBYLEX', STAFF, '[' .. name .. '|', '(' .. name .. '}')) do
  local id = id_of(entry)
  local a = agent(id)
  if a and a.idle == 1 then
    not_idle(id, a)
    idle[#idle + 1] = id
  end
end
define_queue(name, record)
if record == '' then
  redis.call('HDEL', KEYS[16], name)
else
  redis.call('HSET', KEYS[16], name, ARGV[4])
end
for _, id in ipairs(idle) do ready(id, agent(id)) end
at(now, 'q|' .. name) -- the waiting follow in slices
if record == '' then return 'deleted' end
return old and 'replaced' or 'created'
