package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// The snapshot of the embedded Redis is one file of lines. A line is what
// changed in one flush: a CRC-32 in hexadecimal, a space, a JSON list of
// entries, a line feed. A line counts as a whole or not at all.
const (
	snapshotFile  = "dialgraph.data"
	snapshotNew   = snapshotFile + ".new"     // being written by a compaction
	snapshotRest  = snapshotFile + ".corrupt" // what could not be read, kept for whoever wants to look
	snapshotLock  = snapshotFile + ".lock"
	snapshotBatch = 1000    // entries in a line of a compacted file
	maxSnapshot   = 1 << 30 // bytes
)

// An entry is one value that was set, or is gone: a string, or one member of
// a hash, a set or a sorted set.
type entry struct {
	Key   string `json:"k"`
	Type  string `json:"t"`           // as TYPE names it: string, hash, set, zset
	Field []byte `json:"f,omitempty"` // of a hash; the member of a set
	Value []byte `json:"v,omitempty"` // of a sorted set: the score
	Gone  bool   `json:"d,omitempty"`
}

// encodeLine is the line of a batch.
func encodeLine(batch []entry) ([]byte, error) {
	body, err := json.Marshal(batch)
	if err != nil {
		return nil, err
	}
	line := fmt.Appendf(nil, "%08x ", crc32.ChecksumIEEE(body))
	return append(append(line, body...), '\n'), nil
}

// decodeSnapshot reads lines up to the first that is damaged or cut short.
// good is how many bytes were read.
func decodeSnapshot(data []byte) (entries []entry, good int) {
	for good < len(data) {
		line, _, whole := bytes.Cut(data[good:], []byte{'\n'})
		batch, ok := decodeLine(line)
		if !whole || !ok {
			break
		}
		entries = append(entries, batch...)
		good += len(line) + 1
	}
	return entries, good
}

func decodeLine(line []byte) (batch []entry, ok bool) {
	sum, body, _ := bytes.Cut(line, []byte{' '})
	if string(sum) != fmt.Sprintf("%08x", crc32.ChecksumIEEE(body)) || json.Unmarshal(body, &batch) != nil {
		return nil, false
	}
	for _, e := range batch {
		switch e.Type {
		case "string", "hash", "set", "zset":
		default:
			return nil, false
		}
	}
	return batch, true
}

// A snapshot is the file and what it holds.
type snapshot struct {
	dir   string
	file  *os.File // appended to
	lock  *os.File
	held  map[string]*heldKey
	lines int  // entries in the file, more than are held until it is compacted
	torn  bool // half a line may be at its end: nothing may follow it
}

// A heldKey is the members of a key as the file has them. A string is one
// member without a name.
type heldKey struct {
	kind    string
	members map[string]string
}

// openSnapshot locks the folder and reads what is there. corrupt is how many
// bytes could not be read; they are set aside.
func openSnapshot(dir string) (s *snapshot, corrupt int, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, 0, fmt.Errorf("data folder: %w", err)
	}
	s = &snapshot{dir: dir, held: make(map[string]*heldKey)}
	if s.lock, err = os.OpenFile(s.path(snapshotLock), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, 0, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = s.lock.Close()
		return nil, 0, fmt.Errorf("data folder %s is in use by another process: %w", dir, err)
	}
	if corrupt, err = s.load(); err == nil {
		err = s.compact()
	}
	if err != nil {
		_ = s.close()
		return nil, 0, err
	}
	return s, corrupt, nil
}

func (s *snapshot) load() (corrupt int, err error) {
	path := s.path(snapshotFile)
	if info, err := os.Stat(path); err == nil && info.Size() > maxSnapshot {
		return 0, fmt.Errorf("data file %s: %d bytes, want at most %d", path, info.Size(), maxSnapshot)
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("data file: %w", err)
	}
	entries, good := decodeSnapshot(data)
	for _, e := range entries {
		s.hold(e)
	}
	if rest := data[good:]; len(rest) > 0 {
		if err := os.WriteFile(s.path(snapshotRest), rest, 0o600); err != nil {
			return 0, fmt.Errorf("set corrupt data aside: %w", err)
		}
		return len(rest), nil
	}
	return 0, nil
}

