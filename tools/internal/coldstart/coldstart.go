// Package coldstart measures how long functions take from the start of their process to
// the first question for an invocation, as Lambda's initialisation does, next to a
// function that does nothing. It plays Lambda's Runtime API, and no service of AWS:
// functions must open nothing before they are asked.
package coldstart

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ticketmesh.dev/tools/internal/runtimeapi"
)

// Config says what is measured.
type Config struct {
	Root   string // of the workspace
	Starts int    // of each function at each share
}

// Report is what was measured.
type Report struct {
	Starts    int        `json:"starts"`
	Bare      Function   `json:"bare"` // aws-lambda-go and nothing else
	Functions []Function `json:"functions"`
}

// Function is one binary.
type Function struct {
	Name        string `json:"name"` // <service>/<function>
	BinaryBytes int64  `json:"binaryBytes"`
	ZipBytes    int64  `json:"zipBytes"`
	XRaySDK     bool   `json:"xraySdk"` // whether AWS's X-Ray SDK is linked
	Shares      []Time `json:"shares"`
}

// Time is how long a function's starts took at a share of a CPU.
type Time struct {
	Share      float64 `json:"share"`
	MemoryMB   int     `json:"memoryMb,omitempty"` // whose share it is; 0 for a whole CPU
	MeanMillis float64 `json:"meanMillis"`
	P50Millis  float64 `json:"p50Millis"`
	MaxMillis  float64 `json:"maxMillis"`
	// AboveBareMillis is by how much the mean is above the bare function's. It is not the
	// median, because a quota comes in pieces: a start needs one more or one less of
	// them, and a median jumps between the two.
	AboveBareMillis float64 `json:"aboveBareMillis"`
}

// shares are measured; a MB of memory brings 1/1769 of a CPU.
var shares = []Time{{Share: 1}, {Share: 0.58, MemoryMB: 1024}, {Share: 0.29, MemoryMB: 512}, {Share: 0.145, MemoryMB: 256}}

const bare = "bare"

// Run builds every services/<service>/cmd/<function> as it is deployed, but for this
// machine's processor, and measures them in turns, so that what else the machine does
// falls on all of them. Its error is ErrNoQuota where shares cannot be had, or names a
// function that does not build or start.
func Run(ctx context.Context, c Config) (report Report, err error) {
	folder, err := os.MkdirTemp("", "mesh-coldstart")
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	packages, err := filepath.Glob(filepath.Join(c.Root, "services", "*", "cmd", "*", "main.go"))
	if err != nil {
		return report, err
	}
	functions := []Function{{Name: bare}}
	from := []string{"./tools/internal/coldstart/bare"}
	for _, p := range packages {
		path, err := filepath.Rel(c.Root, filepath.Dir(p))
		if err != nil {
			return report, err
		}
		parts := strings.Split(filepath.ToSlash(path), "/")
		functions = append(functions, Function{Name: parts[1] + "/" + parts[3]})
		from = append(from, "./"+filepath.ToSlash(path))
	}
	binaries := make([]string, len(functions))
	for i := range functions {
		binaries[i] = filepath.Join(folder, strings.ReplaceAll(functions[i].Name, "/", "-"))
		if err := runtimeapi.Build(ctx, c.Root, from[i], binaries[i]); err != nil {
			return report, err
		}
		if err := functions[i].weigh(binaries[i]); err != nil {
			return report, err
		}
	}
	if err := measure(ctx, c.Starts, functions, binaries); err != nil {
		return report, err
	}
	return Report{Starts: c.Starts, Bare: functions[0], Functions: functions[1:]}, nil
}

// measure sets the functions' Shares.
func measure(ctx context.Context, starts int, functions []Function, binaries []string) (err error) {
	api, err := runtimeapi.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.Close()) }()
	for _, share := range shares {
		times := make([][]float64, len(functions))
		for round := range starts {
			for turn := range binaries {
				i := (turn + round) % len(binaries) // nobody always comes after the same
				took, err := start(ctx, api, binaries[i], share.Share, quotaPeriod(round))
				if err != nil {
					return fmt.Errorf("%s: %w", functions[i].Name, err)
				}
				times[i] = append(times[i], took.Seconds()*1000)
			}
		}
		for i := range functions {
			at := share
			slices.Sort(times[i])
			at.MeanMillis, at.P50Millis, at.MaxMillis = mean(times[i]), median(times[i]), times[i][starts-1]
			at.AboveBareMillis = at.MeanMillis - mean(times[0])
			functions[i].Shares = append(functions[i].Shares, at)
		}
	}
	return nil
}

func mean(times []float64) (m float64) {
	for _, t := range times {
		m += t / float64(len(times))
	}
	return m
}

func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

const xraySDK = "github.com/aws/aws-xray-sdk-go"

// weigh looks at the binary.
func (f *Function) weigh(binary string) error {
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	f.BinaryBytes = info.Size()
	if f.ZipBytes, err = runtimeapi.Zipped(binary); err != nil {
		return err
	}
	linked, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	for _, module := range linked.Deps {
		f.XRaySDK = f.XRaySDK || module.Path == xraySDK
	}
	return nil
}

// Text is the report for people.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s %8s %8s %5s", "mean of starts, ms", "MB", "zip MB", "SDK")
	for _, s := range shares {
		fmt.Fprintf(&b, " %8s", cmp.Or(map[int]string{0: "full CPU"}[s.MemoryMB], fmt.Sprint(s.MemoryMB, " MB")))
	}
	for _, f := range append([]Function{r.Bare}, r.Functions...) {
		fmt.Fprintf(&b, "\n%-24s %8.1f %8.1f %5v", f.Name, float64(f.BinaryBytes)/1e6, float64(f.ZipBytes)/1e6, f.XRaySDK)
		for _, s := range f.Shares {
			fmt.Fprintf(&b, " %8.1f", s.MeanMillis)
		}
	}
	return b.String()
}
