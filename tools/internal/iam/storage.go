package iam

import (
	"net/http"
	"strings"
)

// s3 reads requests by path: /bucket/key.
func (a Account) s3(r *http.Request) (operation string, needs []Request, err error) {
	bucket, key, object := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	object = object && key != ""
	need := func(action string) []Request {
		arn := "arn:aws:s3:::" + bucket
		if object {
			arn += "/" + key
		}
		return []Request{{Action: "s3:" + action, Resource: arn}}
	}
	switch {
	case object && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return "GetObject", need("GetObject"), nil
	case object && r.Method == http.MethodPut:
		return "PutObject", need("PutObject"), nil
	case object && r.Method == http.MethodDelete:
		return "DeleteObject", need("DeleteObject"), nil
	case !object && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return "ListBucket", need("ListBucket"), nil
	}
	return "", nil, nil
}
