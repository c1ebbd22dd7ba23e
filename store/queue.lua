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
-- still wanted, and when that changes next; tier 0 is the preferred agent alone.
function site.standing(t, q)
  local joined, skills, prefer, alone = t.joined, t.skills, t.prefer, t.alone -- of a new one
  local _
  if not joined then _, joined, skills, prefer, alone = site.of_caller(t) end
  if prefer ~= '' and site.time < alone then return 0, '', site.number(alone), prefer end
  joined = math.floor(joined / 1000)
  local open, tier, change = site.number(q.open), 1, math.huge
  skills = site.fit(q, skills)
  for after in string.gmatch(q.widen, '%d+') do
    if site.now >= joined + after then tier = tier + 1 else change = math.min(change, joined + after) end
  end
  if open > 0 and skills ~= '' then
    if site.now >= joined + open then skills = '' else change = math.min(change, joined + open) end
  end
  return tier, skills, change
end

-- lanes_of are the lanes that an agent takes callers from, beside his own of those
-- who prefer him. Agents who work alike share them.
function site.lanes_of(id)
  local m = site.member(id)
  local alike = m.queues .. '|' .. m.skills
  if site.lanes[alike] then return site.lanes[alike] end
  local lanes, skills = {}, ' ' .. m.skills .. ' '
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
  site.lanes[alike] = lanes
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

-- Idle agents stand in all their lanes, or in none.
function site.idle_entries(id, a, move)
  local rest = site.stamp(a.score) .. '|' .. id
  move('i', site.preferred(id), rest)
  for _, lane in ipairs(site.lanes_of(id)) do move('i', lane, rest) end
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
function site.wait(id, t, lane)
  local rest = t.place .. '|' .. id
  t.lane = lane
  site.put('w', lane, rest)
  if site.aside(t) then site.put('l', t.queue, rest) end
end

function site.stop_waiting(id, t)
  if t.lane == '' then return end
  local rest = t.place .. '|' .. id
  site.drop('w', t.lane, rest)
  if site.aside(t) then site.drop('l', t.queue, rest) end
  t.lane = ''
end

-- aside tells whether a ticket stands in no lane of its queue: it prefers an agent, or
-- is parked.
function site.aside(t) return t.owner == '' or string.find(t.lane, '@|', 1, true) == 1 end

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
  q.ends = q.ends or site.text(site.now + q.ring + site.SLACK)
  local o = {phase = 'ringing', owner = t.owner, answered = '0', agent = aid, queue = t.queue, ticket = tid, place = t.place,
    ends = q.ends, caller = t.caller .. '\31' .. m.contact .. '\31' .. q.ring .. '\31' .. q.accept,
    write = site.write_offer, wake = tid ~= site.told and t.owner or nil}
  t.offer, a.offer, a.since = id, id, site.time
  site.save_ticket(tid, t)
  site.save_agent(aid, a)
  site.save_offer(id, o)
  site.ring(o.ends, o.owner, id)
end

-- forget ends a ticket without a trace; finish_ticket remembers it for a
-- while, so that a request that comes late gets its first answer: as long as the
-- caller talks, and then as long as others.
function site.unlist(id, t)
  site.stop_waiting(id, t)
  site.unpark(id, t)
  local call = site.call_of(t)
  if call ~= '' then site.save_call(call, nil) end
end

function site.forget(id, t)
  site.unlist(id, t)
  site.save_ticket(id, nil)
end

function site.finish_ticket(id, t, how)
  site.unlist(id, t)
  t.ended, t.offer = how, ''
  site.save_ticket(id, t)
end

