-- ARGV[3] ticket     ARGV[4] queue           ARGV[5] call      ARGV[6] owner
-- ARGV[7] credit ms  ARGV[8] skills (a+b)    ARGV[9] preferred agent
-- ARGV[10] ms for that agent only            ARGV[11] joined in µs, 0 for now
-- ARGV[12] number    ARGV[13] name           ARGV[14] 1 to put back what Redis lost
-- Returns {"ok", joined in µs, its offer as stored or ""}, {"left", joined in µs, ""} when it was left since,
-- or {"no-queue" | "full" | "unstaffed" | "ended", 0, ""}.
local id, name, call, owner = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local again = ARGV[14] == '1'
if not again then told = id end

local known = ticket(id)
if known and known.ended == '' then
  if not again or known.owner == '' then adopt(id, known, owner) end
  return {'ok', known.joined, offer_text(known)}
end
if known and again then return {'ended', '0', ''} end
if known and known.ended == 'left' then return {'left', known.joined, ''} end

local q = queue(name)
if not q then return {'no-queue', '0', ''} end
local function count(key) return redis.call('ZLEXCOUNT', key, '[' .. name .. '|', '(' .. name .. '}') end
if not again and q.max > 0 and count(LINE) >= q.max then return {'full', '0', ''} end
if not again and q.staffed == '1' and count(STAFF) == 0 then return {'unstaffed', '0', ''} end

-- A call has one ticket: the one it forgot is given back.
local other = call ~= '' and redis.call('HGET', CALLS, call)
if other and string.sub(other, 1, 2) == 't|' then
  leave(string.sub(other, 3), ticket(string.sub(other, 3)), 'left')
elseif other and again then
  return {'ended', '0', ''} -- it talks
end

local joined = tonumber(ARGV[11])
if joined <= 0 or joined > micros then joined = micros end
local t = {queue = name, call = call, owner = owner, skills = ARGV[8], prefer = ARGV[9], lane = '', offer = '',
  joined = string.format('%.0f', joined), alone = math.floor(joined / 1000) + ARGV[10],
  place = string.format('%016.0f', joined - ARGV[7] * 1000),
  losses = 0, ended = '', number = ARGV[12], name = ARGV[13]}
if t.prefer ~= '' then -- nobody waits for an agent who is not there
  local a = agent(t.prefer)
  if not a or a.wanted == 'logged-out' or not member(t.prefer) then t.prefer = '' end
end
redis.call('ZADD', DUE, 'NX', now + LEASE, 'h|' .. owner)
if known then redis.call('ZREM', ENDED, id) end
redis.call('ZADD', LINE, 0, name .. '|' .. t.place .. '|' .. id)
if call ~= '' then redis.call('HSET', CALLS, call, 't|' .. id) end
own(owner, 'c', id)
if not again then tally(name, 'joined') end
place(id, t)
return {'ok', t.joined, offer_text(t)}
