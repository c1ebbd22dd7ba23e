-- ARGV[3] offer         ARGV[4] outcome       ARGV[5] answered in ms, 0 for now
-- ARGV[6] ended in ms, 0 while they talk      ARGV[7] owner
-- ARGV[8] ticket        ARGV[9] queue         ARGV[10] agent
-- Returns 1 when it changed something, 0 when it was known or too late.
local id, outcome, owner = ARGV[3], ARGV[4], ARGV[7]
local answered, ended, at = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[5]
if answered <= 0 or answered > site.now then answered, at = site.now, site.time end
local o = site.offer(id)

-- An offer that came to nothing brings the caller back to the very same place, and
-- gives the agent the delay that the outcome calls for.
if outcome ~= 'answered' then
  if not o or o.phase ~= 'ringing' then return 0 end
  local a, t, q = site.agent(o.agent), site.ticket(o.ticket), site.queue(o.queue)
  local delay = q and q.delays[outcome]
  site.close(id, o)
  if a and a.offer == id then
    site.unreserve(a)
    if delay then
      local streak, most = a.streak + 1, site.number(q.streak)
      a.streak, a.why = site.text(streak), 'delayed'
      a.free = site.text(site.now + math.min(delay * 2 ^ (streak - 1), math.max(delay, q.longest)))
      if most > 0 and streak >= most then a.blocked = '1' end
    end
  end
  site.tally(o.queue, outcome == 'lost' and 'expired' or outcome)
  if t and t.offer == id then
    t.offer, t.losses = '', '0'
    if outcome == 'gone' then
      site.tally(o.queue, 'abandoned')
      site.finish_ticket(o.ticket, t, 'left')
      site.remember(o.ticket)
    elseif site.alive(t.owner) then
      site.place(o.ticket, t)
    else
      site.park(o.ticket, t)
    end
  end
  if a and a.offer == '' then site.ready(o.agent, a) end
  return 1
end

site.beat(owner)
if o and o.phase == 'talking' then -- the instance that tells has it now
  if ended > 0 then
    site.finish(id, o, ended)
    return 1
  end
  site.at(false, 'o|' .. id)
  o.owner = owner
  site.save_offer(id, o)
  return 0
end

-- A talk is a fact although its offer is gone: it ran out, or was lost with Redis.
-- Older than the agent's last talk, it is old news. What else was offered to the
-- agent or to the caller is withdrawn.
if not o then
  local tid, aid = ARGV[8], ARGV[10]
  local a, t = site.known_agent(aid), site.ticket(tid)
  if not site.member(aid) or a.last == id or a.last ~= '' and answered <= site.number(a.score) then return 0 end
  o = {phase = '', owner = owner, answered = '0', agent = aid, queue = ARGV[9], ticket = tid, place = '', ends = '0',
    caller = t and t.caller .. '\31\31\31' or string.rep('\31', 9), write = site.write_offer}
  site.not_idle(aid, a)
  local offer = a.offer
  a.offer, a.since, a.streak, a.blocked = id, at, '0', '0'
  site.save_agent(aid, a)
  if t and t.ended == '' then
    local ringing = t.offer
    local other = ringing ~= '' and ringing ~= offer and site.offer(ringing)
    site.finish_ticket(tid, t, 'served')
    if other then site.withdraw(ringing, other) end
  end
  local other = offer ~= '' and site.offer(offer)
  if other and other.phase == 'talking' then site.finish(offer, other, answered) end
  if other and other.phase == 'ringing' then site.withdraw(offer, other) end
end

-- The offer is a talk. The agent has what he had, the caller waits no more.
local q, call, joined = site.queue(o.queue), site.call_of(o)
if o.phase == 'ringing' then
  site.ring(false, o.owner, id)
  if call ~= '' then site.save_call(call, nil) end
  site.save_ticket(o.ticket, {ended = 'served', offer = '', caller = o.caller, write = site.write_served})
end
o.phase, o.answered, o.owner = 'talking', at, owner
site.tally(o.queue, 'answered')
if joined ~= '' then
  local waited = answered - math.floor(joined / 1000)
  site.tally(o.queue, 'waited', math.max(waited, 0))
  if q and waited <= site.number(q.within) then site.tally(o.queue, 'within') end
end
site.save_offer(id, o)
if ended > 0 then site.finish(id, o, ended) end
return 1
