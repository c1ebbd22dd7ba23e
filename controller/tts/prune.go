package tts

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// pruneEvery is how many new files may come before the folder is measured.
const pruneEvery = 256

// A pruner keeps a folder below a size: texts that carry a name or an address
// are heard once and would fill the disk in a year.
type pruner struct {
	dir string
	max int64

	mu  sync.Mutex
	new int
}

// added counts a new file and tidies up when it is time to.
func (p *pruner) added() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.new++; p.new < pruneEvery {
		return nil
	}
	p.new = 0
	return p.prune()
}

// prune removes the oldest files until the folder is at nine tenths of its size.
func (p *pruner) prune() error {
	var files []fs.FileInfo
	var total int64
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return fmt.Errorf("measure prompts folder: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !fileName.MatchString(e.Name()) {
			continue
		}
		files = append(files, info)
		total += info.Size()
	}
	if total <= p.max {
		return nil
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Compare(a.ModTime().UnixNano(), b.ModTime().UnixNano())
	})
	for _, f := range files {
		if total <= p.max/10*9 {
			break
		}
		if err := os.Remove(filepath.Join(p.dir, f.Name())); err != nil {
			return fmt.Errorf("tidy prompts folder: %w", err)
		}
		if err := os.Remove(filepath.Join(p.dir, strings.TrimSuffix(f.Name(), ".wav")+".txt")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("tidy prompts folder: %w", err)
		}
		total -= f.Size()
	}
	return nil
}
