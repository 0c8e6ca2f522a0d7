package stacks

import (
	"encoding/json"

	"gopkg.in/yaml.v3"
)

// New returns templates of a stage that are translated already; texts and parameters
// are by the stack's folder. Functions are written long.
func New(stage string, texts map[string]string, parameters map[string]map[string]string) (*Templates, error) {
	t := &Templates{stages: map[string][]*stack{}}
	for _, folder := range sortedKeys(texts) {
		var said any
		if err := yaml.Unmarshal([]byte(texts[folder]), &said); err != nil {
			return nil, err
		}
		plain, err := json.Marshal(said)
		if err != nil {
			return nil, err
		}
		s := &stack{folder: folder, name: "ticketmesh-" + stage + "-" + folder, region: Region, parameters: parameters[folder]}
		if err := json.Unmarshal(plain, &s.template); err != nil {
			return nil, err
		}
		t.stages[stage] = append(t.stages[stage], s)
	}
	return t, nil
}

// LoadFrom translates templates below root, which is not the workspace.
var LoadFrom = load
