//go:build freeswitch

package realswitch

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// Prompts reach FreeSWITCH in a folder, or over HTTP.
func TestPromptsAreHeard(t *testing.T) {
	listen := func(l *line) {
		c := l.call(spoken)
		c.walks("voice")
		c.press("1")
		c.hears("goodbye", "voice")
		c.isHungUp()
		if r := l.crm.record(l.owner(c).Call); r.Missing != 0 {
			l.t.Errorf("%d prompts were missing", r.Missing)
		}
	}
	t.Run("rendered texts from a folder", func(t *testing.T) {
		listen(open(t))
	})
	t.Run("rendered texts and recordings over HTTP", func(t *testing.T) {
		var l *line
		balancer := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { // in front of the controllers
			to, err := url.Parse(l.alive().http)
			if err != nil {
				t.Error(err)
			}
			r.SetURL(to)
		}}
		web := http.NewServeMux()
		web.Handle("/prompts/", balancer)
		web.Handle("/recordings/", http.StripPrefix("/recordings/", http.FileServer(http.Dir(settings.sounds))))
		served := httptest.NewServer(web)
		t.Cleanup(served.Close)
		l = open(t, "prompts-url="+served.URL, "recordings="+served.URL+"/recordings")
		listen(l)
		c := l.callMenu()
		c.walks("key 2 ticket key 4711# voice other key # thanks")
	})
}

// Files of prompts are not there: the caller's digits count all the same.
func TestPromptsAreMissing(t *testing.T) {
	l := open(t)
	c := l.call(missing)
	c.press("1")
	c.hears("ticket")
	c.press("4711#")
	c.hears("thanks")
	c.isHungUp()
	if r := l.crm.record(l.owner(c).Call); r.Missing < 2 {
		t.Errorf("%d prompts were missing, want at least 2", r.Missing)
	}
}
