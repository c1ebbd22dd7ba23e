package fstest

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// api runs an api command and returns its answer.
func (s *Switch) api(line string) string {
	name, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
	arg = strings.TrimSpace(arg)
	switch name {
	case "status":
		return s.status()
	case "hostname", "switchname":
		return s.config.Hostname
	case "version":
		return "FreeSWITCH Version 1.10.12-release 64bit\n"
	case "create_uuid":
		return uuid.NewString()
	case "show":
		return s.show(arg)
	case "global_getvar":
		if arg == "core_uuid" {
			return s.uuid
		}
		return s.Global(arg)
	case "file_exists":
		_, ok := s.config.Sounds(arg)
		return fmt.Sprint(ok)
	case "sched_hangup":
		return s.schedule(strings.Fields(arg))
	case "global_setvar":
		key, value, _ := strings.Cut(arg, "=")
		s.suspect("global_setvar", value)
		s.SetGlobal(key, value)
		return "+OK"
	case "originate":
		return s.originate(arg)
	}
	if strings.HasPrefix(name, "uuid_") {
		id, rest, _ := strings.Cut(arg, " ")
		if answer, ok := s.channelAPI(name, id, strings.TrimSpace(rest)); ok {
			return answer
		}
	}
	return "-ERR " + name + " Command not found!\n"
}

// channelAPI are the commands about one channel: a caller's, or for some of
// them the leg of an agent.
func (s *Switch) channelAPI(name, id, arg string) (answer string, known bool) {
	call, l := s.find(id), s.findLeg(id)
	var ch *channel
	switch {
	case call != nil:
		ch = &call.channel
	case l != nil:
		ch = &l.channel
	}
	if name == "uuid_exists" {
		return fmt.Sprint(ch != nil), true
	}
	command, ok := channelCommands[name]
	if !ok {
		return "", false
	}
	if ch == nil {
		return "-ERR No such channel!\n", true
	}
	return command(s, ch, call, l, arg), true
}

// channelCommands run on a channel; call is nil for the leg of an agent, and
// the other way round.
var channelCommands = map[string]func(s *Switch, ch *channel, call *Call, l *leg, arg string) string{
	"uuid_getvar": func(_ *Switch, ch *channel, _ *Call, _ *leg, arg string) string {
		if v := ch.seen(arg); v != "" {
			return v
		}
		if v := ch.field(arg); v != "" {
			return v
		}
		return "_undef_"
	},
	"uuid_setvar": func(s *Switch, ch *channel, _ *Call, _ *leg, arg string) string {
		name, value, _ := strings.Cut(arg, " ")
		s.suspect("uuid_setvar", value)
		ch.set(name, value)
		return "+OK\n"
	},
	"uuid_setvar_multi": func(s *Switch, ch *channel, _ *Call, _ *leg, arg string) string {
		for pair := range strings.SplitSeq(arg, ";") {
			name, value, _ := strings.Cut(pair, "=")
			s.suspect("uuid_setvar_multi", value)
			ch.set(name, value)
		}
		return "+OK\n"
	},
	"uuid_kill": func(_ *Switch, _ *channel, call *Call, l *leg, arg string) string {
		if arg == "" {
			arg = "NORMAL_CLEARING"
		}
		if call != nil {
			call.kill(arg)
		} else {
			l.drop(arg)
		}
		return "+OK\n"
	},
	"uuid_break": func(_ *Switch, _ *channel, call *Call, _ *leg, arg string) string {
		if call != nil {
			call.breakOff(arg == "all")
		}
		return "+OK\n"
	},
	"uuid_transfer": func(_ *Switch, _ *channel, call *Call, _ *leg, arg string) string {
		if call == nil || arg == "" {
			return "-ERR No such channel!\n"
		}
		call.move(parseDestination(arg))
		return "+OK\n"
	},
	"uuid_recv_dtmf": func(_ *Switch, _ *channel, call *Call, l *leg, arg string) string {
		if call == nil {
			l.press(arg)
			return "+OK " + l.uuid + " received DTMF " + arg + ".\n"
		}
		call.inject(arg)
		return "+OK " + call.uuid + " received DTMF " + arg + ".\n"
	},
}

