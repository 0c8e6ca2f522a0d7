package catalogue

import "io/fs"

// Render renders the catalogue of the contracts in files anew, by name.
func Render(files fs.FS, mask func([]byte) ([]byte, error)) (map[string][]byte, error) {
	m, err := read(files, mask)
	if err != nil {
		return nil, err
	}
	rendered, err := render(m)
	if err != nil {
		return nil, err
	}
	byName := map[string][]byte{}
	for _, f := range rendered {
		byName[f.name] = f.text
	}
	return byName, nil
}
