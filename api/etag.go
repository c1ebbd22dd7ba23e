package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Conditions are the headers that make a request depend on the state of what
// it is for (RFC 9110, 13.1).
type Conditions struct {
	IfMatch     string `header:"If-Match" maxLength:"1024" doc:"Only when the resource has one of these ETags; * for any, as long as it exists"`
	IfNoneMatch string `header:"If-None-Match" maxLength:"1024" doc:"Only when the resource has none of these ETags; * when it must not exist yet"`
}

// hold tells whether the request may go on; tag is "" for what does not exist.
func (c Conditions) hold(tag string) bool {
	if c.IfMatch != "" && !matches(c.IfMatch, tag) {
		return false
	}
	return c.IfNoneMatch == "" || !matches(c.IfNoneMatch, tag)
}

// matches looks for the tag in a list such as `"abc", W/"def"` or `*`.
func matches(list, tag string) bool {
	if tag == "" {
		return false
	}
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// checkOf is the check that a change has to pass, nil when the request names
// no condition.
func checkOf[T any](c Conditions) Check[T] {
	if c == (Conditions{}) {
		return nil
	}
	return func(now *T) error {
		tag := ""
		if now != nil {
			tag = etag(*now)
		}
		if !c.hold(tag) {
			return ErrPrecondition
		}
		return nil
	}
}

// answer is the resource with its ETag, or 304 when the client has it already.
func answer[T any](c Conditions, v T) (*oneOutput[T], error) {
	tag := etag(v)
	if c.IfMatch != "" && !matches(c.IfMatch, tag) {
		return nil, ErrPrecondition
	}
	if c.IfNoneMatch != "" && matches(c.IfNoneMatch, tag) {
		return &oneOutput[T]{Status: http.StatusNotModified, ETag: tag, Body: v}, nil
	}
	return &oneOutput[T]{Status: http.StatusOK, ETag: tag, Body: v}, nil
}

// etag is made of the resource's content: the same on every controller.
func etag(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // resources are plain data
		panic(fmt.Sprintf("api: marshal %T: %v", v, err))
	}
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}
