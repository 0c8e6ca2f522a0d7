package event

// For the tests that hold the fast path to the SDK and to encoding/json.
var (
	ParseWithSDK = parseWithSDK
	Valid        = valid
)
