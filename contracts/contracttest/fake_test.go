package contracttest_test

import (
	"fmt"
	"sync"
)

// fake is a test that may fail.
type fake struct {
	mu     sync.Mutex
	errors []string
}

func (f *fake) Helper() {}

func (f *fake) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *fake) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
