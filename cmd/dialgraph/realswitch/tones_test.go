//go:build freeswitch

package realswitch

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Every prompt of the tests is a tone of its own, and so is every voice: what
// is heard on a leg tells by itself which prompt it is. A prompt begins with
// the mark, so that a prompt which begins anew is heard as a new one.
const (
	mark       = "|"
	markTime   = 100 * time.Millisecond
	firstTone  = 400 // Hz
	toneStep   = 100 // Hz; frames of 20 ms tell multiples of 50 Hz apart
	sampleRate = 8000
	amplitude  = 6000
	voice      = "voice" // loud, and none of the tones
	loud       = 120     // mean level from which a frame is no silence
	toneShare  = 0.5     // of a frame's energy
)

// tones are the names of the tones, by rising frequency.
var tones = []string{
	mark, "caller", "agent", "music", "greeting", "outage", "main", "wrong", "silent", "given-up", "connecting",
	"afterwards", "ticket", "thanks", "busy", "left", "first", "second", "third", "arrived", "lost", "whisper",
	"fallback", "long", "goodbye", "other",
}

// lengths of the prompts that are not as long as the others.
var lengths = map[string]time.Duration{"music": 10 * time.Second, "long": 6 * time.Second, "main": time.Second, "first": 3 * time.Second, "second": 3 * time.Second, "third": 3 * time.Second}

const promptLength = 700 * time.Millisecond

func frequency(name string) float64 {
	return float64(firstTone + toneStep*slices.Index(tones, name))
}

// writePrompts writes a WAV file for each tone.
func writePrompts(dir string) error {
	for _, name := range tones[1:] {
		length, ok := lengths[name]
		if !ok {
			length = promptLength
		}
		sound := append(wave(mark, markTime), wave(name, length-markTime)...)
		if name == "music" { // plays again and again
			sound = wave(name, length)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".wav"), wav(sound), 0o644); err != nil { // FreeSWITCH reads it as another user
			return err
		}
	}
	return nil
}

// wave is a tone, in samples.
func wave(name string, length time.Duration) []int16 {
	all := make([]int16, int(length.Seconds()*sampleRate))
	for i := range all {
		all[i] = int16(amplitude * math.Sin(2*math.Pi*frequency(name)*float64(i)/sampleRate))
	}
	return all
}

// wav is a file of 16-bit samples, mono.
func wav(sound []int16) []byte {
	var b bytes.Buffer
	size := uint32(2 * len(sound))
	b.WriteString("RIFF")
	for _, field := range []any{
		36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(sampleRate), uint32(2 * sampleRate),
		uint16(2), uint16(16), []byte("data"), size, sound,
	} {
		_ = binary.Write(&b, binary.LittleEndian, field) // a buffer takes everything
	}
	return b.Bytes()
}

// expanded are the samples that PCMU bytes stand for (ITU-T G.711).
var expanded = func() (table [256]int) {
	for i := range table {
		b := ^byte(i)
		table[i] = (int(b&0x0f)<<3+0x84)<<(b>>4&7) - 0x84
		if b&0x80 == 0 {
			continue
		}
		table[i] = -table[i]
	}
	return table
}()

// compress is the PCMU byte whose sample is nearest.
func compress(sample int) byte {
	best, found := math.MaxInt, 0
	for i, v := range expanded {
		if d := max(v-sample, sample-v); d < best {
			best, found = d, i
		}
	}
	return byte(found)
}

// voiceFrame is a frame in which a telephone speaks, as PCMU: it can be
// repeated for ever.
func voiceFrame(name string) []byte {
	frame := make([]byte, samples)
	for i, sample := range wave(name, frameTime) {
		frame[i] = compress(int(sample))
	}
	return frame
}

// recognise tells what a frame sounds like: "" for silence, the name of a
// tone, or voice.
func recognise(ulaw []byte) string {
	level, energy := 0, 0.0
	for _, b := range ulaw {
		level += max(expanded[b], -expanded[b])
		energy += float64(expanded[b]) * float64(expanded[b])
	}
	if len(ulaw) == 0 || level/len(ulaw) < loud {
		return ""
	}
	best, share := voice, toneShare
	for _, name := range tones {
		if s := power(ulaw, frequency(name)) / energy; s > share {
			best, share = name, s
		}
	}
	return best
}

// power is the energy of a frame at one frequency (Goertzel).
func power(ulaw []byte, f float64) float64 {
	k := 2 * math.Cos(2*math.Pi*f/sampleRate)
	var s1, s2 float64
	for _, b := range ulaw {
		s1, s2 = float64(expanded[b])+k*s1-s2, s1
	}
	return (s1*s1 + s2*s2 - k*s1*s2) * 2 / float64(len(ulaw))
}

func TestTonesAreToldApart(t *testing.T) {
	for _, name := range tones {
		if got := recognise(voiceFrame(name)); got != name {
			t.Errorf("a frame of %s at %v Hz sounds like %q", name, frequency(name), got)
		}
	}
	if got := recognise(bytes.Repeat([]byte{0xff}, samples)); got != "" {
		t.Errorf("a frame of silence sounds like %q", got)
	}
	if top := frequency(tones[len(tones)-1]); top > 3300 {
		t.Errorf("the highest tone is %v Hz, more than a telephone carries", top)
	}
}
