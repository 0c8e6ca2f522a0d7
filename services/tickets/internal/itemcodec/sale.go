package itemcodec

import (
	"encoding/json"
	"fmt"

	"ticketmesh.dev/services/tickets/internal/performance"
)

// EncodeSale is nil, which is null, for what the public does.
func EncodeSale(sale performance.Sale) (any, error) {
	if sale == (performance.Sale{}) {
		return nil, nil
	}
	text, err := json.Marshal(sale)
	return text, err
}

// DecodeSale reads what EncodeSale returned.
func DecodeSale(text []byte) (performance.Sale, error) {
	var sale performance.Sale
	if len(text) == 0 {
		return sale, nil
	}
	if err := json.Unmarshal(text, &sale); err != nil {
		return sale, fmt.Errorf("stored sale: %w", err)
	}
	return sale, nil
}
