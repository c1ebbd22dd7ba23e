package tts

import (
	"bytes"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// wave builds a mono 16-bit file of 8,000 samples a second.
func wave(samples []int16) []byte {
	b := make([]byte, wavHeader)
	copy(b, "RIFF")
	copy(b[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint16(b[22:], 1)
	binary.LittleEndian.PutUint32(b[wavRateAt:], 8000)
	binary.LittleEndian.PutUint16(b[34:], 16)
	copy(b[36:], "data")
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func TestTrimKeepsTheWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := rapid.IntRange(0, 4000).Draw(t, "before"), rapid.IntRange(0, 4000).Draw(t, "after")
		words := rapid.SliceOfN(rapid.Int16Range(quiet+1, 30000), 1, 500).Draw(t, "words")
		samples := append(make([]int16, before), words...)
		samples = append(samples, make([]int16, after)...)

		got, err := trim(wave(samples))
		if err != nil {
			t.Fatal(err)
		}
		const kept = 8 * keepMillis
		want := wave(samples[max(0, before-kept):min(len(samples), before+len(words)+kept)])
		if !bytes.Equal(got[wavHeader:], want[wavHeader:]) {
			t.Fatalf("trim kept %d bytes of sound, want %d", len(got)-wavHeader, len(want)-wavHeader)
		}
		if size := binary.LittleEndian.Uint32(got[wavDataAt:]); int(size) != len(got)-wavHeader {
			t.Fatalf("the header says %d bytes of sound, there are %d", size, len(got)-wavHeader)
		}
	})
}

func TestTrimLeavesAPauseAlone(t *testing.T) {
	pause := wave(make([]int16, 2400))
	if got, err := trim(pause); err != nil || !bytes.Equal(got, pause) {
		t.Errorf("trim of a pause = %d bytes, %v, want %d", len(got), err, len(pause))
	}
}

func FuzzTrim(f *testing.F) {
	f.Add(wave([]int16{0, 1000, 0}))
	f.Add([]byte("RIFF"))
	f.Fuzz(func(t *testing.T, wav []byte) {
		if got, err := trim(wav); err == nil && len(got) > len(wav) {
			t.Errorf("trim made %d bytes out of %d", len(got), len(wav))
		}
	})
}
