package rules_test

import (
	"slices"
	"testing"

	"ticketmesh.dev/tools/internal/stacks/rules"
)

const root = "../../../.."

// TestCodeAsksForWhatItCanReach has a command that asks in every way, and a package
// with more than it uses.
func TestCodeAsksForWhatItCanReach(t *testing.T) {
	t.Parallel()
	const folder = "tools/internal/stacks/rules/testdata/cmd/asks"
	code, err := rules.Inspect(t.Context(), root, []string{folder})
	if err != nil {
		t.Fatal(err)
	}
	got := code[folder]
	want := rules.Code{
		Reads:   []string{"TICKETMESH_BUS", "TICKETMESH_QUEUE"},
		Needs:   []string{"TICKETMESH_QUEUE"},
		Calls:   []string{"dynamodb:GetItem", "dynamodb:PutItem", "events:PutEvents", "secretsmanager:GetSecretValue", "sqs:SendMessage"},
		Indexes: []string{"byQueue"},
	}
	if !slices.Equal(got.Reads, want.Reads) || !slices.Equal(got.Needs, want.Needs) || !slices.Equal(got.Calls, want.Calls) || !slices.Equal(got.Indexes, want.Indexes) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCodeThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := rules.Inspect(t.Context(), root, []string{"tools/internal/stacks/rules/testdata/cmd/none"}); err == nil {
		t.Error("there is no error")
	}
}
