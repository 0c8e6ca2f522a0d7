package coldstart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// quotaPeriod is how often a quota of CPU is given out in a round of starts. A quota comes
// whole, so a start of a few milliseconds that just fits looks far better than one that
// just does not, and with the usual 100 ms every start fits. Over the rounds the period goes
// through seven lengths, by which means become comparable. The kernel takes no quota
// below 1 ms, which is what the smallest share has of the shortest.
func quotaPeriod(round int) time.Duration { return time.Duration(7+round%7) * time.Millisecond }

// ErrNoQuota means that this machine lets nobody limit a process's CPU.
var ErrNoQuota = errors.New("a share of a CPU needs a cgroup to write to: version 1 with the cpu controller, or version 2 with cpu in cgroup.subtree_control")

// group is a cgroup with a share of a CPU. Its members file takes a process's id.
type group struct{ folder string }

// newGroup makes a group below root, which is /sys/fs/cgroup but in tests; there made does
// what the kernel does with a new group.
func newGroup(root string, share float64, period time.Duration, made func(folder string) error) (group, error) {
	quota := strconv.FormatInt(int64(share*float64(period.Microseconds())), 10)
	every := strconv.FormatInt(period.Microseconds(), 10)
	for _, v := range []struct {
		parent string
		limits [][2]string // files and what to write to them
	}{
		{filepath.Join(root, "cpu"), [][2]string{{"cpu.cfs_period_us", every}, {"cpu.cfs_quota_us", quota}}},
		{root, [][2]string{{"cpu.max", quota + " " + every}}},
	} {
		if _, err := os.Stat(filepath.Join(v.parent, "cgroup.procs")); err != nil {
			continue
		}
		folder, err := os.MkdirTemp(v.parent, "mesh-coldstart-")
		if err != nil {
			return group{}, fmt.Errorf("%w (%w)", ErrNoQuota, err)
		}
		g := group{folder}
		if err := made(folder); err != nil {
			return group{}, err
		}
		for _, limit := range v.limits {
			if err := g.write(limit[0], limit[1]); err != nil {
				return group{}, fmt.Errorf("%w (%w)", ErrNoQuota, errors.Join(err, g.remove()))
			}
		}
		return g, nil
	}
	return group{}, ErrNoQuota
}

// write does not create: what is not there the kernel does not have.
func (g group) write(file, text string) error {
	f, err := os.OpenFile(filepath.Join(g.folder, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// members is the file that moves a process into the group.
func (g group) members() string { return filepath.Join(g.folder, "cgroup.procs") }

// remove removes the group, whose processes have ended. The kernel notices that a little
// later.
func (g group) remove() error {
	var err error
	for range 100 {
		if err = os.Remove(g.folder); err == nil || !strings.Contains(err.Error(), "busy") {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}
