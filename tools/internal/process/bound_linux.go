package process

import "syscall"

// Bound ends the process when the one that started it ends, however it ends.
func Bound() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
