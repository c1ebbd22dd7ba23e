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
  local _, joined = site.call_of(known)
  return {'ok', joined, site.offer_text(known)}
end
if known and again then return {'ended', '0', ''} end
if known and known.ended == 'left' then
  local _, joined = site.call_of(known)
  return {'left', joined, ''}
end

local q = site.queue(name)
if not q then return {'no-queue', '0', ''} end
if not again and site.number(q.max) > 0 and site.full(name, site.number(q.max)) then return {'full', '0', ''} end
if not again and q.staffed == '1' and site.count('s', name) == 0 then return {'unstaffed', '0', ''} end

-- A call has one ticket: the one it forgot is given back.
local other = call ~= '' and site.call(call)
local waits = other and site.ticket(other)
if waits and waits.ended == '' then site.leave(other, waits, 'left') end

local joined, prefer = tonumber(ARGV[11]), ARGV[9]
if joined <= 0 or joined > site.micros then joined = site.micros end
if prefer ~= '' then -- nobody waits for an agent who is not there
  local a = site.agent(prefer)
  if not a or a.wanted == 'logged-out' or not site.member(prefer) then prefer = '' end
end
local at, credit = site.text(joined), tonumber(ARGV[7])
local alone = prefer ~= '' and site.text(math.floor(joined / 1000) + ARGV[10]) or '0'
local place = credit == 0 and #at == 16 and at or string.format('%016d', joined - credit * 1000)
local t = {ended = '', offer = '', place = place, queue = name, lane = '', losses = '0', owner = owner,
  caller = call .. '\31' .. at .. '\31' .. ARGV[8] .. '\31' .. prefer .. '\31' .. alone .. '\31' .. ARGV[12] .. '\31' .. ARGV[13],
  joined = at, skills = ARGV[8], prefer = prefer, alone = alone, write = site.write_ticket}
site.beat(owner)
if known then redis.call('ZREM', site.ENDED, id) end
if call ~= '' then site.save_call(call, id) end
if not again then site.tally(name, 'joined') end
site.place(id, t)
return {'ok', at, site.offer_text(t)}
