-- What the scripts on a site's queues share, first part: keys, clock, records.
-- Every script declares all keys of the site, in this order (keys.go).
-- ARGV[1] ms added to the clock, by tests only
-- ARGV[2] first 24 characters of the ids of new offers
local WAIT, IDLE, LINE, STAFF, OWNED, DUE, ENDED, TICKETS, OFFERS, AGENTS, CALLS,
  TALLY, ROSTER, QUEUES, WANTED = unpack(KEYS)

local LEASE = 6000        -- ms an instance may be silent before it counts as dead
local SETTLE = 8000       -- ms that instances have to put back what a restarted Redis lost
local PARK = 60000        -- ms a ticket of a dead instance is kept for the next one
local TAKEOVER = 4000     -- ms that others have to look after the ringing of a dead instance
local ORPHAN = 10000      -- ms a talk of a dead instance is kept for the next one
local SLACK = 5000        -- ms an offer outlives its ring time: set-up, and the report's way
local LOSSES = 3          -- offers in a row that nobody reported; then the ticket is a ghost
local SLICE = 100         -- items that one run handles where there may be many

local clock = redis.call('TIME')
local micros = clock[1] * 1000000 + clock[2] + ARGV[1] * 1000
local now = math.floor(micros / 1000)

-- Records. One is its fields in order, joined by US (0x1f), the version of the
-- schema first. A later version adds fields at the end, where this one does not
-- look, and reads this one's by their number. Those compared are made numbers.
local function fields(count, text)
  return string.match(text, string.rep('([^\31]*)\31', count - 1) .. '([^\31]*)')
end

local function record(...) return table.concat({1, ...}, '\31') end
local function number(text) return tonumber(text) or 0 end

local function read_ticket(text)
  local _, queue, call, owner, place, joined, skills, prefer, alone, lane, offer, losses, ended, caller, name =
    fields(15, text)
  return {queue = queue, call = call, owner = owner, place = place, joined = joined, skills = skills,
    prefer = prefer, alone = number(alone), lane = lane, offer = offer, losses = number(losses), ended = ended,
    number = caller, name = name}
end

local function write_ticket(t)
  return record(t.queue, t.call, t.owner, t.place, t.joined, t.skills, t.prefer, t.alone, t.lane, t.offer,
    t.losses, t.ended, t.number, t.name)
end

local function read_offer(text)
  local _, ticket, queue, agent, owner, call, phase, contact, ring, accept, made, ends, joined, answered, caller, name =
    fields(16, text)
  return {ticket = ticket, queue = queue, agent = agent, owner = owner, call = call, phase = phase,
    contact = contact, ring = ring, accept = accept, made = made, ends = ends, joined = joined,
    answered = number(answered), number = caller, name = name}
end

local function write_offer(o)
  return record(o.ticket, o.queue, o.agent, o.owner, o.call, o.phase, o.contact, o.ring, o.accept, o.made, o.ends,
    o.joined, o.answered, o.number, o.name)
end

local function read_agent(text)
  local _, wanted, reason, since, offer, phase, free, why, score, streak, blocked, idle, last = fields(13, text)
  return {wanted = wanted, reason = reason, since = number(since), offer = offer, phase = phase, free = number(free),
    why = why, score = number(score), streak = number(streak), blocked = number(blocked), idle = number(idle),
    last = last}
end

local function write_agent(a)
  return record(a.wanted, a.reason, a.since, a.offer, a.phase, a.free, a.why, a.score, a.streak, a.blocked, a.idle,
    a.last)
end

local function read_member(text) -- of the roster; Go writes it
  local _, contact, queues, skills = fields(4, text)
  return {contact = contact, queues = queues, skills = skills}
end

local function read_queue(text) -- Go writes it
  local _, ring, wrap, accept, within, max, staffed, streak, noanswer, busy, rejected, notregistered, unreachable,
    longest, open, widen, sets = fields(17, text)
  return {ring = ring, wrap = wrap, accept = accept, within = number(within), max = number(max), staffed = staffed,
    streak = number(streak), longest = longest, open = number(open), widen = widen, sets = sets,
    delays = {['no-answer'] = noanswer, busy = busy, rejected = rejected, ['not-registered'] = notregistered,
      unreachable = unreachable}}
end

-- stored loads and saves one kind of record. It hands out the same table each
-- time, so that two moves of one run never work on two copies; nil where there
-- is none. define is for records that Go writes, "" for none.
local function stored(key, read, write)
  local seen = {}
  local function load(id)
    if seen[id] == nil then
      local text = redis.call('HGET', key, id)
      seen[id] = text and read(text)
    end
    return seen[id] or nil
  end
  local function define(id, text)
    seen[id] = text ~= '' and read(text)
    if text == '' then redis.call('HDEL', key, id) else redis.call('HSET', key, id, text) end
  end
  local function save(id, value)
    seen[id] = value or false
    if value then redis.call('HSET', key, id, write(value)) else redis.call('HDEL', key, id) end
  end
  return load, write and save or define
end

local ticket, save_ticket = stored(TICKETS, read_ticket, write_ticket)
local offer, save_offer = stored(OFFERS, read_offer, write_offer)
local agent, save_agent = stored(AGENTS, read_agent, write_agent)
local member, define_member = stored(ROSTER, read_member)
local queue, define_queue = stored(QUEUES, read_queue)
