package jsoncodec

import (
	"encoding/json"
	"fmt"
	"reflect"

	"ticketmesh.dev/services/shows/internal/sales"
)

// EncodeSales returns nothing where only the public buys.
func EncodeSales(rules sales.Rules) ([]byte, error) {
	if reflect.DeepEqual(rules, sales.Rules{}) {
		return nil, nil
	}
	return json.Marshal(rules)
}

// DecodeSales reads what EncodeSales has written.
func DecodeSales(text []byte) (sales.Rules, error) {
	var rules sales.Rules
	if len(text) == 0 {
		return rules, nil
	}
	if err := json.Unmarshal(text, &rules); err != nil {
		return sales.Rules{}, fmt.Errorf("stored sales: %w", err)
	}
	return rules, nil
}
