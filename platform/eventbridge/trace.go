package eventbridge

import (
	"encoding/hex"
	"strings"
)

// traceHeader is X-Ray's form of a W3C traceparent, which has the same ids; ""
// when it is none. EventBridge passes it on to its targets, and SQS keeps it in
// the message's AWSTraceHeader.
func traceHeader(traceParent string) string {
	parts := strings.Split(traceParent, "-") // version, trace id, parent id, flags
	if len(parts) != 4 || parts[0] != "00" || len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return ""
	}
	if _, err := hex.DecodeString(parts[1] + parts[2]); err != nil {
		return ""
	}
	flags, err := hex.DecodeString(parts[3])
	if err != nil {
		return ""
	}
	sampled := "0"
	if flags[0]&1 == 1 {
		sampled = "1"
	}
	return "Root=1-" + parts[1][:8] + "-" + parts[1][8:] + ";Parent=" + parts[2] + ";Sampled=" + sampled
}
