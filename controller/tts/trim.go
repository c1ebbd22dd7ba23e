package tts

import (
	"encoding/binary"
	"errors"
)

// Layout of the WAV files that espeak-ng writes: a fixed header, then 16-bit
// mono samples, little endian (http://soundfile.sapp.org/doc/WaveFormat/).
const (
	wavHeader   = 44
	wavRateAt   = 24
	wavSizeAt   = 4
	wavDataAt   = 40
	sampleBytes = 2
)

// quiet is the level below which a sample counts as silence: -44 dB of full
// scale.
const quiet = 200

// keepMillis of silence stay on both sides of the words.
const keepMillis = 30

// errSound says that the engine's file is not what trim can read.
var errSound = errors.New("not a mono 16-bit WAV file")

// trim cuts the silence before and after the words. The engine adds a third
// of a second, which would tear a number made of single words apart. A file
// that is silent throughout stays as it is: somebody wants the pause.
func trim(wav []byte) ([]byte, error) {
	if len(wav) < wavHeader || string(wav[:4]) != "RIFF" || string(wav[36:40]) != "data" {
		return nil, errSound
	}
	if binary.LittleEndian.Uint16(wav[22:]) != 1 || binary.LittleEndian.Uint16(wav[34:]) != 16 {
		return nil, errSound
	}
	samples := wav[wavHeader : len(wav)-(len(wav)-wavHeader)%sampleBytes]
	first, last := -1, -1
	for i := 0; i < len(samples); i += sampleBytes {
		if s := int16(binary.LittleEndian.Uint16(samples[i:])); s > quiet || s < -quiet {
			if first < 0 {
				first = i
			}
			last = i + sampleBytes
		}
	}
	if first < 0 {
		return wav, nil
	}
	keep := int(binary.LittleEndian.Uint32(wav[wavRateAt:])) / 1000 * keepMillis * sampleBytes
	samples = samples[max(0, first-keep):min(len(samples), last+keep)]

	out := make([]byte, wavHeader, wavHeader+len(samples))
	copy(out, wav)
	binary.LittleEndian.PutUint32(out[wavSizeAt:], uint32(wavHeader-8+len(samples)))
	binary.LittleEndian.PutUint32(out[wavDataAt:], uint32(len(samples)))
	return append(out, samples...), nil
}
