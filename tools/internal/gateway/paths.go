package gateway

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// path is a resource of the API, below the service's prefix: that is the name of the
// API's stage and the base path of its domain, both of which are no part of it.
type path struct {
	Path       string
	Operations []operation
}

type operation struct {
	Method     string // lower case, as in OpenAPI
	ID         string
	Caller     bool // no answer without a token
	Parameters []parameter
}

// Public says whether what is read is the same for everybody, or for everybody
// without a token.
func (o operation) Public() bool { return o.Method == "get" && !o.Caller }

type parameter struct {
	Ref  string `yaml:"$ref"`
	Name string `yaml:"name"`
	In   string `yaml:"in"`
}

// Place is the parameter as the gateway calls it.
func (p parameter) Place() string {
	in := p.In
	if in == "query" {
		in = "querystring"
	}
	return "method.request." + in + "." + p.Name
}

type document struct {
	Security   security                        `yaml:"security"`
	Paths      map[string]map[string]yaml.Node `yaml:"paths"`
	Components struct {
		Parameters map[string]parameter `yaml:"parameters"`
	} `yaml:"components"`
}

type security []map[string][]string

// caller says whether one of the ways to be let in is to say nothing.
func (s security) caller() bool {
	return len(s) > 0 && !slices.ContainsFunc(s, func(way map[string][]string) bool { return len(way) == 0 })
}

// readPaths returns the paths of an OpenAPI document, sorted, without the prefix.
func readPaths(file, prefix string) ([]path, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var d document
	if err := yaml.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var paths []path
	for _, full := range slices.Sorted(maps.Keys(d.Paths)) {
		below, ok := strings.CutPrefix(full, prefix)
		if !ok || below != "" && below[0] != '/' {
			return nil, fmt.Errorf("%s: %s is not below %s", file, full, prefix)
		}
		if below == "" {
			below = "/"
		}
		p := path{Path: below}
		shared, err := d.parameters(d.Paths[full]["parameters"])
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, full, err)
		}
		for _, method := range []string{"get", "put", "post", "delete", "patch"} {
			node, ok := d.Paths[full][method]
			if !ok {
				continue
			}
			o, err := d.operation(method, node)
			if err != nil {
				return nil, fmt.Errorf("%s: %s %s: %w", file, method, full, err)
			}
			o.Parameters = append(slices.Clone(shared), o.Parameters...)
			p.Operations = append(p.Operations, o)
		}
		paths = append(paths, p)
	}
	return paths, nil
}

func (d document) operation(method string, node yaml.Node) (operation, error) {
	var read struct {
		ID         string    `yaml:"operationId"`
		Security   *security `yaml:"security"`
		Parameters yaml.Node `yaml:"parameters"`
	}
	if err := node.Decode(&read); err != nil {
		return operation{}, err
	}
	o := operation{Method: method, ID: read.ID, Caller: d.Security.caller()}
	if read.Security != nil {
		o.Caller = read.Security.caller()
	}
	var err error
	o.Parameters, err = d.parameters(read.Parameters)
	return o, err
}

func (d document) parameters(node yaml.Node) ([]parameter, error) {
	if node.IsZero() {
		return nil, nil
	}
	var all []parameter
	if err := node.Decode(&all); err != nil {
		return nil, err
	}
	for i, p := range all {
		if p.Ref == "" {
			continue
		}
		found, ok := d.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
		if !ok {
			return nil, fmt.Errorf("%s is not there", p.Ref)
		}
		all[i] = found
	}
	return all, nil
}
