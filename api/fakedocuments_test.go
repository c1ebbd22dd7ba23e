package api

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/dialgraph/dialgraph/dialplan"
)

// fakeMenus keeps menus as the store does.
type fakeMenus struct {
	mu       sync.Mutex
	versions map[string][]MenuVersion
	document map[string][]byte
	active   map[string]string
	used     string
}

func (m *fakeMenus) List(_ context.Context, after string, limit int) (page []MenuState, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(m.versions)) {
		if name > after && len(page) < limit {
			page = append(page, MenuState{name, m.active[name]})
		}
	}
	return page, nil
}

func (m *fakeMenus) Active(_ context.Context, menu string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.versions[menu] == nil {
		return "", ErrNotFound
	}
	return m.active[menu], nil
}

func (m *fakeMenus) Get(_ context.Context, menu, version string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, ok := m.document[menu+version]; ok {
		return d, nil
	}
	return nil, ErrNotFound
}

func (m *fakeMenus) Versions(_ context.Context, menu string) ([]MenuVersion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.versions[menu] == nil {
		return nil, ErrNotFound
	}
	all := slices.Clone(m.versions[menu])
	slices.Reverse(all)
	for i := range all {
		all[i].Active = all[i].Version == m.active[menu]
	}
	return all, nil
}

func (m *fakeMenus) Put(_ context.Context, menu string, document []byte) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	loaded, err := dialplan.Load(document, dialplan.Options{})
	if err != nil {
		return "", false, err
	}
	version := loaded.Version()
	_, there := m.document[menu+version]
	if !there {
		m.versions[menu] = append(m.versions[menu], MenuVersion{Version: version, Added: noon})
		m.document[menu+version] = document
	}
	return version, !there, nil
}

func (m *fakeMenus) Activate(_ context.Context, menu, version string, check Check[MenuState]) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.document[menu+version] == nil {
		return ErrNotFound
	}
	if err := ask(check, MenuState{menu, m.active[menu]}, true); err != nil {
		return err
	}
	m.active[menu] = version
	return nil
}

func (m *fakeMenus) Delete(_ context.Context, menu string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.versions[menu] == nil:
		return ErrNotFound
	case m.used == menu:
		return ErrInUse
	}
	delete(m.versions, menu)
	delete(m.active, menu)
	return nil
}

// fakeOutages keeps flags by site, source and address.
type fakeOutages struct {
	mu    sync.Mutex
	flags []Outage
	fail  error
}

func (o *fakeOutages) Lookup(_ context.Context, site, address string) (Outage, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for _, f := range o.flags {
			if f.Site == site && f.Address == address {
				return f, true, o.fail
			}
		}
		i := strings.LastIndexByte(address, '/')
		if i < 0 {
			return Outage{}, false, o.fail
		}
		address = address[:i]
	}
}

func place(o Outage) string { return o.Site + " " + o.Source + " " + o.Address }

func (o *fakeOutages) List(_ context.Context, site string, after OutagePlace, limit int) (page []Outage, _ error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.SortFunc(o.flags, func(a, b Outage) int { return strings.Compare(place(a), place(b)) })
	for _, f := range o.flags {
		if f.Site == site && place(f) > place(Outage{Site: site, Source: after.Source, Address: after.Address}) && len(page) < limit {
			page = append(page, f)
		}
	}
	return page, o.fail
}

func (o *fakeOutages) Set(_ context.Context, v Outage) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if strings.Contains(v.Address, "//") {
		return Invalid{{Location: "address", Message: "level 2: empty"}}
	}
	o.flags = append(slices.DeleteFunc(o.flags, func(f Outage) bool { return place(f) == place(v) }), v)
	return o.fail
}

func (o *fakeOutages) Clear(_ context.Context, site, source, address string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	was := len(o.flags)
	o.flags = slices.DeleteFunc(o.flags, func(f Outage) bool {
		return place(f) == place(Outage{Site: site, Source: source, Address: address})
	})
	if len(o.flags) == was {
		return ErrNotFound
	}
	return nil
}

func (o *fakeOutages) Import(_ context.Context, site, source string) (OutageImport, error) {
	return &fakeImport{o: o, site: site, source: source}, nil
}

type fakeImport struct {
	o            *fakeOutages
	site, source string
	added        []Outage
}

func (i *fakeImport) Add(_ context.Context, v Outage) error {
	if strings.Contains(v.Address, "//") {
		return Invalid{{Location: "address", Message: "level 2: empty"}}
	}
	i.added = append(i.added, v)
	return i.o.fail
}

func (i *fakeImport) Commit(context.Context) error {
	i.o.mu.Lock()
	defer i.o.mu.Unlock()
	i.o.flags = slices.DeleteFunc(i.o.flags, func(f Outage) bool { return f.Site == i.site && f.Source == i.source })
	i.o.flags = append(i.o.flags, i.added...)
	return nil
}
