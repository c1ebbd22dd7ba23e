package store

// keys makes every Redis key of this package, one function each, and there is
// no other place that does. A hash tag ({…}) puts keys that change together
// into one slot of a cluster. Names in keys have been checked before
// (names.go): none holds a brace, a space or a control character.
type keys struct{ prefix string }

// doc is a document or a record: it outlives calls and restarts, and the
// embedded mode keeps it on disk.
func (k keys) doc(name string) string { return k.prefix + docFamily + name }

// docs is how all documents and records begin.
func (k keys) docs() string { return k.prefix + docFamily }

// live is state that means something only while calls run: it is never kept
// on disk by the embedded mode, and may vanish with Redis.
func (k keys) live(name string) string { return k.prefix + liveFamily + name }

// Behind the prefix stands what family a key is of.
const docFamily, liveFamily = "d:", "s:"

// Configuration is small, read from memory and changed together (a menu
// cannot be deleted while a number uses it), so it shares one tag.
func (k keys) configGeneration() string { return k.doc("{conf}:generation") } // new with each change
func (k keys) configChannel() string    { return k.prefix + "conf" }          // wakes up who reads it
func (k keys) menus() string            { return k.doc("{conf}:menus") }      // hash: menu -> active version, "" for none
func (k keys) menuVersions(menu string) string { // hash: version -> stored document
	return k.doc("{conf}:menu:" + menu)
}
func (k keys) numbers() string     { return k.doc("{conf}:numbers") }      // hash: number -> JSON
func (k keys) numberMenus() string { return k.doc("{conf}:number-menus") } // hash: number -> menu
func (k keys) sites() string       { return k.doc("{conf}:sites") }        // hash: site -> JSON

// Customers share one tag, because a number moves between two of them at once.
func (k keys) customers() string       { return k.doc("{customers}") }         // hash: customer -> JSON without numbers
func (k keys) customerIDs() string     { return k.doc("{customers}:ids") }     // sorted set by name: customer
func (k keys) customerNumbers() string { return k.doc("{customers}:numbers") } // hash: customer -> its numbers, by space
func (k keys) numberCustomer() string  { return k.doc("{customers}:of") }      // hash: number -> customer

// Outages: the table of sources of a site, and for each generation of a source
// the places that have flags and a hash for each of them, under their own tag so
// that imports spread over a cluster.
func (k keys) outageSites() string              { return k.doc("outage-sites") }            // set
func (k keys) outageSources(site string) string { return k.doc("{o:" + site + "}") }        // hash: source -> generation
func (k keys) outageLeavers(site string) string { return k.doc("{o:" + site + "}:leaver") } // hash: source and generation -> when it goes, in ms
func (k keys) outagePlaces(f flagSet) string    { return k.doc(f.tag() + ":places") }       // sorted set by name: place
func (k keys) outageFlags(f flagSet, place string) string { // hash: name inside the place -> flag
	return k.prefix + docFamily + f.tag() + "/" + place
}

// Records: one key a call, and two indexes by time.
func (k keys) record(call string) string { return k.prefix + docFamily + "{c:" + call + "}:record" } // schema, start, end, JSON
func (k keys) records() string           { return k.doc("{records}") }                               // sorted set: start in ms, call
func (k keys) recordsLive() string       { return k.doc("{records}:live") }                          // the same of calls that have not ended

// apiKeys holds the keys of the REST API.
func (k keys) apiKeys() string { return k.doc("apikeys") } // hash: id -> JSON

// Live calls: what must change together of one call shares its tag.
func (k keys) cursor(call string) string { return k.prefix + liveFamily + "{c:" + call + "}:cursor" } // JSON
func (k keys) owner(call string) string  { return k.prefix + liveFamily + "{c:" + call + "}:owner" }  // hash: instance, token, token that left, since in ms, node, core, talking

// Instances, and the calls they may own: the owner key of a call decides.
func (k keys) instances() string                    { return k.live("{i}:leases") }                 // sorted set: lease end in ms, instance
func (k keys) addresses() string                    { return k.live("{i}:addresses") }              // hash: instance -> host:port
func (k keys) instanceCalls(instance string) string { return k.live("{i:" + instance + "}:calls") } // set
func (k keys) unowned() string                      { return k.live("unowned") }                    // sorted set: since when in ms, call

// turn says that one instance has just done a periodic job.
func (k keys) turn(job string) string { return k.live("turn:" + job) }

// limit counts live calls of one scope (a number, a trunk, a controller).
func (k keys) limit(scope, name string) string { // hash: instance -> count and lease end
	return k.live("{l:" + scope + ":" + name + "}")
}

// Queues: all keys of a site share one tag, and there is a fixed number of
// them, so that every script can declare all it may touch (queue_records.lua
// gives them their names, in this order).
func (k keys) queue(site string) []string {
	tag := "{q:" + site + "}:"
	return []string{
		k.live(tag + "wait"),  // sorted by name: lane, place, ticket of who waits
		k.live(tag + "idle"),  // sorted by name: lane, score, agent of who is idle
		k.live(tag + "aside"), // sorted by name: queue, place, ticket of who stands in no lane of his queue
		k.live(tag + "staff"), // sorted by name: queue, agent logged in
		k.live(tag + "rings"), // sorted set: time in ms when an offer ends, its owner and it
		k.live(tag + "due"),   // sorted set: time in ms, what is due
		k.live(tag + "ended"), // sorted set: time in ms, ticket remembered for repeated requests
		k.live(tag + "live"),  // hash: ticket, offer or agent -> record; call -> ticket it waits with
		k.live(tag + "tally"), // hash: counters by hour, queue and name
		k.doc(tag + "roster"), // hash: agent -> contact, queues, skills
		k.doc(tag + "queues"), // hash: queue -> what scripts need of its definition
		k.doc(tag + "wanted"), // hash: agent -> status last set
	}
}

// keysLive is how many of them hold what lives; keyDue and keyLive are where what
// is due is, and the records.
const (
	keysLive = 9
	keyDue   = 5
	keyLive  = 7
)

func (k keys) agents(site string) string { return k.doc("{q:" + site + "}:agent-definitions") } // hash: agent -> JSON
func (k keys) queues(site string) string { return k.doc("{q:" + site + "}:queue-definitions") } // hash: queue -> JSON
func (k keys) queueSites() string        { return k.doc("queue-sites") }                        // set: sites that have queues or agents

// wake is an instance's own channel. It doubles as the token by which the
// instance owns tickets and offers.
func (k keys) wake(instance string) string { return k.prefix + "wake:" + instance }
