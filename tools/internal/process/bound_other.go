//go:build !linux

package process

import "syscall"

// Bound can bind the process to the one that started it on Linux only.
func Bound() *syscall.SysProcAttr { return nil }
