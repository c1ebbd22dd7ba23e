package store

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/dialgraph/dialgraph/store/storetest"
)

func TestParseURL(t *testing.T) {
	for _, tt := range []struct {
		name, url, mode, addrs string
		check                  func(o *redis.UniversalOptions) bool
	}{
		{"plain", "redis://h", "", "h:6379", nil},
		{"password and database", "redis://u:p%40@h:1/3", "", "h:1",
			func(o *redis.UniversalOptions) bool { return o.Username == "u" && o.Password == "p@" && o.DB == 3 }},
		{"TLS", "rediss://h:1", "", "h:1", func(o *redis.UniversalOptions) bool { return o.TLSConfig != nil }},
		{"IPv6", "redis://[::1]", "", "[::1]:6379", nil},
		{"Sentinel", "redis+sentinel://a,b:2/main?db=4&sentinel_password=s", "sentinel", "a:26379 b:2",
			func(o *redis.UniversalOptions) bool {
				return o.MasterName == "main" && o.DB == 4 && o.SentinelPassword == "s"
			}},
		{"cluster", "rediss+cluster://a:1,b", "cluster", "a:1 b:6379",
			func(o *redis.UniversalOptions) bool { return o.TLSConfig != nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, mode, err := parseURL(tt.url)
			if err != nil {
				t.Fatalf("parseURL(%q): %v", tt.url, err)
			}
			if got := strings.Join(o.Addrs, " "); got != tt.addrs || mode != tt.mode {
				t.Errorf("parseURL(%q) = %q, mode %q, want %q, %q", tt.url, got, mode, tt.addrs, tt.mode)
			}
			if tt.check != nil && !tt.check(o) {
				t.Errorf("parseURL(%q) = %+v", tt.url, o)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct{ name, url, want string }{
		{"no scheme", "localhost:6379", "no scheme"},
		{"another scheme", "http://h", "unknown scheme"},
		{"another mode", "redis+mesh://h", "unknown scheme"},
		{"no host", "redis://", "host is missing"},
		{"a hole in the list", "redis+cluster://a,,b", "host is missing"},
		{"list without a mode", "redis://a,b", "several hosts"},
		{"no master", "redis+sentinel://a", "no master"},
		{"database of a cluster", "redis+cluster://a/1", "no databases"},
		{"database by name", "redis://a/main", "want a number"},
		{"bad port", "redis://a:http", "port"},
		{"unknown parameter", "redis://a?dbb=1", "unknown parameter"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(tt.url)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open(%q) = %v, want an error with %q", tt.url, err, tt.want)
			}
		})
	}
}

func TestOpenAsksSentinel(t *testing.T) {
	s := open(t, storetest.Sentinel(t), new(clock))
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Sites().Put(t.Context(), Site{Site: "kyiv", Region: "UA"}, nil); err != nil {
		t.Error(err)
	}
}

func TestOpenKeepsThePasswordToItself(t *testing.T) {
	_, err := Open("redis://u:secret%zz@h:1")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Open with a malformed password = %v, want an error without it", err)
	}
}
