package api

import (
	"net/http"
	"os"
	"regexp"
	"time"

	"github.com/go-chi/chi/v5"
)

// Prompts are the rendered prompts on this machine.
type Prompts interface {
	// Path is where the file NAME.wav stands. An error means that it was not
	// rendered here.
	Path(name string) (string, error)
}

// promptName is the hash of what is said and how, so its content never changes.
var promptName = regexp.MustCompile(`^[0-9a-f]{32}$`)

// prompts serves the files that FreeSWITCH fetches (mod_http_cache), without a
// key: whoever calls hears them anyway.
func (a *API) prompts() {
	if a.cfg.Prompts == nil {
		return
	}
	serve := func(w http.ResponseWriter, r *http.Request) {
		name := chi.URLParam(r, "name")
		if promptName.MatchString(name) {
			if path, err := a.cfg.Prompts.Path(name + ".wav"); err == nil && sendPrompt(w, r, name, path) {
				return
			}
		}
		a.write(w, r, newProblem(http.StatusNotFound, "no such prompt was rendered here"))
	}
	a.router.Get("/prompts/{name}.wav", serve)
	a.router.Head("/prompts/{name}.wav", serve)
}

// sendPrompt sends the file, or the part that a Range asks for. It is false,
// and nothing was sent, when the file cannot be opened.
func sendPrompt(w http.ResponseWriter, r *http.Request, name, path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // it was only read
	w.Header().Set("Content-Type", "audio/x-wav")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("ETag", quote(name))
	http.ServeContent(w, r, "", time.Time{}, f)
	return true
}
