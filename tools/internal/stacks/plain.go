package stacks

import (
	"regexp"
	"strings"
)

// secretProperties hold secrets: what they are must be a reference to one.
var secretProperties = regexp.MustCompile(`(?i)^(?:MasterUserPassword|.*password|AuthToken|client_?secret|SecretString|PrivateKey|AccessKey|OAuthToken)$`)

// secretVariables are names of variables that hold secrets unless they end in what says
// where one is.
var secretVariables = regexp.MustCompile(`(?i)(?:password|secret|token|private_?key|api_?key)$`)

// secretTexts look like secrets wherever they are.
var secretTexts = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]+|\bwhsec_[A-Za-z0-9]+|://[^/\s:@]+:[^/\s:@{]+@`)

// plain finds secrets that a resource has in plain text, where everybody can read them
// who may look at a stack.
func (d *deployment) plain(w where, r *Resource) {
	d.walk(w, "", r.Properties)
}

func (d *deployment) walk(w where, key string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range sortedKeys(v) {
			if key == "Variables" && secretVariables.MatchString(inner) && !located(text(v[inner])) {
				d.wrong(w.in(inner), "it holds a secret in plain text; say where the secret is")
			}
			d.walk(w.in(inner), inner, v[inner])
		}
	case []any:
		for i, inner := range v {
			d.walk(w.at(i), key, inner)
		}
	case string:
		switch {
		case secretProperties.MatchString(key) && !references.MatchString(v) && v != unknown:
			d.wrong(w, "it is a secret in plain text; use {{resolve:secretsmanager:…}}")
		case secretTexts.MatchString(v):
			d.wrong(w, "it has what looks like a secret in plain text")
		}
	}
}

// located tells the ARN or name of a secret from a secret.
func located(s string) bool {
	return s == "" || s == unknown || strings.HasPrefix(s, "arn:") || strings.HasPrefix(s, "ticketmesh/") || references.MatchString(s)
}
