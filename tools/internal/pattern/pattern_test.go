package pattern_test

import (
	"encoding/json"
	"testing"

	"ticketmesh.dev/tools/internal/pattern"
)

func TestEventsAreMatchedAsEventBridgeDoes(t *testing.T) {
	t.Parallel()
	const event = `{"source": "aws.ses", "detail": {"kind": "sent", "n": 3, "none": null, "tags": {"set": ["a", "b"]}}}`
	for _, tt := range []struct {
		name, pattern string
		want          bool
	}{
		{"a value", `{"source": ["x", "aws.ses"]}`, true},
		{"another value", `{"source": ["aws"]}`, false},
		{"within", `{"detail": {"kind": ["sent"]}}`, true},
		{"all members", `{"source": ["aws.ses"], "detail": {"kind": ["lost"]}}`, false},
		{"a member that is not there", `{"detail-type": ["x"]}`, false},
		{"within what is not there", `{"other": {"kind": ["sent"]}}`, false},
		{"one of an array", `{"detail": {"tags": {"set": ["b"]}}}`, true},
		{"a number", `{"detail": {"n": [3]}}`, true},
		{"a number as text", `{"detail": {"n": ["3"]}}`, false},
		{"null", `{"detail": {"none": [null]}}`, true},
		{"null of what is not there", `{"detail": {"other": [null]}}`, false},
		{"a prefix", `{"source": [{"prefix": "aws."}]}`, true},
		{"another prefix", `{"source": [{"prefix": "ticketmesh."}]}`, false},
		{"it exists", `{"source": [{"exists": true}]}`, true},
		{"it does not exist", `{"replay-name": [{"exists": false}]}`, true},
		{"it exists, though it should not", `{"source": [{"exists": false}]}`, false},
		{"objects do not exist", `{"detail": [{"exists": true}]}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := pattern.Parse(tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			var decoded any
			if err := json.Unmarshal([]byte(event), &decoded); err != nil {
				t.Fatal(err)
			}
			if got := p.Matches(decoded); got != tt.want {
				t.Errorf("matches: %v", got)
			}
		})
	}
}

func TestPatternsThatAreNotKnownAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, `{"source": "aws.ses"}`, `{"n": [{"numeric": [">", 0]}]}`, `{"$or": [{"a": ["b"]}]}`, `{"a": {"b": "c"}}`, `[`} {
		if _, err := pattern.Parse(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}