// schedule is sched_hangup: +SECONDS, a channel, and a cause.
func (s *Switch) schedule(args []string) string {
	if len(args) < 2 {
		return "-USAGE: [+]<time> <uuid> [<cause>]\n"
	}
	seconds, err := strconv.Atoi(strings.TrimPrefix(args[0], "+"))
	call := s.find(args[1])
	if err != nil || call == nil {
		return "-ERR No such channel!\n"
	}
	cause := "ALLOTTED_TIMEOUT"
	if len(args) > 2 {
		cause = args[2]
	}
	s.after(time.Duration(seconds)*time.Second, func() { call.hangup(cause, "") })
	return "+OK\n"
}

// field is a field of the caller's profile, which uuid_getvar reads like a
// variable.
func (c *channel) field(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch name {
	case "destination_number":
		return c.destination
	case "context":
		return c.context
	}
	return ""
}

func (s *Switch) status() string {
	up := s.clock.now()
	return fmt.Sprintf("UP 0 years, 0 days, %d hours, %d minutes, %d seconds, 0 milliseconds, 0 microseconds\n"+
		"FreeSWITCH (Version 1.10.12-release  64bit) is ready\n%d session(s) since startup\n%d session(s) - peak %d\n",
		int(up.Hours()), int(up.Minutes())%60, int(up.Seconds())%60, s.sessions.Load(), len(s.Calls()), len(s.Calls()))
}

// show answers "show channels as json" and "show calls count".
func (s *Switch) show(arg string) string {
	calls := s.Calls()
	words := strings.Fields(arg)
	switch {
	case len(words) == 0 || words[0] != "channels" && words[0] != "calls":
		return "-USAGE codec|endpoint|application|api|dialplan|file|timer|calls|channels"
	case len(words) == 2 && words[1] == "count":
		return fmt.Sprintf("\n%d total.\n", len(calls))
	case len(words) != 3 || words[2] != "json":
		return "-ERR the fake shows channels as json only"
	}
	answer := map[string]any{"row_count": len(calls)}
	var rows []map[string]string
	for _, c := range calls {
		rows = append(rows, c.row())
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i]["created_epoch"] < rows[j]["created_epoch"] })
	if len(rows) > 0 { // a real one leaves the key out, too
		answer["rows"] = rows
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return "-ERR " + err.Error()
	}
	return string(b)
}

// row is a call in "show channels".
func (c *Call) row() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	created := c.sw.clock.date(c.created)
	app, _ := c.vars.lookup("current_application")
	data, _ := c.vars.lookup("current_application_data")
	return map[string]string{
		"uuid": c.uuid, "direction": "inbound", "created": created.Format(time.DateTime),
		"created_epoch": fmt.Sprint(created.Unix()), "name": c.name, "state": c.phase,
		"cid_name": c.callerNam, "cid_num": c.callerNum, "ip_addr": c.network, "dest": c.destination,
		"application": app, "application_data": data, "dialplan": "XML", "context": c.context,
		"hostname": c.sw.config.Hostname, "callstate": c.callState, "call_uuid": c.uuid,
	}
}

// background runs an api command on the side and tells its answer as an event.
func (l *listener) background(line, job string) {
	if job == "" {
		job = uuid.NewString()
	}
	l.write([]byte("Content-Type: command/reply\nReply-Text: +OK Job-UUID: " + job + "\nJob-UUID: " + job + "\n\n"))
	l.sw.tasks.Add(1)
	go func() {
		defer l.sw.tasks.Done()
		l.sw.jobDone(l, line, job, l.sw.api(line))
	}()
}

func (s *Switch) jobDone(l *listener, line, job, answer string) {
	owner := ""
	if l.call != nil {
		owner = l.call.uuid
	}
	listeners := s.exchange.interested("BACKGROUND_JOB", "Job-Owner-UUID", owner)
	if len(listeners) == 0 {
		return
	}
	name, arg, _ := strings.Cut(line, " ")
	b := s.eventHead(nil, "BACKGROUND_JOB")
	b = appendHeader(b, "Job-UUID", job)
	b = appendHeader(b, "Job-Command", name)
	if arg != "" {
		b = appendHeader(b, "Job-Command-Arg", arg)
	}
	if owner != "" {
		b = appendHeader(b, "Job-Owner-UUID", owner)
	}
	b = appendHeader(b, "Content-Length", fmt.Sprint(len(answer)))
	s.exchange.deliver(listeners, append(append(b, '\n'), answer...))
}
