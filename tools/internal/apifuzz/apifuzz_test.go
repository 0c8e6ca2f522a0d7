package apifuzz_test

import (
	"slices"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/apifuzz"
)

func TestAPanicAndAnErrorAreFoundInALog(t *testing.T) {
	t.Parallel()
	info, warning := `{"level":"INFO","msg":"request"}`, `{"level":"WARN","msg":"again"}`
	for _, tt := range []struct {
		name string
		give []string
		want []string
	}{
		{"an empty log", nil, nil},
		{"what is usual", []string{info, warning}, nil},
		{"an error", []string{info, `{"level":"ERROR","msg":"panic"}`}, []string{`{"level":"ERROR","msg":"panic"}`}},
		{"a panic of the process", []string{info, "panic: boom", "", info}, []string{"panic: boom", ""}},
		{"what is no record of the log", []string{`{"msg":"?"}`}, []string{`{"msg":"?"}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := apifuzz.Alarming(strings.NewReader(strings.Join(tt.give, "\n")))
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
