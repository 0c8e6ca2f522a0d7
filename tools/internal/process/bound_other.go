//go:build !linux

package process

import "syscall"

// bound can bind the process to the one that started it on Linux only.
func bound() *syscall.SysProcAttr { return nil }
