package tracing_test

import (
	"testing"

	"ticketmesh.dev/platform/tracing"
)

const (
	traceID   = "5759e988bd862e3fe1be46a994272793"
	segmentID = "53995c3f42cd8ad8"
)

func TestBothFormsOfALinkAreRead(t *testing.T) {
	t.Parallel()
	sampled := tracing.Link{TraceID: traceID, SegmentID: segmentID, Sampled: true}
	not := tracing.Link{TraceID: traceID, SegmentID: segmentID}
	none := tracing.Link{}
	tests := []struct {
		name, give string
		want       tracing.Link
	}{
		{"header", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", sampled},
		{"header in another order, with more in it", "Self=1-67891234-12456789abcdef012345678; Sampled=1;Parent=53995c3f42cd8ad8;Lineage=1:8a:0;Root=1-5759e988-bd862e3fe1be46a994272793", sampled},
		{"header, not sampled", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0", not},
		{"header, nothing decided", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=?", not},
		{"header without parent", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", none},
		{"header without trace", "Parent=53995c3f42cd8ad8;Sampled=1", none},
		{"header of another version", "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8", none},
		{"header in capitals", "Root=1-5759E988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8", none},
		{"header with a trace cut short", "Root=1-5759e988-bd862e3f;Parent=53995c3f42cd8ad8", none},
		{"header with a parent too long", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8a;Sampled=1", none},
		{"traceparent", "00-" + traceID + "-" + segmentID + "-01", sampled},
		{"traceparent, not sampled", "00-" + traceID + "-" + segmentID + "-02", not},
		{"traceparent of a later version", "01-" + traceID + "-" + segmentID + "-03-more", sampled},
		{"traceparent with a tail", "00-" + traceID + "-" + segmentID + "-01-more", none},
		{"traceparent of the forbidden version", "ff-" + traceID + "-" + segmentID + "-01", none},
		{"traceparent of no version", "zz-" + traceID + "-" + segmentID + "-01", none},
		{"traceparent with flags that are none", "00-" + traceID + "-" + segmentID + "-0z", none},
		{"traceparent of a trace of zeros", "00-00000000000000000000000000000000-" + segmentID + "-01", none},
		{"traceparent of a parent of zeros", "00-" + traceID + "-0000000000000000-01", none},
		{"empty", "", none},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := tracing.Parse(tt.give)
			if got != tt.want || ok != (tt.want != none) {
				t.Fatalf("got %+v, %v, want %+v", got, ok, tt.want)
			}
			if !ok {
				return
			}
			for _, form := range []string{got.Header(), got.TraceParent()} {
				if again, _ := tracing.Parse(form); again != got {
					t.Errorf("%s is read as %+v", form, again)
				}
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
	f.Add("00-" + traceID + "-" + segmentID + "-01")
	f.Fuzz(func(t *testing.T, text string) {
		l, ok := tracing.Parse(text)
		if !ok {
			return
		}
		for _, form := range []string{l.Header(), l.TraceParent()} {
			if again, _ := tracing.Parse(form); again != l {
				t.Errorf("%q gives %+v, and its %s %+v", text, l, form, again)
			}
		}
	})
}
