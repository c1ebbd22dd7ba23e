-- ARGV[3] ticket     ARGV[4] queue           ARGV[5] call      ARGV[6] owner
-- ARGV[7] credit ms  ARGV[8] skills (a+b)    ARGV[9] preferred agent
-- ARGV[10] ms for that agent only            ARGV[11] joined in µs, 0 for now
-- ARGV[12] number    ARGV[13] name           ARGV[14] 1 to put back what Redis lost
-- Returns {"ok", joined in µs, its offer as stored or ""}, {"left", joined in µs, ""} when it was left since,
-- or {"no-queue" | "full" | "unstaffed" | "ended", 0, ""}.
local id, name, call, owner = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local again = ARGV[14] == '1'
if not again then site.told = id end

local known = site.ticket(id)
if known and known.ended == '' then
  if not again or known.owner == '' then site.adopt(id, known, owner) end
  return {'ok', known.joined, site.offer_text(known)}
end
if known and again then return {'ended', '0', ''} end
if known and known.ended == 'left' then return {'left', known.joined, ''} end

local q = site.queue(name)
if not q then return {'no-queue', '0', ''} end
if not again and site.number(q.max) > 0 and site.count('l', name) >= site.number(q.max) then return {'full', '0', ''} end
if not again and q.staffed == '1' and site.count('s', name) == 0 then return {'unstaffed', '0', ''} end

-- A call has one ticket: the one it forgot is given back.
local other = call ~= '' and site.call(call)
if other and string.sub(other, 1, 2) == 't|' then
  site.leave(string.sub(other, 3), site.ticket(string.sub(other, 3)), 'left')
elseif other and again then
  return {'ended', '0', ''} -- it talks
end

local joined = tonumber(ARGV[11])
if joined <= 0 or joined > site.micros then joined = site.micros end
local t = {queue = name, call = call, owner = owner, skills = ARGV[8], prefer = ARGV[9], lane = '', offer = '',
  joined = site.text(joined), alone = site.text(math.floor(joined / 1000) + ARGV[10]),
  place = string.format('%016d', joined - ARGV[7] * 1000),
  losses = '0', ended = '', number = ARGV[12], name = ARGV[13]}
if t.prefer ~= '' then -- nobody waits for an agent who is not there
  local a = site.agent(t.prefer)
  if not a or a.wanted == 'logged-out' or not site.member(t.prefer) then t.prefer = '' end
end
site.beat(owner)
if known then redis.call('ZREM', site.ENDED, id) end
site.put('l', name .. '|' .. t.place .. '|' .. id)
if call ~= '' then site.save_call(call, 't|' .. id) end
site.own(owner, 'c', id)
if not again then site.tally(name, 'joined') end
site.place(id, t)
return {'ok', t.joined, site.offer_text(t)}
