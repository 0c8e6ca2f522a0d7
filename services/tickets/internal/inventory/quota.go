package inventory

import (
	"strconv"
	"strings"
)

// quotaMark begins the ids of quotas. Areas of a seat map begin with a letter or
// a digit.
const quotaMark = "~"

// QuotaID names the quota of something that has the name. Different names have
// different ids.
//
// A quota is how often something may be used: so many places at a price, so many
// uses of a code. It is laid out as a general area of so many places that nobody
// sits in, in partitions like all others: whoever uses it claims one of them, and
// extends, sells and gives it back with the place that it is used for. So it is
// exact without a counter that all buyers touch.
func QuotaID(name ...string) string {
	var quotaID strings.Builder
	quotaID.WriteString(quotaMark)
	for _, part := range name {
		quotaID.WriteString(strconv.Itoa(len(part)) + ":" + part)
	}
	return quotaID.String()
}

// IsQuota reports whether the id of an area is that of a quota. Its partitions
// are no places of the house: they are not listed, not counted and not announced.
func IsQuota(areaID string) bool { return strings.HasPrefix(areaID, quotaMark) }
