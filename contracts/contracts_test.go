package contracts_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"ticketmesh.dev/contracts"
)

func newValidator(t *testing.T) *contracts.Validator {
	t.Helper()
	validator, err := contracts.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	return validator
}

func TestEveryTypeHasASchemaThatCompiles(t *testing.T) {
	t.Parallel()
	validator := newValidator(t)
	if got := len(validator.Types()); got < 22 {
		t.Fatalf("%d event types, want the 22 of the design at least", got)
	}
	for _, eventType := range validator.Types() {
		err := validator.Validate(eventType, []byte(`{}`))
		if err == nil || errors.Is(err, contracts.ErrUnknownType) || !strings.Contains(err.Error(), "missing propert") {
			t.Errorf("%s: an empty object gives %v, want missing properties", eventType, err)
		}
		if id := validator.SchemaID(eventType); !strings.HasSuffix(id, ".v1.schema.json") {
			t.Errorf("%s: schema id %q", eventType, id)
		}
	}
}

// TestExamplesAreEventsOfTheirSchema checks every example whole: envelope and data.
func TestExamplesAreEventsOfTheirSchema(t *testing.T) {
	t.Parallel()
	validator := newValidator(t)
	examples := map[string]int{}
	err := fs.WalkDir(contracts.Files, "events", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(path.Dir(file)) != "examples" {
			return err
		}
		text, err := contracts.Files.ReadFile(file)
		if err != nil {
			return err
		}
		var e struct {
			SpecVersion, ID, Source, Type, Subject, Time, DataContentType, DataSchema string
			Data                                                                      json.RawMessage
		}
		if err := json.Unmarshal(text, &e); err != nil {
			t.Errorf("%s: %v", file, err)
			return nil
		}
		service := path.Base(path.Dir(path.Dir(file)))
		switch {
		case e.SpecVersion != "1.0", e.DataContentType != "application/json", e.ID == "", e.Subject == "", len(e.Time) != len("2027-06-01T18:00:00.000Z"):
			t.Errorf("%s: not a CloudEvent as the design has it", file)
		case e.Source != "/ticketmesh/"+service, !strings.HasPrefix(path.Base(file), strings.TrimPrefix(e.Type, "ticketmesh."+service+".")+"."):
			t.Errorf("%s: holds %s of %s", file, e.Type, e.Source)
		case e.DataSchema != validator.SchemaID(e.Type):
			t.Errorf("%s: dataschema is %q, want %q", file, e.DataSchema, validator.SchemaID(e.Type))
		}
		if err := validator.Validate(e.Type, e.Data); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		examples[e.Type]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, eventType := range validator.Types() {
		if examples[eventType] < 3 {
			t.Errorf("%s has %d examples, want at least 3", eventType, examples[eventType])
		}
	}
}

func TestValidateAssertsFormatsAndLargeNumbers(t *testing.T) {
	t.Parallel()
	validator := newValidator(t)
	const whole = `{"performanceId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b","areaId":"a","partition":0,"version":1,"capacity":1,"available":1,"held":0,"sold":0}`
	tests := []struct {
		name, give string
		wantErr    bool
	}{
		{"right", whole, false},
		{"unknown members are tolerated", strings.Replace(whole, `"sold"`, `"new":true,"sold"`, 1), false},
		{"format", strings.Replace(whole, "0190b5a2", "zzzzzzzz", 1), true},
		{"bound", strings.Replace(whole, `"version":1`, `"version":0`, 1), true},
		{"precision of large numbers", strings.Replace(whole, `"capacity":1`, `"capacity":9007199254740993`, 1), true},
		{"not JSON", `{`, true},
		{"two values", whole + whole, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := validator.Validate("ticketmesh.tickets.availability.changed.v1", []byte(tt.give))
			if (err != nil) != tt.wantErr {
				t.Errorf("Validate() = %v, want error %t", err, tt.wantErr)
			}
		})
	}
	if err := validator.Validate("ticketmesh.tickets.unheard.of.v1", []byte(whole)); !errors.Is(err, contracts.ErrUnknownType) {
		t.Errorf("an unknown type gives %v, want ErrUnknownType", err)
	}
}

func BenchmarkValidateOrderConfirmed(b *testing.B) {
	validator, err := contracts.NewValidator()
	if err != nil {
		b.Fatal(err)
	}
	data := []byte(`{"orderId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b","performanceId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b","version":2,"code":"ABCDEFGH23","showId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b","organizerId":"o","recipient":{"customerId":"c","email":"c@example.com","language":"en"},"total":{"amount":4200,"currency":"EUR"},"tickets":[{"ticketId":"0190b5a2-7c3e-7d4f-8a1b-2c3d4e5f6a7b","areaId":"a","seat":"1-1","priceCategory":"I","price":{"amount":4200,"currency":"EUR"},"code":"eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIn0.eyJ0IjoiIn0.c2ln"}],"confirmedAt":"2027-06-01T18:00:00.000Z"}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := validator.Validate("ticketmesh.tickets.order.confirmed.v1", data); err != nil {
			b.Fatal(err)
		}
	}
}
