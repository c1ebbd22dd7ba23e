package api

import (
	"strings"
	"testing"
)

func TestPromptsAreServedWithoutAKey(t *testing.T) {
	s := newService(t)
	path := "/prompts/" + promptHash + ".wav"
	x := s.want(200, "GET", path, "", "Authorization", "")
	for name, want := range map[string]string{
		"Content-Type": "audio/x-wav", "Content-Length": "15", "ETag": quote(promptHash), "Accept-Ranges": "bytes",
		"Cache-Control": "public, max-age=31536000, immutable",
	} {
		if got := x.header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if x.body != "RIFF sound WAVE" {
		t.Errorf("body %q", x.body)
	}
	if x := s.want(206, "GET", path, "", "Range", "bytes=5-9"); x.body != "sound" {
		t.Errorf("range is %q, want sound", x.body)
	}
	s.want(304, "GET", path, "", "If-None-Match", quote(promptHash))
	if x := s.want(200, "HEAD", path, ""); x.body != "" || x.header.Get("Content-Length") != "15" {
		t.Errorf("HEAD answers %q, length %s", x.body, x.header.Get("Content-Length"))
	}
}

func TestPromptNamesAreHashesOnly(t *testing.T) {
	s := newService(t)
	for _, name := range []string{
		"welcome.wav", strings.ToUpper(promptHash) + ".wav", promptHash + ".mp3", promptHash, promptHash[:31] + ".wav",
		"..%2f" + promptHash + ".wav", strings.Repeat("f", 32) + ".wav", promptHash + ".wav.wav", "%00.wav",
	} {
		if x := s.do("GET", "/prompts/"+name, ""); x.status != 404 {
			t.Errorf("GET /prompts/%s: status %d, want 404", name, x.status)
		}
	}
}