// hold takes over one entry.
func (s *snapshot) hold(e entry) {
	k := s.held[e.Key]
	if k == nil || k.kind != e.Type {
		k = &heldKey{kind: e.Type, members: make(map[string]string)}
		s.held[e.Key] = k
	}
	if !e.Gone {
		k.members[string(e.Field)] = string(e.Value)
		return
	}
	if delete(k.members, string(e.Field)); len(k.members) == 0 {
		delete(s.held, e.Key)
	}
}

// changes are the entries that make of what is held what is there now.
func (s *snapshot) changes(key string, now *heldKey) []entry {
	var batch []entry
	was := s.held[key]
	if was != nil && was.kind != now.kind {
		return append(s.changes(key, &heldKey{kind: was.kind}), entriesOf(key, now)...)
	}
	if was == nil {
		return entriesOf(key, now)
	}
	for member, value := range now.members {
		if old, there := was.members[member]; !there || old != value {
			batch = append(batch, entry{Key: key, Type: now.kind, Field: []byte(member), Value: []byte(value)})
		}
	}
	for member := range was.members {
		if _, there := now.members[member]; !there {
			batch = append(batch, entry{Key: key, Type: now.kind, Field: []byte(member), Gone: true})
		}
	}
	return batch
}

func entriesOf(key string, k *heldKey) []entry {
	var batch []entry
	for member, value := range k.members {
		batch = append(batch, entry{Key: key, Type: k.kind, Field: []byte(member), Value: []byte(value)})
	}
	return batch
}

// append writes a batch as one line, to the disk itself.
func (s *snapshot) append(batch []entry) error {
	if len(batch) == 0 {
		return nil
	}
	if s.torn {
		if err := s.compact(); err != nil {
			return err
		}
	}
	line, err := encodeLine(batch)
	if err == nil {
		_, err = s.file.Write(line)
	}
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		s.torn = true
		return fmt.Errorf("write data file: %w", err)
	}
	for _, e := range batch {
		s.hold(e)
	}
	s.lines += len(batch)
	if s.lines > 2*s.entries()+snapshotBatch {
		return s.compact()
	}
	return nil
}

// entries is how many values are held.
func (s *snapshot) entries() int {
	n := 0
	for _, k := range s.held {
		n += len(k.members)
	}
	return n
}

// compact writes what is held into a new file, which then takes the place of
// the old one.
func (s *snapshot) compact() error {
	next, err := os.OpenFile(s.path(snapshotNew), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("compact data file: %w", err)
	}
	lines, err := s.writeAll(next)
	if err == nil {
		err = next.Sync()
	}
	if err == nil {
		err = os.Rename(s.path(snapshotNew), s.path(snapshotFile))
	}
	if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		_ = next.Close()
		return fmt.Errorf("compact data file: %w", err)
	}
	if s.file != nil {
		_ = s.file.Close()
	}
	s.file, s.lines, s.torn = next, lines, false
	return nil
}

func (s *snapshot) writeAll(f *os.File) (lines int, err error) {
	var batch []entry
	write := func() error {
		line, err := encodeLine(batch)
		if err == nil {
			_, err = f.Write(line)
		}
		lines += len(batch)
		batch = batch[:0]
		return err
	}
	for key, k := range s.held {
		batch = append(batch, entriesOf(key, k)...)
		if len(batch) < snapshotBatch {
			continue
		}
		if err := write(); err != nil {
			return 0, err
		}
	}
	return lines, write()
}

// close lets go of the folder.
func (s *snapshot) close() error {
	var err error
	if s.file != nil {
		err = s.file.Close()
	}
	return errors.Join(err, s.lock.Close())
}

func (s *snapshot) path(name string) string { return filepath.Join(s.dir, name) }

// syncDir makes a rename last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
