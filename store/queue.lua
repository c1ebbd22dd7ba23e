-- What the scripts on a site's queues share, third part: lanes, and the few
-- moves that tickets, offers and agents make.

function site.stamp(ms) return string.format('%013d', site.number(ms)) end

function site.alive(owner) return site.when('h|' .. owner) end

-- beat gives an instance that does something a lease, unless it has one.
function site.beat(owner)
  if site.beats ~= owner and not site.alive(owner) then site.at(site.now + site.LEASE, 'h|' .. owner) end
  site.beats = owner
end

-- A lane is a waiting list: callers of one queue who may be served by the
-- same agents, because they want the same skills and have waited for the same
-- tier; or the callers of one preferred agent.
function site.lane(name, tier, skills) return name .. '|' .. tier .. '|' .. skills end
function site.preferred(id) return '@|' .. id .. '|' end

-- sets_of are the queue's sets of skills, in order and by name, each as a list
-- of its skills with spaces around.
function site.sets_of(q)
  if q.list then return q.list end
  q.list = {}
  for name in string.gmatch(q.sets, '%S+') do
    local set = {name = name}
    for skill in string.gmatch(name, '[^+]+') do set[#set + 1] = ' ' .. skill .. ' ' end
    q.list[#q.list + 1] = set
    q.list[name] = set
  end
  return q.list
end

-- has tells whether the skills, with spaces around each, hold all of a set.
function site.has(skills, set)
  for i = 1, #set do
    if not string.find(skills, set[i], 1, true) then return false end
  end
  return true
end

-- fit is the largest of the queue's sets of skills that holds no more than
-- was asked for: a caller is not refused for a skill that nobody listed.
function site.fit(q, wanted)
  local sets = site.sets_of(q)
  if wanted == '' or sets[wanted] then return wanted end
  local best, most, all = '', 0, ' ' .. string.gsub(wanted, '%+', ' ') .. ' '
  for _, set in ipairs(sets) do
    if #set > most and site.has(all, set) then best, most = set.name, #set end
  end
  return best
end

-- standing is where a ticket stands at this time, as tier reached and skills
-- still wanted (tier 0: only the preferred agent), and when that changes next.
function site.standing(t, q)
  if t.prefer ~= '' and site.now < site.number(t.alone) then return 0, '', site.number(t.alone) end
  local joined, open = math.floor(t.joined / 1000), site.number(q.open)
  local tier, skills, change = 1, site.fit(q, t.skills), math.huge
  for after in string.gmatch(q.widen, '%d+') do
    if site.now >= joined + after then tier = tier + 1 else change = math.min(change, joined + after) end
  end
  if open > 0 and skills ~= '' then
    if site.now >= joined + open then skills = '' else change = math.min(change, joined + open) end
  end
  return tier, skills, change
end

function site.lane_of(t, tier, skills)
  if tier == 0 then return site.preferred(t.prefer) end
  return site.lane(t.queue, tier, skills)
end

-- lanes_of are all lanes that an agent takes callers from.
function site.lanes_of(id)
  if site.lanes[id] then return site.lanes[id] end
  local m = site.member(id)
  local lanes, skills = {site.preferred(id)}, ' ' .. m.skills .. ' '
  for name, tier in string.gmatch(m.queues, '(%S+):(%d+)') do
    local q = site.queue(name)
    local _, wider = string.gsub(q and q.widen or '', '%d+', '')
    for reached = math.min(tier, wider + 1), q and wider + 1 or 0 do
      lanes[#lanes + 1] = site.lane(name, reached, '')
      for _, set in ipairs(site.sets_of(q)) do
        if site.has(skills, set) then lanes[#lanes + 1] = site.lane(name, reached, set.name) end
      end
    end
  end
  site.lanes[id] = lanes
  return lanes
end

function site.id_of(entry) return string.sub(entry, string.find(entry, '|', 1, true) + 1) end

-- paused is true while instances put back what Redis may have lost when it
-- was started again: nothing is decided on half a picture. Which run of Redis it
-- is takes long to ask, so it is asked no more often than it could have changed.
-- A process that holds its data in itself names no run and has nothing to wait for.
function site.paused()
  if site.pause ~= nil then return site.pause end
  local known = redis.call('HMGET', site.TALLY, 'settled', 'asked')
  local settled, age = tonumber(known[1] or 0), site.ms - (known[2] or 0)
  if age < 0 or age >= site.SAME_RUN then settled = site.ask_run(settled) end
  site.pause = site.now < settled
  return site.pause
end

-- ask_run is when instances have settled: later than they had, if this is
-- another run of Redis.
function site.ask_run(settled)
  local info = redis.pcall('INFO', 'server')
  local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'embedded'
  if redis.call('HGET', site.TALLY, 'run') ~= run then
    local nothing = redis.call('HLEN', site.ROSTER) == 0 and redis.call('HLEN', site.LIVE) == 0
    settled = (nothing or run == 'embedded') and site.now or site.now + site.SETTLE
    site.at(settled, 'm|')
    site.at(site.now, 'z|')
  end
  redis.call('HSET', site.TALLY, 'run', run, 'settled', settled, 'asked', site.ms)
  return settled
end

-- Owners. A kind is c for a caller's ticket, o for an offer that rings, t for a
-- talk: in this order they are handled when the owner is dead.
function site.own(owner, kind, id) site.put('o', owner .. '|' .. kind .. '|' .. id) end
function site.disown(owner, kind, id) site.drop('o', owner .. '|' .. kind .. '|' .. id) end

-- Idle agents stand in all their lanes, or in none.
function site.idle_entries(id, a, move)
  local rest = '|' .. site.stamp(a.score) .. '|' .. id
  for _, lane in ipairs(site.lanes_of(id)) do move('i', lane .. rest) end
end

function site.not_idle(id, a)
  if a.idle == '1' then
    site.idle_entries(id, a, site.drop)
    a.idle = '0'
  end
end

function site.now_idle(id, a)
  site.idle_entries(id, a, site.put)
  a.idle = '1'
end

-- A waiting ticket stands in exactly one lane.
function site.stop_waiting(id, t)
  if t.lane ~= '' then
    site.drop('w', t.lane .. '|' .. t.place .. '|' .. id)
    t.lane = ''
  end
end

-- offer_text is the offer of a ticket as instances are told of it, "" for none.
function site.offer_text(t)
  local o = t.offer ~= '' and site.offer(t.offer)
  return o and t.offer .. '\31' .. site.write_offer(o) or ''
end

-- make writes the offer of an agent to a ticket, both out of every set, and
-- wakes up the instance that has the caller, unless told is the ticket: then the
-- answer of this script says so. Ids differ even where one run is repeated.
function site.make(tid, t, aid, a)
  local q, m = site.queue(t.queue), site.member(aid)
  local id = ARGV[2] .. string.format('%012x', (site.micros + site.made) % 2 ^ 48)
  site.made = site.made + 1
  local o = {ticket = tid, queue = t.queue, agent = aid, owner = t.owner, call = t.call, phase = 'ringing',
    contact = m.contact, ring = q.ring, accept = q.accept, made = site.time, ends = site.text(site.now + q.ring + site.SLACK),
    joined = t.joined, answered = '0', number = t.number, name = t.name,
    wake = tid ~= site.told and t.owner or nil}
  t.offer, a.offer, a.phase, a.since = id, id, 'ringing', site.time
  site.save_ticket(tid, t)
  site.save_agent(aid, a)
  site.save_offer(id, o)
  site.own(t.owner, 'o', id)
  site.at(o.ends, 'o|' .. id)
end

-- uncall ends what a call has, if it is that.
function site.uncall(call, what)
  if call ~= '' and site.call(call) == what then site.save_call(call, nil) end
end

-- forget ends a ticket without a trace; finish_ticket remembers it for a
-- while, so that a request that comes late gets its first answer.
function site.unlist(id, t)
  site.stop_waiting(id, t)
  site.drop('l', t.queue .. '|' .. t.place .. '|' .. id)
  site.disown(t.owner, 'c', id)
  site.uncall(t.call, 't|' .. id)
end

function site.forget(id, t)
  site.unlist(id, t)
  site.save_ticket(id, nil)
end

function site.finish_ticket(id, t, how)
  site.unlist(id, t)
  t.ended, t.offer = how, ''
  site.save_ticket(id, t)
  site.ended[#site.ended + 1] = site.time
  site.ended[#site.ended + 1] = id
end

-- place lets a ticket wait where it belongs at this time, unless an agent is
-- idle: of the lowest tier that may serve it, the one idle longest.
function site.place(id, t)
  local q = site.queue(t.queue)
  if not q then return site.forget(id, t) end
  local tier, skills, change = site.standing(t, q)
  for reached = math.min(tier, 1), site.paused() and -1 or tier do
    local first = site.head('i', site.lane_of(t, reached, skills))
    if first then
      local aid = site.id_of(first)
      local a = site.agent(aid)
      site.not_idle(aid, a)
      return site.make(id, t, aid, a)
    end
  end
  t.lane = site.lane_of(t, tier, skills)
  site.put('w', t.lane .. '|' .. t.place .. '|' .. id)
  if change < math.huge then site.at(change, 's|' .. id) end
  site.save_ticket(id, t)
end

-- ready lets an agent without a reservation be what he is at this time: busy
-- with the caller who has waited longest, idle, or not there.
function site.ready(id, a)
  local m = site.member(id)
  if not m and a.offer == '' then return site.save_agent(id, nil) end
  if a.offer ~= '' or a.wanted ~= 'available' or a.blocked == '1' then return site.save_agent(id, a) end
  if site.number(a.free) > site.now then
    site.at(a.free, 'a|' .. id)
    return site.save_agent(id, a)
  end
  local first
  for _, name in ipairs(site.paused() and {} or site.lanes_of(id)) do
    local entry = site.head('w', name)
    if entry and (not first or entry < first) then first = entry end
  end
  if not first then
    site.now_idle(id, a)
    return site.save_agent(id, a)
  end
  local tid = site.id_of(first)
  local t = site.ticket(tid)
  if not site.queue(t.queue) then -- the queue was deleted; look for another caller
    site.forget(tid, t)
    return site.ready(id, a)
  end
  site.stop_waiting(tid, t)
  site.make(tid, t, id, a)
end

-- enrol keeps the list of who is logged in at each queue.
function site.enrol(id, m, a)
  for name in string.gmatch(m.queues, '(%S+):') do
    local move = a.wanted == 'logged-out' and site.drop or site.put
    move('s', name .. '|' .. id)
  end
end

function site.unreserve(a)
  a.offer, a.phase, a.since = '', '', site.time
end

function site.close(id, o)
  site.disown(o.owner, o.phase == 'talking' and 't' or 'o', id)
  if o.phase ~= 'talking' then site.at(false, 'o|' .. id) end
  site.save_offer(id, nil)
end

-- park keeps the place of a caller whose instance is dead: no agent rings for
-- nobody, and the instance that takes the call over puts it back.
function site.park(id, t)
  site.stop_waiting(id, t)
  site.disown(t.owner, 'c', id)
  t.owner = ''
  site.save_ticket(id, t)
  site.at(site.now + site.PARK, 'p|' .. id)
end

-- withdraw takes a ringing offer back: nobody is to blame, the agent keeps
-- his score and the caller his place.
function site.withdraw(id, o)
  site.close(id, o)
  local t, a = site.ticket(o.ticket), site.agent(o.agent)
  if t and t.offer == id then
    t.offer = ''
    if site.alive(t.owner) then site.place(o.ticket, t) else site.park(o.ticket, t) end
  end
  if a and a.offer == id then
    site.unreserve(a)
    site.ready(o.agent, a)
  end
end

-- leave ends a ticket, and the ringing for it.
function site.leave(id, t, how)
  local oid, o = t.offer, t.offer ~= '' and site.offer(t.offer)
  site.finish_ticket(id, t, how)
  if o then site.withdraw(oid, o) end
end

-- finish ends a talk: wrap-up begins, and the agent's idle time counts from
-- the end of the talk.
function site.finish(id, o, ended)
  local a, q = site.agent(o.agent), site.queue(o.queue)
  local answered = site.number(o.answered)
  ended = math.min(site.now, math.max(ended, answered))
  site.close(id, o)
  site.uncall(o.call, 'o|' .. id)
  site.tally(o.queue, 'talks')
  site.tally(o.queue, 'talked', ended - answered)
  if not a or a.offer ~= id then return end
  site.unreserve(a)
  a.score, a.last = site.text(ended), id
  a.since, a.free, a.why = a.score, site.text(ended + (q and q.wrap or 0)), 'wrap-up'
  site.ready(o.agent, a)
end

-- adopt gives a ticket, and the offer it may have, to the instance that has
-- the caller now.
function site.adopt(id, t, owner)
  if t.owner == owner then return end
  local parked, o = t.owner == '', t.offer ~= '' and site.offer(t.offer)
  if not parked then site.disown(t.owner, 'c', id) end
  site.own(owner, 'c', id)
  t.owner = owner
  if o then
    site.disown(o.owner, 'o', t.offer)
    site.own(owner, 'o', t.offer)
    o.owner = owner
    site.save_offer(t.offer, o)
  end
  if parked then site.place(id, t) else site.save_ticket(id, t) end
end

-- state is what an agent is, and since when. It is derived, never set.
function site.state(a)
  if a.offer ~= '' then return a.phase, a.since end
  if a.wanted == 'break' then return 'break', a.since end
  if a.wanted ~= 'available' then return 'offline', a.since end
  if a.blocked == '1' then return 'not-answering', a.since end
  if site.number(a.free) > site.now then return a.why, a.since end
  return 'idle', math.max(site.number(a.since), site.number(a.free))
end

-- known_agent is an agent's state, new for one who has none yet or whose
-- state was lost with Redis: what was set last still stands.
function site.known_agent(id)
  local a = site.agent(id)
  if a then return a end
  local wanted, reason = string.match(redis.call('HGET', site.WANTED, id) or '', '^([^\31]*)\31(.*)$')
  return {wanted = wanted or 'logged-out', reason = reason or '', since = site.time, offer = '', phase = '', free = '0',
    why = '', score = wanted == 'available' and site.time or '0', streak = '0', blocked = '0', idle = '0', last = ''}
end
