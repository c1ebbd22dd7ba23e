-- ARGV[3] offer         ARGV[4] outcome       ARGV[5] answered in ms, 0 for now
-- ARGV[6] ended in ms, 0 while they talk      ARGV[7] owner
-- ARGV[8] ticket        ARGV[9] queue         ARGV[10] agent      ARGV[11] call
-- Returns 1 when it changed something, 0 when it was known or too late.
local id, outcome, owner = ARGV[3], ARGV[4], ARGV[7]
local answered, ended = tonumber(ARGV[5]), tonumber(ARGV[6])
if answered <= 0 or answered > site.now then answered = site.now end
local o = site.offer(id)

-- revive takes a talk for a fact although its offer is gone: it ran out, or
-- was lost with Redis. Older than the agent's last talk, it is old news.
local function revive()
  local a = site.known_agent(ARGV[10])
  if not site.member(ARGV[10]) or a.last == id or a.last ~= '' and answered <= site.number(a.score) then return nil end
  site.save_agent(ARGV[10], a)
  local t = site.ticket(ARGV[8])
  return {ticket = ARGV[8], queue = ARGV[9], agent = ARGV[10], owner = owner, call = t and t.call or '', phase = 'ringing',
    contact = '', ring = '0', accept = '', made = site.time, ends = '0', joined = t and t.joined or '0',
    answered = '0', number = t and t.number or '', name = t and t.name or ''}
end

-- connect makes an offer a talk. What else was offered to the agent or to the
-- caller is withdrawn.
local function connect()
  local a, t = site.agent(o.agent), site.ticket(o.ticket)
  site.close(id, o)
  o.phase, o.answered, o.owner = 'talking', site.text(answered), owner
  local q, waited = site.queue(o.queue), answered - math.floor(o.joined / 1000)
  site.tally(o.queue, 'answered')
  if o.joined ~= '0' then
    site.tally(o.queue, 'waited', math.max(waited, 0))
    if q and waited <= site.number(q.within) then site.tally(o.queue, 'within') end
  end
  if t and t.ended == '' then
    local other = t.offer ~= id and t.offer ~= '' and site.offer(t.offer)
    local oid = t.offer
    site.finish_ticket(o.ticket, t, 'served')
    if other then site.withdraw(oid, other) end
  end
  if o.call ~= '' then site.save_call(o.call, 'o|' .. id) end
  if a then
    site.not_idle(o.agent, a)
    local oid = a.offer
    local other = oid ~= id and oid ~= '' and site.offer(oid)
    a.offer, a.phase, a.since, a.streak, a.blocked = id, 'talking', o.answered, '0', '0'
    site.save_agent(o.agent, a)
    if other and other.phase == 'talking' then site.finish(oid, other, answered) end
    if other and other.phase == 'ringing' then site.withdraw(oid, other) end
  end
  site.own(owner, 't', id)
  site.save_offer(id, o)
end

-- fail brings the caller back to the very same place and gives the agent the
-- delay that the outcome calls for.
local function fail()
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
    elseif site.alive(t.owner) then
      site.place(o.ticket, t)
    else
      site.park(o.ticket, t)
    end
  end
  if a and a.offer == '' then site.ready(o.agent, a) end
end

if outcome ~= 'answered' then
  if not o or o.phase ~= 'ringing' then return 0 end
  fail()
  return 1
end

site.beat(owner)
if o and o.phase == 'talking' then -- the instance that tells has it now
  if ended == 0 then
    site.disown(o.owner, 't', id)
    site.own(owner, 't', id)
    site.at(false, 'o|' .. id)
    o.owner = owner
    site.save_offer(id, o)
    return 0
  end
else
  o = o or revive()
  if not o then return 0 end
  connect()
end
if ended > 0 then site.finish(id, o, ended) end
return 1
