package stacks_test

import (
	"testing"

	"ticketmesh.dev/tools/internal/stacks"
)

const root = "../../.."

func TestEveryStageDeploys(t *testing.T) {
	t.Parallel()
	templates, err := stacks.Load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range stacks.Stages {
		account, err := templates.Deploy(stage)
		if err != nil {
			t.Error(err)
		}
		t.Log(stage, account.Order(), len(account.Resources()))
	}
}
