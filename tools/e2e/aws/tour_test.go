package aws_test

import (
	"net/http"
	"path"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"ticketmesh.dev/contracts"
	"ticketmesh.dev/platform/id"
)

// tour is a scenario for each route of the contracts, and for the methods beside them:
// whoever asks for it gets to it, and to no other. What the answer is, is for others.
func tour() (found []scenario) {
	documents, err := contracts.Files.ReadDir("api")
	if err != nil {
		panic(err)
	}
	for _, file := range documents {
		service, ok := strings.CutSuffix(file.Name(), ".openapi.yaml")
		if !ok || service == "identity" || service == "bus" {
			continue // the embedded mode's
		}
		text, err := contracts.Files.ReadFile(path.Join("api", file.Name()))
		if err != nil {
			panic(err)
		}
		var document struct{ Paths map[string]map[string]any }
		if err := yaml.Unmarshal(text, &document); err != nil {
			panic(err)
		}
		for full, operations := range document.Paths {
			for method := range operations {
				if method = strings.ToUpper(method); strings.Contains(" GET PUT POST PATCH DELETE ", " "+method+" ") {
					found = append(found, visit(service, method, full))
				}
			}
			found = append(found, preflight(service, full))
		}
		if service != "notifications" {
			found = append(found, scenario{"GET /" + service + "/ping", func(a *attempt) { a.call(http.StatusOK, "GET", "/"+service+"/ping", nobody, nil, nil) }})
		}
	}
	return found
}

var variable = regexp.MustCompile(`\{(\w+)\}`)

// at is a path with something for each variable.
func at(full string) string {
	return variable.ReplaceAllStringFunc(full, func(name string) string {
		switch name {
		case "{slug}", "{token}", "{job}":
			return "about"
		case "{provider}":
			return "test"
		case "{key}":
			return id.New().String() + ".png"
		case "{version}":
			return "1"
		}
		return id.New().String()
	})
}

// visit asks for a route as somebody who may do everything.
func visit(service, method, full string) scenario {
	return scenario{method + " " + full, func(a *attempt) {
		var body any
		if strings.HasPrefix(method, "P") {
			body = object{}
		}
		got := a.send(method, a.URL+at(full), a.signIn("organizer", "gate", "admin"), body)
		if got.status >= 500 {
			a.fail("it answers %v (%w)", got, a.Problems())
		}
		a.took(service + " " + method + " " + below(service, full))
	}}
}

// preflight asks as a browser does before it calls from another origin. No route is for
// that, nor for what there is not.
func preflight(service, full string) scenario {
	return scenario{"OPTIONS " + full, func(a *attempt) {
		got := a.send("OPTIONS", a.URL+at(full), nobody, nil, "Origin", origin, "Access-Control-Request-Method", "GET")
		if got.status >= 300 || got.header.Get("Access-Control-Allow-Origin") != origin {
			a.fail("it answers %v with %v", got, got.header)
		}
		if service == "notifications" {
			a.took("notifications $default")
			return
		}
		a.took(service + " ANY " + below(service, full))
	}}
}

func below(service, full string) string {
	if rest := strings.TrimPrefix(full, "/"+service); rest != "" {
		return rest
	}
	return "/"
}

// took wants the last request to have taken a route.
func (a *attempt) took(route string) {
	if got := a.Route(); got != route {
		a.fail("the request took %q, want %q", got, route)
	}
}
