package api

import (
	"fmt"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A Duration reads and writes as in a menu: 20s, 1m30s, 500ms.
type Duration time.Duration

// MarshalText writes the duration as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads, of 0 to 24 h.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 || v > 24*time.Hour {
		return fmt.Errorf("%.40q: want a time such as 20s or 1m30s, at most 24h", text)
	}
	*d = Duration(v)
	return nil
}

// Schema is a string for the OpenAPI document.
func (Duration) Schema(huma.Registry) *huma.Schema {
	s := huma.SchemaFromType(nil, reflect.TypeFor[string]())
	s.Pattern = `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$|^0$`
	s.PatternDescription = "a time such as 20s or 1m30s"
	s.MaxLength = ptr(32)
	s.Examples = []any{"20s"}
	s.PrecomputeMessages()
	return s
}

func ptr[T any](v T) *T { return &v }
