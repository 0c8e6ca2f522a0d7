package aws_test

import (
	"net/http"
	"strings"
)

// measured has a stack's API tell CloudWatch of its cold start.
func measured(stack string) scenario {
	return scenario{"metrics of " + stack, func(a *attempt) {
		a.ok(a.Restart(stack))
		before := len(a.log.String())
		a.call(http.StatusOK, "GET", "/"+stack+"/healthz", nobody, nil, nil)
		if said := a.log.String()[before:]; !strings.Contains(said, `"Function":"ticketmesh-`+stage+`-`+stack+`-api","Stage":"`+stage+`"`) {
			a.fail("the log says\n%s", said)
		}
	}}
}
