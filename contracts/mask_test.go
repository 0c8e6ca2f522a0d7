package contracts_test

import (
	"testing"

	"ticketmesh.dev/contracts"
)

func TestMaskReplacesWhatSchemasMark(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, eventType, give, want string }{
		{
			"nested and in lists", "ticketmesh.tickets.order.confirmed.v1",
			`{"orderId":"1","recipient":{"customerId":"c","email":"a@example.com"},"tickets":[{"ticketId":"t","code":"secret"}]}`,
			`{"orderId":"1","recipient":{"customerId":"c","email":"***"},"tickets":[{"code":"***","ticketId":"t"}]}`,
		},
		{
			"several recipients", "ticketmesh.tickets.ticket.transferred.v1",
			`{"code":"secret","from":{"email":"a@example.com"},"to":{"email":"b@example.com"},"version":9007199254740993}`,
			`{"code":"***","from":{"email":"***"},"to":{"email":"***"},"version":9007199254740993}`,
		},
		{"nothing sensitive", "ticketmesh.tickets.ticket.admitted.v1", `{"gate":"north"}`, `{"gate":"north"}`},
		{"unknown type", "com.example.secret.v1", `{"password":"x"}`, `{}`},
	}
	masker := contracts.NewMasker()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := masker.Mask(tt.eventType, []byte(tt.give))
			if err != nil || string(got) != tt.want {
				t.Errorf("Mask() = %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}
