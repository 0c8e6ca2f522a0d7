package cost

import (
	"fmt"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// deployed is what of a service's template decides what its functions cost.
type deployed struct {
	api        string // the price of a request to its API
	compresses bool   // whether its API compresses answers, for clients that take it
	functions  map[string]function
}

type function struct {
	memoryMB float64
	queues   bool // whether it is a queue's messages that it is invoked for
}

// readTemplate reads a service's template. Functions are called as their folders are.
func readTemplate(path string) (deployed, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return deployed{}, err
	}
	var t struct {
		Globals struct {
			Function struct {
				MemorySize float64 `yaml:"MemorySize"`
			} `yaml:"Function"`
		} `yaml:"Globals"`
		Resources map[string]struct {
			Type       string `yaml:"Type"`
			Properties struct {
				CodeURI    string  `yaml:"CodeUri"`
				Compressed int     `yaml:"MinimumCompressionSize"`
				MemorySize float64 `yaml:"MemorySize"`
				Events     map[string]struct {
					Type string `yaml:"Type"`
				} `yaml:"Events"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(source, &t); err != nil {
		return deployed{}, fmt.Errorf("%s: %w", path, err)
	}
	d := deployed{functions: map[string]function{}}
	for _, r := range t.Resources {
		switch r.Type {
		case "AWS::Serverless::HttpApi":
			d.api = "apigateway.http"
		case "AWS::Serverless::Api":
			d.api, d.compresses = "apigateway.rest", d.compresses || r.Properties.Compressed > 0
		case "AWS::Serverless::Function":
			f := function{memoryMB: t.Globals.Function.MemorySize}
			if r.Properties.MemorySize != 0 {
				f.memoryMB = r.Properties.MemorySize
			}
			for _, e := range r.Properties.Events {
				f.queues = f.queues || e.Type == "SQS"
			}
			name := strings.TrimPrefix(strings.TrimSuffix(r.Properties.CodeURI, "/"), "cmd/")
			d.functions[name] = f
		}
	}
	return d, nil
}