function site.remember(id)
  site.ended[#site.ended + 1] = site.time
  site.ended[#site.ended + 1] = id
end

-- place lets a ticket wait where it belongs at this time, unless an agent is
-- idle: of the lowest tier that may serve it, the one idle longest.
function site.place(id, t)
  local q = site.queue(t.queue)
  if not q then return site.forget(id, t) end
  local tier, skills, change, prefer = site.standing(t, q)
  local paused, lane = site.paused(), nil
  for reached = math.min(tier, 1), tier do
    lane = prefer and site.preferred(prefer) or site.lane(t.queue, reached, skills)
    local first = not paused and site.head('i', lane)
    if first then
      local aid = site.id_of(first)
      local a = site.agent(aid)
      site.not_idle(aid, a)
      return site.make(id, t, aid, a)
    end
  end
  site.wait(id, t, lane)
  if change < math.huge then site.at(change, 's|' .. id) end
  site.save_ticket(id, t)
end

-- longest is who has waited longest of those whom an agent may serve, as place and
-- ticket.
function site.longest(id)
  local first, lanes = site.head('w', site.preferred(id)), site.lanes_of(id)
  for i = 1, #lanes do
    local entry = site.head('w', lanes[i])
    if entry and (not first or entry < first) then first = entry end
  end
  return first
end

-- ready lets an agent without a reservation be what he is at this time: busy
-- with the caller who has waited longest, idle, or not there.
function site.ready(id, a)
  local m = site.member(id)
  if not m and a.offer == '' then return site.save_agent(id, nil) end
  if a.offer ~= '' or a.wanted ~= 'available' or a.blocked == '1' then return site.save_agent(id, a) end
  if a.free > site.time then
    site.at(a.free, 'a|' .. id)
    return site.save_agent(id, a)
  end
  local first = not site.paused() and site.longest(id)
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
    move('s', name, id)
  end
end

function site.unreserve(a)
  a.offer, a.since = '', site.time
end

function site.close(id, o)
  if o.phase == 'ringing' then site.ring(false, o.owner, id) end
  site.save_offer(id, nil)
end

-- park keeps the place of a caller whose instance is dead: no agent rings for
-- nobody, and the instance that takes the call over puts it back.
function site.park(id, t)
  site.stop_waiting(id, t)
  t.owner = ''
  site.put('l', t.queue, t.place .. '|' .. id)
  site.save_ticket(id, t)
  site.at(site.now + site.PARK, 'p|' .. id)
end

function site.unpark(id, t)
  if t.owner == '' then site.drop('l', t.queue, t.place .. '|' .. id) end
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
  site.remember(id)
  if o then site.withdraw(oid, o) end
end

-- finish ends a talk: wrap-up begins, and the agent's idle time counts from
-- the end of the talk.
function site.finish(id, o, ended)
  local a, q = site.agent(o.agent), site.queue(o.queue)
  local answered = site.number(o.answered)
  ended = math.min(site.now, math.max(ended, answered))
  site.close(id, o)
  site.remember(o.ticket)
  site.tally(o.queue, 'talks')
  site.tally(o.queue, 'talked', ended - answered)
  if not a or a.offer ~= id then return end
  site.unreserve(a)
  local wrap = q and q.wrap or 0
  a.score, a.last = ended == site.now and site.time or site.text(ended), id
  a.since, a.free, a.why = a.score, wrap > 0 and site.text(ended + wrap) or a.score, 'wrap-up'
  a.streak, a.blocked = '0', '0'
  site.ready(o.agent, a)
end

-- adopt gives a ticket, and the offer it may have, to the instance that has
-- the caller now.
function site.adopt(id, t, owner)
  if t.owner == owner then return end
  local parked, o = t.owner == '', t.offer ~= '' and site.offer(t.offer)
  site.unpark(id, t)
  t.owner = owner
  if o then
    site.ring(false, o.owner, t.offer)
    site.ring(o.ends, owner, t.offer)
    o.owner = owner
    site.save_offer(t.offer, o)
  end
  if parked then site.place(id, t) else site.save_ticket(id, t) end
end

-- state is what an agent is, and since when. It is derived, never set.
function site.state(a)
  local o = a.offer ~= '' and site.offer(a.offer)
  if o and o.phase == 'talking' then return 'talking', o.answered end
  if a.offer ~= '' then return 'ringing', a.since end
  if a.wanted == 'break' then return 'break', a.since end
  if a.wanted ~= 'available' then return 'offline', a.since end
  if a.blocked == '1' then return 'not-answering', a.since end
  if a.free > site.time then return a.why, a.since end
  return 'idle', math.max(site.number(a.since), site.number(a.free))
end

-- known_agent is an agent's state, new for one who has none yet or whose
-- state was lost with Redis: what was set last still stands.
function site.known_agent(id)
  local a = site.agent(id)
  if a then return a end
  local wanted, reason = string.match(redis.call('HGET', site.WANTED, id) or '', '^([^\31]*)\31(.*)$')
  return {wanted = wanted or 'logged-out', reason = reason or '', since = site.time, offer = '', free = '0',
    why = '', score = wanted == 'available' and site.time or '0', streak = '0', blocked = '0', idle = '0', last = '',
    write = site.write_agent}
end
