package controller

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/dialgraph/dialgraph/internal/drawtest"
)

func TestRecordIsEncodedAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Record
		drawtest.Into(t, &r)
		got, err := r.Encode()
		want, fault := json.Marshal(r)
		if string(got) != string(want) || err != nil || fault != nil {
			t.Errorf("Encode = %s, %v\nwant     %s, %v", got, err, want, fault)
		}
	})
}
