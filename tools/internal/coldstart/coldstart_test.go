package coldstart_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ticketmesh.dev/tools/internal/coldstart"
)

// workspace returns one with a module whose service has the functions, by name and
// source.
func workspace(t *testing.T, functions map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/mesh\n\ngo 1.26.0\n")
	const asks = `package main
import ("net/http"; "os")
func main() { http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next") }`
	write("tools/internal/coldstart/bare/main.go", asks)
	for name, source := range functions {
		if source == "" {
			source = asks
		}
		write("services/things/cmd/"+name+"/main.go", source)
	}
	return root
}

func TestEachFunctionIsMeasuredBesideABareOne(t *testing.T) {
	t.Setenv("GOWORK", "off")
	report, err := coldstart.Run(t.Context(), coldstart.Config{Root: workspace(t, map[string]string{"api": "", "slow": `package main
import ("net/http"; "os"; "time")
func main() {
	if os.Getenv("TICKETMESH_TABLE") == "" { os.Exit(1) }
	time.Sleep(300 * time.Millisecond)
	http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next")
}`}), Starts: 2})
	if _, statErr := os.Stat("/sys/fs/cgroup/cpu/cgroup.procs"); errors.Is(err, coldstart.ErrNoQuota) && statErr != nil {
		return // this machine gives no shares, and Run says so
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Functions) != 2 || report.Functions[0].Name != "things/api" || report.Functions[1].Name != "things/slow" {
		t.Fatalf("measured %+v", report.Functions)
	}
	for i, at := range report.Functions[1].Shares {
		if at.MeanMillis < 300 || at.P50Millis < 300 || at.MaxMillis < at.P50Millis || at.AboveBareMillis <= 0 || at.AboveBareMillis >= at.MeanMillis {
			t.Errorf("share %v: %+v", at.Share, at)
		}
		if bare := report.Bare.Shares[i]; bare.MeanMillis <= 0 || bare.AboveBareMillis != 0 || bare.Share != at.Share {
			t.Errorf("bare: %+v", bare)
		}
	}
	if f := report.Functions[0]; f.XRaySDK || f.ZipBytes <= 0 || f.ZipBytes >= f.BinaryBytes {
		t.Errorf("weighed %+v", f)
	}
	if text := report.Text(); strings.Count(text, "\n") != 3 || !strings.Contains(text, "256 MB") {
		t.Errorf("said\n%s", text)
	}
}

func TestAFunctionThatDoesNotStartIsNamed(t *testing.T) {
	t.Setenv("GOWORK", "off")
	for name, tt := range map[string]struct{ source, want string }{
		"ends":   {`package main; import "os"; func main() { os.Stdout.WriteString("TABLE is not set"); os.Exit(1) }`, "things/api: ended before it asked for an invocation (exit status 1): TABLE is not set"},
		"broken": {`package main; func main() { x }`, "build ./services/things/cmd/api: exit status 1"},
	} {
		_, err := coldstart.Run(t.Context(), coldstart.Config{Root: workspace(t, map[string]string{"api": tt.source}), Starts: 1})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASharesLimitsAreWrittenAsTheKernelReadsThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, parent string
		files        map[string]string
	}{
		{"version 1", "cpu", map[string]string{"cpu.cfs_period_us": "10000", "cpu.cfs_quota_us": "1450"}},
		{"version 2", ".", map[string]string{"cpu.max": "1450 10000"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			parent := filepath.Join(root, tt.parent)
			if err := os.MkdirAll(parent, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(parent, "cgroup.procs"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			// The kernel fills a new group's folder, which a folder does not.
			if _, err := coldstart.Limits(root, 0.145, nil); !errors.Is(err, coldstart.ErrNoQuota) {
				t.Errorf("without the controller: %v", err)
			}
			if left, _ := filepath.Glob(filepath.Join(parent, "mesh-*")); len(left) != 0 {
				t.Errorf("left behind %v", left)
			}
			got, err := coldstart.Limits(root, 0.145, tt.files)
			if err != nil {
				t.Fatal(err)
			}
			for file, want := range tt.files {
				if got[file] != want {
					t.Errorf("%s is %q, want %q", file, got[file], want)
				}
			}
		})
	}
	if _, err := coldstart.Limits(t.TempDir(), 0.145, nil); !errors.Is(err, coldstart.ErrNoQuota) {
		t.Errorf("without any: %v", err)
	}
}
