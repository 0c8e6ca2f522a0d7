package process

import "syscall"

// bound ends the process when the one that started it ends, however it ends.
func bound() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
