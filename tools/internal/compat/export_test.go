package compat

// CompareSchemas compares a file between two states, given as their files.
func CompareSchemas(file string, before, after map[string]any) ([]Finding, error) {
	state := func(files map[string]any) schemas {
		return func(file string) (any, error) { return files[file], nil }
	}
	return compareSchemas(file, state(before), state(after))
}
